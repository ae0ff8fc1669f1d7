/**
 * mqtt.js in browsers. Its bundle there has a default export only, and opens its WebSocket itself.
 */
import mqtt from "mqtt";
import { MqttJsLink, type MqttJsHost } from "../link/mqttjs.ts";
import type { OpenLink } from "../link/link.ts";

const host: MqttJsHost = {
  Store: mqtt.Store,
  createClient: ({ target }, options) => mqtt.connect(target.href, { ...options, timerVariant: "native" }),
};

/** Opens a link over mqtt.js, by WebSocket. */
export const openMqttJsLink: OpenLink = (request, listener) => new MqttJsLink(host, request, listener);
