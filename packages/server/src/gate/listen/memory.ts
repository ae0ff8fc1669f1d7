/**
 * A byte stream within the process: for tests, and for whoever runs a client beside its server.
 */
import type { Transport, TransportEvents } from "./transport.ts";

/** The client's end of a stream within the process. */
export interface MemoryClient {
  /** Sends bytes to the server; they arrive before this returns, unless the server has stopped reading. */
  send(bytes: Uint8Array): void;
  /** Everything that has arrived from the server since the last call. */
  take(): Buffer;
  /** Calls back whenever bytes arrive. */
  onData(listener: () => void): void;
  /** Ends the stream, as a lost connection does. */
  close(): void;
  /** Whether the server has ended the stream, or the client. */
  readonly closed: boolean;
  /** Whether the server reads. */
  readonly paused: boolean;
  /** While true, nothing that the server writes counts as sent. */
  stalled: boolean;
}

/** Makes a stream: its server's end and its client's. */
export function memoryStream(remoteAddress = "127.0.0.1"): { transport: Transport; client: MemoryClient } {
  let events: TransportEvents | undefined;
  let arrived: Buffer[] = [];
  const waiting: Buffer[] = [];
  let unsent = 0;
  let closed = false;
  let paused = false;
  let stalled = false;
  let listener: () => void = () => {};

  function deliver(): void {
    const chunk = paused || closed ? undefined : waiting.shift();
    if (chunk === undefined) return;
    events?.data(chunk);
    deliver();
  }

  function close(): void {
    if (closed) return;
    closed = true;
    // As a socket does: never within the call that ends it.
    queueMicrotask(() => events?.transportClosed());
    listener();
  }

  const transport: Transport = {
    kind: "memory",
    remoteAddress,
    get unsentBytes() {
      return unsent;
    },
    start(receiver) {
      events = receiver;
    },
    write(bytes) {
      if (closed) return;
      if (stalled) unsent += bytes.length;
      arrived.push(bytes);
      listener();
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      deliver();
    },
    end: close,
    destroy: close,
  };

  const client: MemoryClient = {
    send(bytes) {
      waiting.push(Buffer.from(bytes));
      deliver();
    },
    take() {
      const bytes = Buffer.concat(arrived);
      arrived = [];
      return bytes;
    },
    onData(callback) {
      listener = callback;
    },
    close,
    get closed() {
      return closed;
    },
    get paused() {
      return paused;
    },
    get stalled() {
      return stalled;
    },
    set stalled(value) {
      stalled = value;
      if (!value && unsent > 0) {
        unsent = 0;
        events?.drain();
      }
    },
  };
  return { transport, client };
}
