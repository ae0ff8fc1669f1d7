/**
 * One packet, looked at closely: header, bytes on the wire, and what they say once opened.
 */
import type { JSX } from "preact";
import { hexDump } from "../ui/bytes.ts";
import { viewsOf } from "./opened.ts";
import { timeOf } from "./time.ts";
import type { WireRow } from "./wire-log.ts";

/** Shows a packet. `follow` goes back to the newest one; undefined where that is what is shown. */
export function PacketDetail({
  row,
  follow,
}: {
  row: WireRow;
  follow: (() => void) | undefined;
}): JSX.Element {
  const { packet, letter, meaning } = row;
  const facts: [string, string][] = [
    ["Player", letter],
    ["Way", packet.direction === "out" ? "client → server" : "server → client"],
    ["Time", timeOf(packet.atMs)],
  ];
  if (packet.topic !== undefined) facts.push(["Topic", packet.topic]);
  if (packet.qos !== undefined) facts.push(["QoS", String(packet.qos)]);
  if (packet.packetId !== undefined) facts.push(["Packet identifier", String(packet.packetId)]);
  if (packet.note !== undefined) facts.push(["Says", packet.note]);
  return (
    <article class={`hue-${letter}`} aria-labelledby="packet-title">
      <div class="detail-side">
        <header class="detail-head">
          <div>
            <h3 id="packet-title">{packet.type}</h3>
            <p>{meaning.text}</p>
          </div>
          {follow && (
            <button type="button" class="quiet" onClick={follow}>
              Follow the newest
            </button>
          )}
        </header>
        <dl class="facts">
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </div>
      {packet.payload !== undefined && packet.payload.length > 0 && (
        <div class="detail-part">
          <h4>
            On the wire, {packet.payload.length} bytes
            {packet.plain === undefined ? ", not sealed" : ", sealed"}
          </h4>
          <Dump bytes={packet.payload} label="Bytes on the wire" />
        </div>
      )}
      <div class="detail-said">
        {viewsOf(packet).map(({ title, body }) => (
          <div key={title} class="detail-part">
            <h4>{title}</h4>
            {typeof body === "string" ? (
              <pre tabIndex={0} role="group" aria-label={title}>
                {body}
              </pre>
            ) : (
              <Dump bytes={body} label={title} />
            )}
          </div>
        ))}
      </div>
    </article>
  );
}

function Dump({ bytes, label }: { bytes: Uint8Array; label: string }): JSX.Element {
  return (
    <pre class="dump" tabIndex={0} role="group" aria-label={label}>
      {hexDump(bytes, 8).map((line) => (
        <span key={line.offset}>
          <span class="dump-offset">{line.offset}</span>
          {`  ${line.hex}  `}
          <span class="dump-text">{line.text}</span>
          {"\n"}
        </span>
      ))}
    </pre>
  );
}
