/**
 * The log of packets as a table, and the one that is looked at beside it.
 */
import { computed, signal } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { hexLine, textOf } from "../ui/bytes.ts";
import { Choice } from "../ui/fields.tsx";
import { PacketDetail } from "./packet-detail.tsx";
import { timeOf } from "./time.ts";
import type { Letter, WireLog, WireRow } from "./wire-log.ts";

type Filter = "all" | Letter;

const filters = [
  { value: "all", text: "Both" },
  { value: "A", text: "A" },
  { value: "B", text: "B" },
] as const;

/** How many bytes of a payload fit a table cell. */
const PREVIEW_BYTES = 8;

/** How far from its end a scrolled table still counts as being there, in px. */
const ROW_SLACK_PX = 12;

/** How many characters of a plaintext fit a table cell. */
const PREVIEW_CHARS = 80;

/** The part of the page about packets. */
export function WireSection({ wire }: { wire: WireLog }): JSX.Element {
  const view = useMemo(() => {
    const filter = signal<Filter>("all");
    /** The row that was chosen, or undefined to look at the newest one that says something. */
    const chosenId = signal<number | undefined>(undefined);
    const rows = computed(() =>
      wire.rows.value.filter(({ letter }) => filter.value === "all" || letter === filter.value),
    );
    const shown = computed(
      () =>
        rows.value.find(({ id }) => id === chosenId.value) ??
        rows.value.findLast(({ packet }) => packet.type === "PUBLISH"),
    );
    return { filter, chosenId, rows, shown };
  }, [wire]);
  const { filter, chosenId, rows, shown } = view;
  return (
    <section class="section" id="wire" aria-labelledby="wire-title">
      <div class="section-head">
        <div>
          <h2 id="wire-title">The wire</h2>
          <p>
            Every packet as it goes, of pings the newest. Choose one to see it sealed and opened; arrow keys
            move up and down.
          </p>
        </div>
        <div class="row">
          <Choice label="Packets of player" options={filters} value={filter} />
          <button type="button" class="quiet" onClick={() => wire.clear()}>
            Clear
          </button>
        </div>
      </div>
      <div class="wire card">
        <PacketTable
          rows={rows.value}
          shownId={shown.value?.id}
          onChoose={(id) => (chosenId.value = id)}
          gone={wire.gone.value}
        />
        <div class="wire-detail">
          {shown.value === undefined ? (
            <p class="empty">
              A chosen packet is shown here: its header, its bytes on the wire, and what they say.
            </p>
          ) : (
            <PacketDetail
              row={shown.value}
              follow={chosenId.value === undefined ? undefined : () => (chosenId.value = undefined)}
            />
          )}
        </div>
      </div>
    </section>
  );
}

function PacketTable(props: {
  rows: readonly WireRow[];
  shownId: number | undefined;
  onChoose: (id: number) => void;
  gone: number;
}): JSX.Element {
  const { rows, shownId, onChoose } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const heightBefore = useRef(0);
  const lastId = rows.at(-1)?.id;

  // The log stays at its end while it is there, and where it is when someone has scrolled up to read.
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const wasAtEnd = element.scrollTop + element.clientHeight >= heightBefore.current - ROW_SLACK_PX;
    heightBefore.current = element.scrollHeight;
    if (wasAtEnd) element.scrollTop = element.scrollHeight;
  }, [lastId]);

  const move = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const index = rows.findIndex(({ id }) => id === shownId);
    const next = step === undefined ? undefined : rows[index + step];
    if (next === undefined) return;
    event.preventDefault();
    onChoose(next.id);
    scroller.current?.querySelector<HTMLButtonElement>(`button[data-row="${String(next.id)}"]`)?.focus();
  };

  // One stop for the Tab key: the row that is looked at, else the first.
  const stop = rows.some(({ id }) => id === shownId) ? shownId : rows[0]?.id;
  return (
    <div
      class="wire-scroll"
      ref={scroller}
      role="group"
      aria-label="Packets"
      // Without a row there is nothing in it that the Tab key could stop at, and it could not be scrolled by keyboard.
      tabIndex={rows.length === 0 ? 0 : undefined}
      onKeyDown={move}
    >
      <table>
        <caption class="unseen">Packets between the players and the server, oldest first</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">
              <abbr title="Player and direction">Way</abbr>
            </th>
            <th scope="col">Meaning</th>
            <th scope="col">Packet</th>
            <th scope="col">Topic</th>
            <th scope="col">QoS</th>
            <th scope="col">
              <abbr title="Packet identifier">Id</abbr>
            </th>
            <th scope="col">On the wire</th>
            <th scope="col">Plaintext</th>
          </tr>
        </thead>
        <tbody>
          {props.gone > 0 && (
            <tr class="wire-gone">
              <td colSpan={9}>{props.gone} older packets are no longer kept.</td>
            </tr>
          )}
          {rows.map((row) => (
            <PacketRow
              key={row.id}
              row={row}
              isShown={row.id === shownId}
              isStop={row.id === stop}
              onChoose={onChoose}
            />
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p class="empty">Nothing has travelled yet. Connect a player and watch.</p>}
    </div>
  );
}

function PacketRow(props: {
  row: WireRow;
  isShown: boolean;
  isStop: boolean;
  onChoose: (id: number) => void;
}): JSX.Element {
  const { row, isShown } = props;
  const { packet, letter, meaning } = row;
  const isOut = packet.direction === "out";
  return (
    <tr
      class={`hue-${letter} is-${meaning.kind}`}
      data-shown={isShown}
      onClick={() => props.onChoose(row.id)}
    >
      <td>
        <button
          type="button"
          class="wire-time"
          data-row={row.id}
          tabIndex={props.isStop ? 0 : -1}
          aria-pressed={isShown}
          aria-label={`${timeOf(packet.atMs)}, player ${letter}, ${isOut ? "to" : "from"} the server, ${packet.type}, ${meaning.text}`}
        >
          {timeOf(packet.atMs)}
        </button>
      </td>
      <td class="wire-way">
        <span class="badge badge-small">{letter}</span>
        <span aria-hidden="true">{isOut ? "→" : "←"}</span>
        <span class="unseen">{isOut ? "to the server" : "from the server"}</span>
      </td>
      <td class="wire-meaning">{meaning.text}</td>
      <td class="wire-type">{packet.type}</td>
      <td class="wire-mono">{packet.topic}</td>
      <td class="wire-mono">{packet.qos}</td>
      <td class="wire-mono">{packet.packetId}</td>
      <td class="wire-mono wire-sealed">{packet.payload && hexLine(packet.payload, PREVIEW_BYTES)}</td>
      <td class="wire-mono wire-plain">{packet.plain && previewOf(packet.plain)}</td>
    </tr>
  );
}

function previewOf(plain: Uint8Array): string {
  const text = textOf(plain);
  if (text === undefined || !text.startsWith("{")) return hexLine(plain, PREVIEW_BYTES);
  return text.length > PREVIEW_CHARS ? `${text.slice(0, PREVIEW_CHARS)}…` : text;
}
