/**
 * The page from top to bottom: the field, who is in the room, how to play.
 */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { TextField } from "../../src/ui/fields.tsx";
import { Field } from "./field.tsx";
import { hueOf } from "./hue.ts";
import type { Phase, Visitor } from "./visitor.ts";

/** The page. */
export function ArenaPage({ visitor }: { visitor: Visitor }): JSX.Element {
  return (
    <div class="page">
      <a class="skip" href="#arena">
        Skip to the field
      </a>
      <header class="masthead">
        <div class="masthead-title">
          <h1>
            <img src="/favicon.svg" alt="" width="36" height="36" />
            mqplay arena
          </h1>
          <p>
            A game’s own module in a few hundred lines: the server says where everybody is, pages draw it.
            Walk about, pick up points.
          </p>
        </div>
        <nav aria-label="Pages">
          <ul>
            <li>
              <a href="/">Demo and wire</a>
            </li>
          </ul>
        </nav>
      </header>
      <main class="arena" id="arena" tabIndex={-1}>
        <section class="card arena-field" aria-labelledby="room-title">
          <Head visitor={visitor} />
          <div class="stage">
            <Field visitor={visitor} />
            <Curtain visitor={visitor} />
          </div>
        </section>
        <aside class="arena-side">
          <Players visitor={visitor} />
          <Help visitor={visitor} />
        </aside>
      </main>
      <p class="unseen" role="log" aria-label="What happens in the room">
        {visitor.news}
      </p>
    </div>
  );
}

const statusText: Readonly<Record<Phase, string>> = {
  outside: "Not in the room",
  entering: "Connecting…",
  inside: "In the room",
  reconnecting: "Connection lost, reconnecting…",
  elsewhere: "You play in another window",
};

function Head({ visitor }: { visitor: Visitor }): JSX.Element {
  const phase = visitor.phase.value;
  const answerMs = visitor.answerMs.value;
  return (
    <header class="arena-head">
      <h2 id="room-title">Room {visitor.room}</h2>
      <p class={`status status-${phase}`} role="status">
        {statusText[phase]}
      </p>
      {phase === "inside" && (
        <>
          {answerMs !== undefined && (
            <p class="answer-time" title="The median of the last calls, there and back">
              answers in <b>{answerMs < 10 ? answerMs.toFixed(1) : Math.round(answerMs)} ms</b>
            </p>
          )}
          <button type="button" class="action" onClick={() => void visitor.leave()}>
            Leave
          </button>
        </>
      )}
    </header>
  );
}

/** What stands over the field while nobody can play on it. */
function Curtain({ visitor }: { visitor: Visitor }): JSX.Element | null {
  const phase = visitor.phase.value;
  const entrance = useRef<HTMLFormElement>(null);
  const wasInside = useRef(false);
  // What had the focus inside is gone or of no use: it goes on at the entrance.
  useLayoutEffect(() => {
    if (wasInside.current) entrance.current?.querySelector<HTMLElement>("input, button")?.focus();
    wasInside.current = phase === "inside" || phase === "reconnecting";
  }, [phase]);
  if (phase === "inside") return null;
  if (phase === "reconnecting") {
    return (
      <div class="curtain curtain-thin">
        <p class="curtain-note">
          Connection lost. You come back by yourself; your seat and your points are kept.
        </p>
      </div>
    );
  }
  const isElsewhere = phase === "elsewhere";
  return (
    <div class="curtain">
      <form
        ref={entrance}
        class="card entrance"
        onSubmit={(event) => {
          event.preventDefault();
          void visitor.enter();
        }}
      >
        {isElsewhere && <p>This player has come in by another window and plays there.</p>}
        {!isElsewhere && <TextField label="Your name" value={visitor.name} />}
        <button type="submit" class="action main" aria-disabled={phase === "entering"}>
          {phase === "entering" ? "Connecting…" : isElsewhere ? "Play as somebody else" : "Play"}
        </button>
        <p class="entrance-trouble" role="alert">
          {visitor.trouble}
        </p>
      </form>
    </div>
  );
}

function Players({ visitor }: { visitor: Visitor }): JSX.Element {
  const players = visitor.world.players.value;
  const own = visitor.seat.value;
  return (
    <section class="card arena-card" aria-labelledby="players-title">
      <h2 id="players-title">Players</h2>
      {players.length === 0 && <p class="soft">Join to see who is here.</p>}
      <ol class="players">
        {players.map(({ seat, name, score, away }) => (
          <li key={seat} data-away={away} style={hueOf(seat)}>
            <span class="players-name">
              {name}
              {seat === own && <span class="players-note"> you</span>}
              {away && <span class="players-note"> away</span>}
            </span>
            <span class="players-score">
              {score}
              <span class="unseen"> {score === 1 ? "point" : "points"}</span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Help({ visitor }: { visitor: Visitor }): JSX.Element {
  return (
    <section class="card arena-card" aria-labelledby="help-title">
      <h2 id="help-title">How to play</h2>
      <p id="field-keys">
        Steer with the arrow keys or{" "}
        <span class="keys">
          <kbd>W</kbd> <kbd>A</kbd> <kbd>S</kbd> <kbd>D</kbd>
        </span>
        , or point to where you want to go. Each point that you reach is yours.
      </p>
      <p>
        Every window is a player of its own:{" "}
        <a href={`/arena/?room=${visitor.room}`} target="_blank" rel="noopener">
          open a second window
        </a>{" "}
        and see yourself move there.
      </p>
    </section>
  );
}
