/**
 * A TCP proxy that does to a connection what networks do: cut it, freeze it, refuse it. And TLS in front of it.
 */
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

/** The proxy. Disposing it ends it and every connection through it. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections that were accepted so far. */
  readonly accepted: number;
  /** Resets every connection, as when a server is killed. */
  cut(): void;
  /** Carries nothing any more and closes nothing, as when a cable is pulled. New connections work. */
  freeze(): void;
  /** Whether new connections are reset at once. */
  refuse(refuses: boolean): void;
  /** Holds what comes from either side back for so long, in order. */
  delay(delayMs: number): void;
}

/** Starts a proxy in front of a port of this machine. @param tls key and certificate, to speak TLS to the client */
export async function startFaultProxy(
  targetPort: number,
  tls?: { key: string; cert: string },
): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  let refuses = false;
  let delayMs = 0;
  const later = (task: () => void): void => {
    if (delayMs === 0) task();
    else setTimeout(task, delayMs);
  };

  const accept = (client: Socket): void => {
    accepted++;
    client.on("error", () => client.destroy());
    if (refuses) {
      client.destroy();
      return;
    }
    const upstream = createConnection({ port: targetPort, host: "127.0.0.1", noDelay: true });
    upstream.on("error", () => upstream.destroy());
    client.on("data", (bytes) => later(() => upstream.write(bytes)));
    upstream.on("data", (bytes) => later(() => client.write(bytes)));
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    }
  };

  const server: Server =
    tls === undefined ? createServer({ noDelay: true }, accept) : createTlsServer(tls, accept);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    port: address.port,
    get accepted() {
      return accepted;
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    freeze: () => {
      for (const socket of sockets) {
        socket.removeAllListeners("data");
        socket.removeAllListeners("close");
        socket.on("data", () => {});
      }
    },
    refuse: (value) => (refuses = value),
    delay: (value) => (delayMs = value),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
