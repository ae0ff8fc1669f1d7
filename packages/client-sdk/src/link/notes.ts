/**
 * What a traced packet says besides its topic and payload, in words.
 */
import { SUBSCRIPTION_REFUSED, type Subscription } from "./link.ts";

/** Words for CONNECT. The client id is not among them: it may be an access token. */
export function describeConnect(keepAliveS: number): string {
  return `MQTT 3.1.1, clean session, keep-alive ${keepAliveS} s`;
}

/** Words for CONNACK. */
export function describeConnack(code: number): string {
  return code === 0 ? "code 0: accepted" : `code ${code}: refused`;
}

/** Words for SUBSCRIBE. */
export function describeSubscribe(topics: readonly Subscription[]): string {
  return topics.map(({ topic, qos }) => `${topic} at QoS ${qos}`).join(", ");
}

/** Words for SUBACK. */
export function describeSuback(codes: readonly number[]): string {
  return codes.map((code) => (code === SUBSCRIPTION_REFUSED ? "refused" : `granted QoS ${code}`)).join(", ");
}
