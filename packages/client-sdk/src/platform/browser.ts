/**
 * Browsers, and whatever has their globals: WebSocket, crypto.getRandomValues, timers. The light link.
 * Nothing is touched on import: a host that lacks one of them says so when it is needed.
 */
import { MqplayError } from "../errors.ts";
import { createLightLink } from "../link/light/light.ts";
import type { OpenSocket, Platform } from "./platform.ts";

/** The browser's WebSocket, as much as is used of it. */
interface BrowserSocket {
  binaryType: string;
  readonly readyState: number;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  send(data: Uint8Array): void;
  close(code?: number): void;
}

/** The globals of a browser. Declared here, for the DOM's types would let any file use them. */
declare const globalThis: {
  readonly WebSocket?: new (url: string, protocols: readonly string[]) => BrowserSocket;
  readonly crypto?: { getRandomValues(bytes: Uint8Array): Uint8Array };
  readonly Date: { now(): number };
  setTimeout(task: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  addEventListener?(type: "online" | "offline", listener: () => void): void;
  removeEventListener?(type: "online" | "offline", listener: () => void): void;
};

const OPEN = 1;
const NORMAL_CLOSURE = 1000;

/** Opens the browser's WebSocket. */
export const openSocket: OpenSocket = (url, _tls, listener) => {
  if (globalThis.WebSocket === undefined) {
    throw new MqplayError(
      "connectFailed",
      "this host has no WebSocket: give connect() a platform that brings one",
    );
  }
  const socket = new globalThis.WebSocket(url, ["mqtt"]);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => listener.onOpen();
  socket.onmessage = ({ data }) => {
    if (data instanceof ArrayBuffer) listener.onMessage(new Uint8Array(data));
    else socket.close();
  };
  // Browsers say no more than a code, so that pages cannot look around in a network.
  socket.onclose = ({ code, reason }) =>
    listener.onClose(`the WebSocket was closed with code ${code}${reason === "" ? "" : ` "${reason}"`}`);
  return {
    send: (bytes) => {
      if (socket.readyState === OPEN) socket.send(bytes);
    },
    close: () => socket.close(NORMAL_CLOSURE),
  };
};

/** A browser as the SDK sees it. */
export const platform: Platform = {
  name: "a browser",
  schemes: ["ws", "wss"],
  clock: {
    now: () => globalThis.Date.now(),
    after(delayMs, task) {
      const timer = globalThis.setTimeout(task, delayMs);
      return () => globalThis.clearTimeout(timer);
    },
  },
  randomBytes(length) {
    if (globalThis.crypto === undefined) {
      throw new MqplayError(
        "connectFailed",
        "this host has no crypto.getRandomValues: give connect() a platform with randomBytes",
      );
    }
    return globalThis.crypto.getRandomValues(new Uint8Array(length));
  },
  openLink: createLightLink(openSocket),
  rethrow: (error) => {
    globalThis.setTimeout(() => {
      throw error;
    }, 0);
  },
  watchNetwork(listener) {
    const onOnline = (): void => listener(true);
    const onOffline = (): void => listener(false);
    globalThis.addEventListener?.("online", onOnline);
    globalThis.addEventListener?.("offline", onOffline);
    return () => {
      globalThis.removeEventListener?.("online", onOnline);
      globalThis.removeEventListener?.("offline", onOffline);
    };
  },
};
