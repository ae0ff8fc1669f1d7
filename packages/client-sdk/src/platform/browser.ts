/**
 * Browsers, and whatever has their globals: WebSocket, crypto.getRandomValues, timers. The light link.
 * Nothing is touched on import: a host that lacks one of them says so when it is needed.
 */
import { MqplayError } from "../errors.ts";
import { createLightLink } from "../link/light/light.ts";
import { isArrayBuffer } from "./array-buffer.ts";
import type { OpenSocket, Platform } from "./platform.ts";

/** The browser's WebSocket, as much as is used of it. */
interface BrowserSocket {
  binaryType: string;
  readonly readyState: number;
  addEventListener(type: "open", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: "close",
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void;
  send(data: Uint8Array): void;
  close(code?: number): void;
}

// The globals, declared here: with the DOM's types any file could use them.
declare const WebSocket: (new (url: string, protocols: readonly string[]) => BrowserSocket) | undefined;
declare const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array } | undefined;
type WakeEvent = "online" | "visibilitychange" | "pageshow";
declare const addEventListener:
  | ((type: WakeEvent, listener: () => void, capture: boolean) => void)
  | undefined;
declare const removeEventListener:
  | ((type: WakeEvent, listener: () => void, capture: boolean) => void)
  | undefined;
declare const document: { readonly visibilityState?: string } | undefined;
declare function setTimeout(task: () => void, delayMs: number): number;
declare function clearTimeout(timer: number): void;

const OPEN = 1;
const NORMAL_CLOSURE = 1000;

/** Opens the browser's WebSocket. */
export const openSocket: OpenSocket = (url, _tls, listener) => {
  if (typeof WebSocket === "undefined") {
    throw new MqplayError(
      "connectFailed",
      "this host has no WebSocket: give connect() a platform that brings one",
    );
  }
  const socket = new WebSocket(url, ["mqtt"]);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("open", () => listener.onOpen());
  socket.addEventListener("message", ({ data }) => {
    if (isArrayBuffer(data)) listener.onMessage(new Uint8Array(data));
    else socket.close();
  });
  // Browsers say no more than a code, so that pages cannot look around in a network.
  socket.addEventListener("close", ({ code, reason }) =>
    listener.onClose(`the WebSocket was closed with code ${code}${reason === "" ? "" : ` "${reason}"`}`),
  );
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
    now: () => Date.now(),
    after(delayMs, task) {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
  },
  randomBytes(length) {
    if (typeof crypto === "undefined") {
      throw new MqplayError(
        "connectFailed",
        "this host has no crypto.getRandomValues: give connect() a platform with randomBytes",
      );
    }
    return crypto.getRandomValues(new Uint8Array(length));
  },
  random: () => Math.random(),
  openLink: createLightLink(openSocket),
  rethrow: (error) => {
    setTimeout(() => {
      throw error;
    }, 0);
  },
  isHidden: () => typeof document !== "undefined" && document.visibilityState === "hidden",
  watchWake(onWake) {
    if (typeof addEventListener === "undefined" || typeof removeEventListener === "undefined")
      return () => {};
    const remove = removeEventListener;
    // A page that was hidden or frozen is shown again without `online`; workers have no such event and ignore it.
    const events = ["online", "visibilitychange", "pageshow"] as const;
    for (const event of events) addEventListener(event, onWake, true);
    return () => {
      for (const event of events) remove(event, onWake, true);
    };
  },
};
