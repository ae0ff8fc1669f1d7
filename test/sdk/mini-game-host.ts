/**
 * A `wx`-shaped host, as mini-games have one, on real WebSockets.
 */
import { randomBytes } from "node:crypto";
import type { MiniGameHost } from "@mqplay/client-sdk/minigame";
import { WebSocket } from "ws";

/** Makes the host. */
export function createMiniGameHost(): MiniGameHost {
  return {
    connectSocket({ url, protocols }) {
      const socket = new WebSocket(url, protocols);
      socket.binaryType = "arraybuffer";
      return {
        onOpen: (listener) => void socket.on("open", listener),
        onMessage: (listener) => void socket.on("message", (data: unknown) => listener({ data })),
        onClose: (listener) =>
          void socket.on("close", (code, reason) => listener({ code, reason: reason.toString() })),
        onError: (listener) => void socket.on("error", ({ message }) => listener({ errMsg: message })),
        send: ({ data }) => socket.send(new Uint8Array(data)),
        close: ({ code }) => socket.close(code),
      };
    },
    getRandomValues({ length, success }) {
      const bytes = randomBytes(length);
      setTimeout(() => success({ randomValues: new Uint8Array(bytes).buffer }), 1);
    },
  };
}
