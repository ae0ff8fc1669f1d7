/**
 * Opens ports: what every kind of listener has in common.
 */
import type { Server } from "node:net";

/** Where to listen. */
export interface ListenAddress {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** A listener that is open. */
export interface OpenListener {
  /** The port it listens on: the one asked for, or the free one that 0 took. */
  readonly port: number;
  /** Whether it takes connections: false from `close()` on. */
  readonly listening: boolean;
  /** Takes no more connections. Those that are open live on; resolves when the last has gone. */
  close(): Promise<void>;
}

/** Connections that the system keeps until they are accepted: room for all of a game's players coming back at once. */
const BACKLOG = 1_024;

/**
 * Opens a server's port. Rejects with the system's error when it cannot be had.
 * @param onError hears what goes wrong while the port is open, such as no file descriptor left for one more connection
 */
export function open(
  server: Server,
  { host, port }: ListenAddress,
  onError: (error: Error) => void,
): Promise<OpenListener> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off("error", reject);
      server.on("error", onError);
      const at = server.address();
      if (at === null || typeof at === "string") {
        reject(new Error("the listener has no port"));
        return;
      }
      resolve({
        port: at.port,
        get listening() {
          return server.listening;
        },
        close: () => new Promise((closed) => server.close(() => closed())),
      });
    });
  });
}
