/**
 * A WebSocket as a Node stream, for mqtt.js. One message for each batch of writes: ws' own stream sends six for one
 * PUBLISH, which costs two thirds of the speed.
 */
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import type { HostSocket, SocketListener } from "./platform.ts";

type Done = (error?: Error | null) => void;

/** The stream. */
export class SocketStream extends Duplex {
  readonly #socket: HostSocket;
  #isOpen = false;
  #waiting: (() => void) | undefined;

  /** @param open opens the socket with the stream's listener */
  constructor(open: (listener: SocketListener) => HostSocket) {
    super();
    // CONNECT is written before the socket is open: everything until then leaves as one message.
    this.cork();
    this.#socket = open({
      onOpen: () => {
        this.#isOpen = true;
        this.uncork();
        this.#waiting?.();
        this.emit("connect");
      },
      onMessage: (bytes) => this.push(bytes),
      onClose: (_reason, cause) => {
        this.#isOpen = false;
        if (cause instanceof Error) this.destroy(withCode(cause));
        else {
          this.push(null);
          this.destroy();
        }
      },
    });
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    this.#whenOpen(() => {
      this.#socket.send(chunk);
      done();
    });
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this.#whenOpen(() => {
      this.#socket.send(Buffer.concat(chunks.map(({ chunk }) => chunk)));
      done();
    });
  }

  override _final(done: Done): void {
    this.#socket.close();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#socket.close();
    done(error);
  }

  #whenOpen(task: () => void): void {
    if (this.#isOpen) task();
    else this.#waiting = task;
  }
}

/** mqtt.js and the link tell a socket's errors by their code; those of the ws package have none. */
function withCode(error: Error): Error {
  return "code" in error ? error : Object.assign(error, { code: "WS_ERROR" });
}
