/**
 * How the key came to be, as a picture in steps. [handshake-2]
 */
import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { JSX } from "preact";
import { charOf, hexByte } from "../ui/bytes.ts";
import { Choice } from "../ui/fields.tsx";
import type { Handshake, Letter, WireLog } from "../wire/wire-log.ts";

/** The places that change with each other, in the order of the two swaps. */
const swaps = [
  { from: 32, to: 6 },
  { from: 48, to: 31 },
] as const;

const letters = [
  { value: "A", text: "Player A" },
  { value: "B", text: "Player B" },
] as const;

/** The part of the page about the key. */
export function KeySection({ wire }: { wire: WireLog }): JSX.Element {
  const letter = useMemo(() => signal<Letter>("A"), []);
  const handshakes = wire.handshakes.value;
  const handshake = handshakes[letter.value];
  const isChoice = handshakes.A !== undefined && handshakes.B !== undefined;
  return (
    <section class="section" id="key" aria-labelledby="key-title">
      <div class="section-head">
        <div>
          <h2 id="key-title">How the key came to be</h2>
          <p>
            Both ends compute it from what both have seen. It never travels, and each connection has its own.
          </p>
        </div>
        {isChoice && <Choice label="Key of player" options={letters} value={letter} />}
      </div>
      <div class="card key">
        {handshake === undefined ? (
          <p class="empty">Connect a player: the handshake is drawn here, byte by byte.</p>
        ) : (
          <KeyPicture handshake={handshake} />
        )}
      </div>
    </section>
  );
}

function KeyPicture({ handshake }: { handshake: Handshake }): JSX.Element {
  const { clientId, serverString, joined, swapped, key } = handshake;
  return (
    <ol class="key-steps">
      <li>
        <h3>Join</h3>
        <p>
          <span class="ink ink-client">Client id</span>, {clientId.length} bytes from CONNECT, then the{" "}
          <span class="ink ink-server">server string</span>, {serverString.length} bytes that came on topic{" "}
          <code>s</code>.
        </p>
        <Bytes bytes={joined} clientBytes={clientId.length} label="Client id and server string, joined" />
      </li>
      <li>
        <h3>Swap twice</h3>
        <p>
          Byte 32 with byte 6 <span class="mark mark-0">①</span>, then byte 48 with byte 31{" "}
          <span class="mark mark-1">②</span>.
        </p>
        <Bytes
          bytes={swapped}
          clientBytes={clientId.length}
          label="The same bytes after both swaps"
          isSwapped
        />
      </li>
      <li>
        <h3>MD5</h3>
        <p>
          The 16 bytes of the digest are the AES-128-CTR key, and its first counter block. Every message
          starts there.
        </p>
        <div class="bytes bytes-key" role="img" aria-label={`Key: ${Array.from(key, hexByte).join(" ")}`}>
          {Array.from(key, (byte, index) => (
            <span key={index} class="byte">
              <b>{hexByte(byte)}</b>
            </span>
          ))}
        </div>
      </li>
    </ol>
  );
}

function Bytes(props: {
  bytes: Uint8Array;
  clientBytes: number;
  label: string;
  isSwapped?: boolean;
}): JSX.Element {
  const { bytes, clientBytes, isSwapped = false } = props;
  return (
    <div class="bytes" role="img" aria-label={`${props.label}: ${Array.from(bytes, hexByte).join(" ")}`}>
      {Array.from(bytes, (byte, index) => {
        const swap = swaps.findIndex(({ from, to }) => index === from || index === to);
        // After the swaps, a byte keeps the colour of where it came from.
        const origin = isSwapped ? originOf(index) : index;
        const side = origin < clientBytes ? "client" : "server";
        return (
          <span
            key={index}
            class={
              swap === -1 ? `byte byte-${side}` : `byte byte-${side} byte-swap byte-swap-${String(swap)}`
            }
          >
            <i>{swap === -1 ? index : `${String(index)}${swap === 0 ? "①" : "②"}`}</i>
            <b>{hexByte(byte)}</b>
            <i>{charOf(byte)}</i>
          </span>
        );
      })}
    </div>
  );
}

/** Where the byte at a place was before the two swaps. */
function originOf(index: number): number {
  const swap = swaps.find(({ from, to }) => index === from || index === to);
  if (swap === undefined) return index;
  return index === swap.from ? swap.to : swap.from;
}
