/**
 * Mini-games (WeChat's `wx` and whatever is shaped like it): their socket tasks, their asynchronous random.
 * Nothing of a browser is touched, and no global but the timers that every such host has.
 */
import { MqplayError } from "../errors.ts";
import { createLightLink } from "../link/light/light.ts";
import { isArrayBuffer } from "./array-buffer.ts";
import type { OpenSocket, Platform } from "./platform.ts";

/** One socket of such a host. */
export interface MiniGameSocket {
  onOpen(listener: () => void): void;
  onMessage(listener: (event: { readonly data: unknown }) => void): void;
  onClose(listener: (event: { readonly code?: number; readonly reason?: string }) => void): void;
  onError(listener: (event: { readonly errMsg?: string }) => void): void;
  send(message: { readonly data: ArrayBuffer }): void;
  close(options: { readonly code?: number }): void;
}

/** What is used of such a host; `wx` is one. */
export interface MiniGameHost {
  connectSocket(options: { readonly url: string; readonly protocols: string[] }): MiniGameSocket;
  /** Bytes of a cryptographic source. */
  getRandomValues(options: {
    readonly length: number;
    readonly success: (result: { readonly randomValues: ArrayBuffer }) => void;
    readonly fail: (error: unknown) => void;
  }): void;
  /** Calls back when the game comes to the front again. */
  onShow?(listener: () => void): void;
  offShow?(listener: () => void): void;
}

/** The timers that every host has; declared here, for none of the usual libraries describes such a host. */
declare function setTimeout(task: () => void, delayMs: number): number;
declare function clearTimeout(timer: number): void;

/** Makes the platform of a mini-game: `connect(url, { platform: createMiniGamePlatform(wx) })`. */
export function createMiniGamePlatform(host: MiniGameHost): Platform {
  return {
    name: "a mini-game",
    schemes: ["ws", "wss"],
    clock: {
      now: () => Date.now(),
      after(delayMs, task) {
        const timer = setTimeout(task, delayMs);
        return () => clearTimeout(timer);
      },
    },
    randomBytes: (length) =>
      new Promise((resolve, reject) => {
        host.getRandomValues({
          length,
          success: ({ randomValues }) => resolve(new Uint8Array(randomValues)),
          fail: (cause) =>
            reject(new MqplayError("connectFailed", "the host gave no random bytes", { cause })),
        });
      }),
    random: () => Math.random(),
    openLink: createLightLink(openSocketOf(host)),
    rethrow: (error) => {
      setTimeout(() => {
        throw error;
      }, 0);
    },
    watchWake(onWake) {
      host.onShow?.(onWake);
      return () => host.offShow?.(onWake);
    },
  };
}

function openSocketOf(host: MiniGameHost): OpenSocket {
  return (url, _tls, listener) => {
    const socket = host.connectSocket({ url, protocols: ["mqtt"] });
    let isOpen = false;
    let isClosed = false;
    const end = (reason: string, cause?: unknown): void => {
      if (isClosed) return;
      isClosed = true;
      isOpen = false;
      listener.onClose(reason, cause);
    };
    socket.onOpen(() => {
      isOpen = true;
      listener.onOpen();
    });
    socket.onMessage(({ data }) => {
      if (isArrayBuffer(data)) listener.onMessage(new Uint8Array(data));
      else socket.close({});
    });
    socket.onClose(({ code, reason = "" }) =>
      end(`the socket was closed with code ${code ?? "none"} ${reason}`.trim()),
    );
    // Some hosts call only this one when a socket cannot be opened.
    socket.onError(({ errMsg = "no reason given" }) =>
      end(`the socket failed: ${errMsg}`, new Error(errMsg)),
    );
    return {
      send: (bytes) => {
        if (isOpen) socket.send({ data: bytes.slice().buffer });
      },
      close: () => socket.close({ code: 1000 }),
    };
  };
}
