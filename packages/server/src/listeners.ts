/**
 * Every listener that the configuration asks for: the two simple ones (`mqtt.port`, `http.port`) and those of
 * `listeners`. Here they are planned, given their certificates, opened, and their failures put into words.
 */
import { MqplayError } from "@mqplay/shared";
import type { Config } from "./config/schema.ts";
import { TLS_KINDS, type ListenerKind } from "./config/schema-listen.ts";
import type { Gate } from "./gate/gate.ts";
import type { HttpPorts } from "./gate/http/ports.ts";
import {
  CertificateError,
  followCertificate,
  type Certificate,
  type CertificateFiles,
} from "./gate/listen/certificate.ts";
import type { IsTrusted } from "./gate/listen/client-address.ts";
import type { OpenListener } from "./gate/listen/open.ts";
import type { TlsSetup, TlsStats } from "./gate/listen/tls.ts";
import type { Log } from "./ops/log.ts";

/** A listener that is open. */
export interface Listening {
  readonly kind: ListenerKind;
  /** The address that it listens on, as it is configured. */
  readonly host: string;
  /** The port that was taken. */
  readonly port: number;
  /** The setting that asked for it: `mqtt.port`, `http.port`, `listeners[0].port`. */
  readonly setting: string;
  /** Whether it is for a load balancer that speaks the PROXY protocol: no client gets in directly. */
  readonly proxyProtocol: boolean;
}

/** A listener that is to be opened. */
interface ListenerPlan extends Listening {
  /** Given where it speaks TLS. */
  readonly files: (CertificateFiles & { readonly setting: string }) | undefined;
}

/** Says which listeners a configuration asks for: `mqtt.port` and `http.port` first. */
function planListeners({ host, mqtt, http, tls, listeners }: Config): ListenerPlan[] {
  const ownFiles = { certFile: tls.certFile, keyFile: tls.keyFile, setting: "tls.certFile" };
  const simple = { host, proxyProtocol: false };
  return [
    { ...simple, kind: "tcp", port: mqtt.port, setting: "mqtt.port", files: undefined },
    {
      ...simple,
      kind: http.tls ? "https" : "http",
      port: http.port,
      setting: "http.port",
      files: http.tls ? ownFiles : undefined,
    },
    ...listeners.map((listener, index): ListenerPlan => {
      const at = `listeners[${index}]`;
      const { kind, port, proxyProtocol, certFile, keyFile } = listener;
      const files = certFile === "" ? ownFiles : { certFile, keyFile, setting: `${at}.certFile` };
      return {
        kind,
        host: listener.host === "" ? host : listener.host,
        port,
        setting: `${at}.port`,
        files: TLS_KINDS.has(kind) ? files : undefined,
        proxyProtocol,
      };
    }),
  ];
}

/** What listeners are opened with. */
export interface ListenDeps {
  readonly gate: Gate;
  readonly http: HttpPorts;
  readonly isTrusted: IsTrusted;
  /** Where those with TLS count. */
  readonly tlsStats: TlsStats;
  readonly log: Log;
}

/** Writes an address and a port: `127.0.0.1:1883`, `[::1]:1883`. */
export function formatPlace(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Opens listeners, and knows those that are open. */
export class Listeners {
  readonly #deps: ListenDeps;
  readonly #config: Config;
  readonly #plans: readonly ListenerPlan[];
  /** By the files: listeners that share them share the certificate. */
  readonly #certificates = new Map<string, Certificate>();
  readonly #opened = new Map<ListenerPlan, OpenListener>();

  constructor(deps: ListenDeps, config: Config) {
    this.#deps = deps;
    this.#config = config;
    this.#plans = planListeners(config);
  }

  /** Reads every certificate. @throws MqplayError `configInvalid` that says what is wrong with which */
  async readCertificates(): Promise<void> {
    for (const { files } of this.#plans) {
      if (files === undefined || this.#certificates.has(keyOf(files))) continue;
      try {
        const options = { checkMs: this.#config.tls.checkFilesMs, log: this.#deps.log };
        this.#certificates.set(keyOf(files), await followCertificate(files, options));
      } catch (error) {
        if (!(error instanceof CertificateError)) throw error;
        const { setting } = files;
        const detail = `the certificate of setting "${setting}": ${error.message}; \`npm run certs\` in the repository makes one for development`;
        throw new MqplayError("configInvalid", detail, { cause: error.cause, path: setting });
      }
    }
  }

  /** Opens those that speak HTTP. @throws MqplayError `configInvalid` when a port cannot be had */
  openHttp(): Promise<void> {
    return this.#open((plan) => plan.kind !== "tcp" && plan.kind !== "tls");
  }

  /** Opens those that speak MQTT alone. @throws MqplayError `configInvalid` when a port cannot be had */
  openMqtt(): Promise<void> {
    return this.#open((plan) => plan.kind === "tcp" || plan.kind === "tls");
  }

  /** Those that are open, `mqtt.port` and `http.port` first. */
  get open(): Listening[] {
    return this.#plans.flatMap((plan) => {
      const opened = this.#opened.get(plan);
      const { kind, host, setting, proxyProtocol } = plan;
      return opened === undefined ? [] : [{ kind, host, port: opened.port, setting, proxyProtocol }];
    });
  }

  /** Rejects when one that was opened takes no connections any more. */
  async check(): Promise<void> {
    for (const [{ setting }, { listening, port }] of this.#opened)
      if (!listening) throw new Error(`port ${port} (setting "${setting}") is not open any more`);
  }

  /** Follows the certificates' files no more. The ports are closed by the gate and by HTTP. */
  close(): void {
    for (const certificate of this.#certificates.values()) certificate.close();
  }

  async #open(isMeant: (plan: ListenerPlan) => boolean): Promise<void> {
    for (const plan of this.#plans.filter(isMeant)) {
      try {
        this.#opened.set(plan, await this.#listen(plan));
      } catch (error) {
        throw portProblem(plan, error);
      }
    }
  }

  #listen({ kind, host, port, files, proxyProtocol }: ListenerPlan): Promise<OpenListener> {
    const { gate, http, isTrusted } = this.#deps;
    const address = { host, port };
    const tls = files === undefined ? undefined : this.#tlsOf(files);
    if (kind === "tcp" || kind === "tls") {
      const timeoutMs = this.#config.gate.connectTimeoutMs;
      return gate.listen(address, { tls, proxy: proxyProtocol ? { isTrusted, timeoutMs } : undefined });
    }
    return http.listen({ ...address, tls, serves: kind === "ws" || kind === "wss" ? "mqtt" : "all" });
  }

  #tlsOf(files: CertificateFiles): TlsSetup {
    const certificate = this.#certificates.get(keyOf(files));
    if (certificate === undefined) throw new Error("readCertificates() comes before the ports are opened");
    const { handshakeTimeoutMs, maxHandshakes } = this.#config.tls;
    return { certificate, handshakeTimeoutMs, maxHandshakes, stats: this.#deps.tlsStats };
  }
}

function keyOf({ certFile, keyFile }: CertificateFiles): string {
  return JSON.stringify([certFile, keyFile]);
}

/** What goes wrong with ports, and what to do about it. */
const PORT_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use by another program; stop that one, set another port, or 0 for a free one",
  EACCES: "needs rights that this process has not; ports from 1024 on need none",
  EADDRNOTAVAIL: 'cannot be had: this machine has no such address, see the setting "host"',
  ENOTFOUND: 'cannot be had: the setting "host" names no address',
};

/** Says which port could not be had, and by which setting. */
function portProblem({ host, port, setting }: ListenerPlan, error: unknown): MqplayError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const problem = PORT_PROBLEMS[code] ?? `cannot be had (${code})`;
  return new MqplayError("configInvalid", `port ${port} of ${host} (setting "${setting}") ${problem}`, {
    cause: error,
    path: setting,
  });
}
