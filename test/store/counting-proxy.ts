/**
 * A TCP proxy that counts round trips: how often its client has sent something and waited for the answer. What is sent
 * together, before the first answer, is one.
 */
import { connect, createServer, type Socket } from "node:net";

/** A running proxy; disposing it ends it and its connections. */
export interface CountingProxy extends AsyncDisposable {
  readonly port: number;
  /** Round trips so far, of all connections. */
  readonly roundTrips: number;
}

/** Starts a proxy to a port of 127.0.0.1. */
export async function startCountingProxy(targetPort: number): Promise<CountingProxy> {
  let roundTrips = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect(targetPort, "127.0.0.1");
    let waiting = false;
    client.on("data", (bytes) => {
      if (!waiting) roundTrips += 1;
      waiting = true;
      target.write(bytes);
    });
    target.on("data", (bytes) => {
      waiting = false;
      client.write(bytes);
    });
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(one);
      // `close` follows, and is what counts.
      one.on("error", () => undefined);
      one.once("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    port: address.port,
    get roundTrips() {
      return roundTrips;
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
