/**
 * A way to a server that a test can cut: bytes pass unchanged until it does, and pass again for who connects anew.
 */
import { connect, createServer, type Socket } from "node:net";

/** A port of 127.0.0.1 that leads to the server. */
export interface CuttableLink extends AsyncDisposable {
  readonly port: number;
  /** Ends every connection that goes through, at once and without a word, as a dead network does. */
  cut(): void;
}

/** Opens a way to a port of 127.0.0.1. */
export async function openCuttableLink(serverPort: number): Promise<CuttableLink> {
  const sockets = new Set<Socket>();
  const hold = (socket: Socket, other: Socket): void => {
    sockets.add(socket);
    socket.pipe(other);
    socket.on("error", () => other.destroy());
    socket.on("close", () => {
      sockets.delete(socket);
      other.destroy();
    });
  };
  const server = createServer((near) => {
    const far = connect(serverPort, "127.0.0.1");
    hold(near, far);
    hold(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the system gave no port");
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    cut,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
