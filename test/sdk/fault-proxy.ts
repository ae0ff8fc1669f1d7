/**
 * A TCP proxy that does to connections what networks do: cut them, freeze them, refuse them, hold them up, let them
 * through in another order. And TLS in front of it.
 */
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

/** The proxy. Disposing it ends it and every connection through it. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections that were accepted so far. */
  readonly accepted: number;
  /** Resets connections, as when a server is killed. @param share the part of them, from 0 to 1; all by default */
  cut(share?: number): void;
  /** Carries nothing any more and closes nothing, as when a cable is pulled. New connections work. @param share as for cut */
  freeze(share?: number): void;
  /** Whether new connections are reset at once. */
  refuse(refuses: boolean): void;
  /** Holds what comes from either side back for so long, in ms, in order. */
  delay(delayMs: () => number): void;
  /** True holds new connections up; false lets them through, the last one first. */
  hold(holds: boolean): void;
}

/** Starts a proxy in front of a port of this machine. @param tls key and certificate, to speak TLS to the client */
export async function startFaultProxy(
  targetPort: number,
  tls?: { key: string; cert: string },
): Promise<FaultProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const frozen = new Set<Socket>();
  const held: (() => void)[] = [];
  let accepted = 0;
  let refuses = false;
  let holds = false;
  let delayMs = (): number => 0;

  /** Carries one direction. What was held back longer is not overtaken by what comes after it. */
  const carry = (from: Socket, to: Socket): void => {
    const late: { readonly bytes: Buffer; readonly dueMs: number }[] = [];
    const release = (): void => {
      const now = performance.now();
      for (let first = late[0]; first !== undefined && first.dueMs <= now; first = late[0]) {
        late.shift();
        if (!to.destroyed) to.write(first.bytes);
      }
      if (late[0] !== undefined) setTimeout(release, late[0].dueMs - now);
    };
    from.on("data", (bytes: Buffer) => {
      const dueMs = performance.now() + delayMs();
      const last = late.at(-1);
      late.push({ bytes, dueMs: Math.max(dueMs, last?.dueMs ?? 0) });
      if (last === undefined) release();
    });
    from.on("close", () => to.destroy());
    from.on("error", () => from.destroy());
  };

  const connect = (client: Socket): void => {
    if (client.destroyed) return;
    const upstream = createConnection({ port: targetPort, host: "127.0.0.1", noDelay: true });
    const pair = [client, upstream] as const;
    pairs.add(pair);
    client.on("close", () => pairs.delete(pair));
    carry(client, upstream);
    carry(upstream, client);
    client.resume();
  };

  const accept = (client: Socket): void => {
    accepted++;
    client.on("error", () => client.destroy());
    if (refuses) client.destroy();
    else if (holds) {
      client.pause();
      held.push(() => connect(client));
    } else connect(client);
  };

  const server: Server =
    tls === undefined ? createServer({ noDelay: true }, accept) : createTlsServer(tls, accept);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  const some = (share: number) =>
    [...pairs].filter((_, at) => Math.floor(at * share) < Math.floor((at + 1) * share));
  return {
    port: address.port,
    get accepted() {
      return accepted;
    },
    cut: (share = 1) => {
      for (const [client] of some(share)) client.destroy();
    },
    freeze: (share = 1) => {
      for (const pair of some(share)) {
        pairs.delete(pair);
        for (const socket of pair) {
          frozen.add(socket);
          socket.removeAllListeners("data");
          socket.removeAllListeners("close");
          socket.on("data", () => {});
          socket.on("close", () => frozen.delete(socket));
        }
      }
    },
    refuse: (value) => (refuses = value),
    delay: (value) => (delayMs = value),
    hold: (value) => {
      holds = value;
      if (!holds) for (const release of held.splice(0).toReversed()) release();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of [...frozen, ...[...pairs].flat()]) socket.destroy();
      holds = false;
      refuses = true;
      for (const release of held.splice(0)) release();
      for (const socket of [...pairs].flat()) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
