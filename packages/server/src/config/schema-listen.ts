/**
 * The settings of who listens where: certificates, further listeners, reverse proxies.
 */
import { z } from "zod";
import { isRange } from "../gate/listen/client-address.ts";
import { flag, integer, required, setting } from "./setting.ts";

/** What a listener speaks. */
export const LISTENER_KINDS = ["tcp", "tls", "ws", "wss", "http", "https"] as const;

/** What a listener speaks. */
export type ListenerKind = (typeof LISTENER_KINDS)[number];

/** The kinds that need a certificate. */
export const TLS_KINDS: ReadonlySet<ListenerKind> = new Set<ListenerKind>(["tls", "wss", "https"]);

/** Bounds of a port's number. */
export const PORT_BOUNDS = { min: 0, max: 65_535 } as const;

/** The section `tls`. */
export const tlsSettings = z.strictObject({
  certFile: setting(z.string().min(1), "certs/server.crt", {
    text: "PEM file of the certificate that TLS listeners show, and of those between it and its authority. `npm run certs` in the repository makes one for development. A changed file is taken up without a restart, and open connections stay.",
    env: "MQPLAY_TLS_CERT_FILE",
  }),
  keyFile: setting(z.string().min(1), "certs/server.key", {
    text: "PEM file of the certificate's key, without a passphrase.",
    env: "MQPLAY_TLS_KEY_FILE",
  }),
  checkFilesMs: integer(
    5_000,
    { min: 20, max: 86_400_000 },
    {
      text: "How often these files are looked at. What has changed is taken up at the second look that finds it the same.",
      unit: "ms",
    },
  ),
  handshakeTimeoutMs: integer(
    5_000,
    { min: 100, max: 120_000 },
    { text: "How long a client may take for the TLS handshake.", unit: "ms" },
  ),
  maxHandshakes: integer(
    1_024,
    { min: 1, max: 1_000_000 },
    {
      text: "TLS handshakes of one listener at once. One more ends the oldest, which is the likeliest never to end.",
      unit: "handshakes",
    },
  ),
});

/** One entry of `listeners`. */
export const listenerSettings = z.strictObject({
  kind: required(z.enum(LISTENER_KINDS), {
    text: "`tcp`, `tls`: MQTT. `ws`, `wss`: MQTT over WebSocket on `/ws`, with `/healthz` and `/readyz`, and nothing else. `http`, `https`: everything that `http.port` serves.",
  }),
  port: required(z.int().min(PORT_BOUNDS.min).max(PORT_BOUNDS.max), {
    text: "TCP port; 0 takes a free one and the log says which.",
  }),
  host: setting(z.string(), "", { text: "Address to listen on; empty means the setting `host`." }),
  certFile: setting(z.string(), "", { text: "Certificate of this listener; empty means `tls.certFile`." }),
  keyFile: setting(z.string(), "", { text: "Its key; empty means `tls.keyFile`." }),
  proxyProtocol: flag(false, {
    text: "Whether each connection begins with a header of the PROXY protocol (version 1 or 2), by which a TCP load balancer names the client. Of `tcp` and `tls` only, and from `trustedProxies` only: all other connections are closed.",
  }),
});

/** The setting `listeners`. */
export const listeners = setting(z.array(listenerSettings), [], {
  text: 'Further listeners, any number, besides `mqtt.port` and `http.port`: `{ "kind": "tls", "port": 8883 }` for MQTT over TLS, `{ "kind": "wss", "host": "0.0.0.0", "port": 8443 }` for WebSockets that everybody reaches.',
});

/** The setting `trustedProxies`. */
export const trustedProxies = setting(z.array(z.string().refine(isRange)), [], {
  text: "Reverse proxies before this server, by address or range, such as `10.0.0.0/8`. Their `X-Forwarded-For` (calls by HTTP, WebSockets) and their PROXY protocol say who the client is, so that limits for an address count the client and not the proxy. Nobody else's does.",
  expected: 'an IP address such as "127.0.0.1" or a range such as "10.0.0.0/8"',
});

/** What of a listener fits no other setting; each with the path that a message names. */
export function checkListeners(config: {
  readonly listeners: readonly z.output<typeof listenerSettings>[];
  readonly trustedProxies: readonly string[];
}): { readonly path: (string | number)[]; readonly message: string }[] {
  return config.listeners.flatMap(({ kind, certFile, keyFile, proxyProtocol }, index) => {
    const wrong = (name: string, message: string) => [{ path: ["listeners", index, name], message }];
    if (proxyProtocol && kind !== "tcp" && kind !== "tls")
      return wrong("proxyProtocol", `is for tcp and tls; a proxy of ${kind} says X-Forwarded-For instead`);
    if (proxyProtocol && config.trustedProxies.length === 0)
      return wrong("proxyProtocol", 'needs "trustedProxies" to name those who may send it');
    if (!TLS_KINDS.has(kind) && (certFile !== "" || keyFile !== ""))
      return wrong(
        certFile === "" ? "keyFile" : "certFile",
        `is for tls, wss and https; ${kind} shows no certificate`,
      );
    if ((certFile === "") !== (keyFile === ""))
      return wrong(
        certFile === "" ? "certFile" : "keyFile",
        "is missing: a certificate and its key go together",
      );
    return [];
  });
}
