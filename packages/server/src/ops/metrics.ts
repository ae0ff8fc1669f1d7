/**
 * Figures for Prometheus. The rooms count in plain numbers; these are read when somebody asks.
 */
import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import type { TlsStats } from "../gate/listen/tls.ts";
import type { GateMetrics } from "../gate/metrics.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { PushStats } from "../session/pushes.ts";

/** What the figures are read from. */
export interface MetricsDeps {
  readonly gate: GateMetrics;
  readonly runtime: Pick<Runtime, "running" | "stats">;
  readonly sessions: { readonly size: number };
  readonly pushes: { readonly stats: PushStats };
  readonly tls: TlsStats;
}

/** What `/metrics` shows. */
export interface Metrics {
  /** Content type of {@link Metrics.text}. */
  readonly contentType: string;
  /** Every figure, in Prometheus' text format. */
  text(): Promise<string>;
}

/** Makes the figures. */
export function createMetrics({ gate, runtime, sessions, pushes, tls }: MetricsDeps): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });

  const gauge = (name: string, help: string, read: () => number): void => {
    const metric: Gauge = new Gauge({
      name,
      help,
      registers: [registry],
      collect: (): void => metric.set(read()),
    });
  };
  const counter = (name: string, help: string, read: () => number): void => {
    const metric = new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        metric.reset();
        metric.inc(read());
      },
    });
  };
  const counters = (
    name: string,
    help: string,
    label: string,
    read: () => Readonly<Record<string, number>>,
  ): void => {
    const metric = new Counter({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        metric.reset();
        for (const [value, count] of Object.entries(read())) metric.inc({ [label]: value }, count);
      },
    });
  };

  gauge("mqplay_connections", "MQTT connections that are open now", () => gate.open);
  counter(
    "mqplay_tls_handshakes_failed_total",
    "TLS handshakes that failed, were too slow, or made room for others",
    () => tls.failedHandshakes,
  );
  gauge("mqplay_sessions", "Clients that are let in now", () => sessions.size);
  counter("mqplay_sessions_total", "Clients that were let in", () => gate.accepted);
  counters(
    "mqplay_connections_refused_total",
    "Connections that were refused, by reason",
    "reason",
    () => gate.refused,
  );
  counters(
    "mqplay_connections_closed_total",
    "Connections that the server ended, by reason",
    "reason",
    () => gate.closed,
  );
  counter("mqplay_handshakes_total", "Server strings sent", () => gate.handshakes);
  counter("mqplay_mqtt_calls_total", "Calls taken over MQTT", () => gate.calls);
  counter("mqplay_mqtt_answers_total", "Answers written over MQTT", () => gate.answers);
  counter("mqplay_pushes_total", "Pushes written, one for each client and topic", () => gate.pushes);
  counters(
    "mqplay_packets_dropped_total",
    "Packets acknowledged and not acted on, by reason",
    "reason",
    () => gate.dropped,
  );
  counter("mqplay_mqtt_received_bytes_total", "Bytes that came from MQTT clients", () => gate.bytesIn);
  counter("mqplay_mqtt_sent_bytes_total", "Bytes that went to MQTT clients", () => gate.bytesOut);

  counter("mqplay_pushes_kept_total", "Pushes kept for users who are away", () => pushes.stats.kept);
  counter(
    "mqplay_pushes_dropped_total",
    "Pushes to nobody: sessions that do not listen, users who are away, and kept ones that made room for others",
    () => pushes.stats.dropped,
  );

  gauge("mqplay_calls_running", "Calls that run now", () => runtime.running);
  counter("mqplay_calls_total", "Calls that the runtime took, by MQTT and HTTP", () => runtime.stats.calls);
  counter(
    "mqplay_calls_internal_errors_total",
    "Calls answered Internal: bugs",
    () => runtime.stats.internalErrors,
  );
  counter("mqplay_calls_timeouts_total", "Calls answered RequestTimeout", () => runtime.stats.timeouts);
  counter(
    "mqplay_calls_late_results_total",
    "Results that came after their call was answered",
    () => runtime.stats.lateResults,
  );
  counter("mqplay_calls_refused_total", "Calls refused because too many run", () => runtime.stats.refused);

  return { contentType: registry.contentType, text: () => registry.metrics() };
}
