/**
 * A player's panel: where it stands, the steps of the flow, what came of the last one, and the code for it.
 */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { Code } from "../ui/code.tsx";
import { Action, Choice, TextField } from "../ui/fields.tsx";
import type { Player } from "./player.ts";
import type { Step } from "./snippet.ts";

const encodings = [
  { value: "json", text: "JSON" },
  { value: "protobuf", text: "Protobuf" },
] as const;

/** The whole panel of one player. `takeFocus` is for one that appears on a button's click: focus goes on there. */
export function Panel({ player, takeFocus = false }: { player: Player; takeFocus?: boolean }): JSX.Element {
  const title = `player-${player.letter}`;
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    if (takeFocus) heading.current?.focus();
  }, [takeFocus]);
  return (
    <section class={`card panel hue-${player.letter}`} aria-labelledby={title}>
      <header class="panel-head">
        <span class="badge" aria-hidden="true">
          {player.letter}
        </span>
        <h3 id={title} ref={heading} tabIndex={-1}>
          Player {player.letter}
        </h3>
        <Choice
          label={`Encoding of player ${player.letter}`}
          options={encodings}
          value={player.encoding}
          disabled={player.phase.value !== "offline"}
        />
        <p class={`status status-${player.phase.value}`} role="status">
          {player.status}
        </p>
      </header>
      <ol class="steps">
        <ConnectStep player={player} />
        <AccountStep player={player} />
        <SessionStep player={player} />
      </ol>
      <Happenings player={player} />
      <div class="panel-part">
        <Code
          code={player.snippet.value}
          title="What you would write"
          label={`Code of player ${player.letter}'s last step`}
        />
      </div>
    </section>
  );
}

function kindOf(player: Player, step: Step): "main" | "plain" {
  return player.nextStep.value === step ? "main" : "plain";
}

function ConnectStep({ player }: { player: Player }): JSX.Element {
  const { phase } = player;
  const isOffline = phase.value === "offline";
  const label = isOffline ? "Connect" : phase.value === "connecting" ? "Cancel" : "Disconnect";
  return (
    <li class="step" data-done={phase.value === "guest" || phase.value === "loggedIn"}>
      <form
        class="step-body connect"
        onSubmit={(event) => {
          event.preventDefault();
          void (player.isConnected ? player.disconnect() : player.connect());
        }}
      >
        <TextField label="Server" keyboard="url" value={player.url} readOnly={!isOffline} />
        <Action submit kind={kindOf(player, "connect")}>
          {label}
        </Action>
      </form>
    </li>
  );
}

function AccountStep({ player }: { player: Player }): JSX.Element {
  const { isConnected } = player;
  return (
    <li class="step" data-done={player.phase.value === "loggedIn"}>
      <form
        class="step-body"
        onSubmit={(event) => {
          event.preventDefault();
          void (player.nextStep.value === "register" ? player.register() : player.login());
        }}
      >
        {/* What the Enter key presses: the first submit button of a form. */}
        <button type="submit" hidden />
        <div class="pair">
          <TextField label="User name" value={player.username} />
          <TextField label="Password" value={player.password} />
        </div>
        <div class="row">
          <Action
            kind={kindOf(player, "register")}
            available={isConnected}
            onClick={() => void player.register()}
          >
            Register
          </Action>
          <Action kind={kindOf(player, "login")} available={isConnected} onClick={() => void player.login()}>
            Log in
          </Action>
        </div>
      </form>
    </li>
  );
}

function SessionStep({ player }: { player: Player }): JSX.Element {
  const { isConnected } = player;
  return (
    <li class="step" data-done={player.hasAsked.value}>
      <div class="step-body row">
        <Action kind={kindOf(player, "whoAmI")} available={isConnected} onClick={() => void player.whoAmI()}>
          Who am I?
        </Action>
        <Action
          kind={kindOf(player, "logout")}
          available={player.phase.value === "loggedIn"}
          onClick={() => void player.logout()}
        >
          Log out
        </Action>
      </div>
    </li>
  );
}

/** The answer or error of the last step, and what the server sent of its own accord. */
function Happenings({ player }: { player: Player }): JSX.Element {
  const outcome = player.outcome.value;
  return (
    <div class="happenings">
      <div role="log" aria-label={`Pushes to player ${player.letter}`}>
        {player.notices.value.map((notice) => (
          <div key={notice.id} class={notice.kind === "Push" ? "notice" : "notice notice-final"}>
            <p class="notice-title">
              <span class="notice-kind">{notice.kind}</span> {notice.title}
            </p>
            <p>{notice.text}</p>
          </div>
        ))}
      </div>
      <div role="status" aria-label={`Last step of player ${player.letter}`}>
        {outcome?.kind === "answer" && (
          <div class="outcome outcome-good">
            <p>{outcome.title}</p>
            {outcome.value !== undefined && outcome.value !== null && (
              <pre tabIndex={0}>{JSON.stringify(outcome.value, null, 2)}</pre>
            )}
          </div>
        )}
        {outcome?.kind === "failure" && (
          <div class="outcome outcome-bad">
            <p>{outcome.failure.sentence}</p>
            {outcome.failure.tags.length > 0 && (
              <p class="tags">
                {outcome.failure.tags.map((tag) => (
                  <code key={tag}>{tag}</code>
                ))}
              </p>
            )}
          </div>
        )}
      </div>
    </div>
  );
}
