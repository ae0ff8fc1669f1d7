/**
 * What differs between hosts, as an interface: time, random, sockets. The files of this folder are the only ones
 * that touch a host's globals.
 */
import type { Clock } from "../clock.ts";
import type { OpenLink, TlsOptions } from "../link/link.ts";
import type { LinkScheme } from "../link/target.ts";

/** Who hears of a WebSocket's life. */
export interface SocketListener {
  onOpen(): void;
  /** A binary message; anything else ends the socket. */
  onMessage(bytes: Uint8Array): void;
  /**
   * The socket has ended or could not be opened; called once, and last.
   * @param cause what the host says of it, as far as it does
   */
  onClose(reason: string, cause?: unknown): void;
}

/** A WebSocket, reduced to what every host has. */
export interface HostSocket {
  /** Sends one binary message. Does nothing when the socket is not open. */
  send(bytes: Uint8Array): void;
  /** Ends the socket; what was sent before still leaves. */
  close(): void;
}

/** Opens a WebSocket with the subprotocol `mqtt`. [connect-1] */
export type OpenSocket = (url: string, tls: TlsOptions | undefined, listener: SocketListener) => HostSocket;

/** A host. */
export interface Platform {
  /** Its name, for messages. */
  readonly name: string;
  /** The schemes that its default link can reach. */
  readonly schemes: readonly LinkScheme[];
  readonly clock: Clock;
  /** Bytes of a cryptographic source; mini-game hosts answer later. */
  randomBytes(length: number): Uint8Array | Promise<Uint8Array>;
  /** A number from 0 to below 1, for delays; not for secrets. */
  random(): number;
  /** The link that is used when the options name none. */
  readonly openLink: OpenLink;
  /** Makes an error of a listener surface as an uncaught one, in a task of its own. */
  readonly rethrow: (error: unknown) => void;
  /**
   * Calls `onWake` when connecting has become likelier to work: the network came back, the page is looked at again.
   * Undefined where the host never says so.
   * @returns a function that stops it
   */
  readonly watchWake?: (onWake: () => void) => () => void;
  /** Tells whether nobody looks at the game, so that the host holds its timers back. Undefined where it never does. */
  readonly isHidden?: () => boolean;
}
