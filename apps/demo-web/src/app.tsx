/**
 * The page from top to bottom: the two players, the wire between them and the server, and the key.
 */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { KeySection } from "./key/key-section.tsx";
import { randomPassword, randomUsername } from "./player/names.ts";
import { Panel } from "./player/panel.tsx";
import { Player } from "./player/player.ts";
import { WireLog } from "./wire/wire-log.ts";
import { WireSection } from "./wire/wire-section.tsx";

const wire = new WireLog();
const registered = signal<ReadonlySet<string>>(new Set());
const playerA = new Player("A", { wire, registered });
const playerB = new Player("B", { wire, registered });
const isSecondOpen = signal(false);

const serverUrl = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
for (const player of [playerA, playerB]) player.url.value = serverUrl;
playerA.username.value = randomUsername();
playerA.password.value = randomPassword();

/** Shows player B, who has A's account: the point of a second login. */
function openSecond(): void {
  playerB.username.value = playerA.username.value;
  playerB.password.value = playerA.password.value;
  isSecondOpen.value = true;
}

/** The page. */
export function App(): JSX.Element {
  return (
    <div class="page">
      <a class="skip" href="#players">
        Skip to the players
      </a>
      <header class="masthead">
        <div class="masthead-title">
          <h1>
            <img src="/favicon.svg" alt="" width="36" height="36" />
            mqplay
          </h1>
          <p>
            Typed calls and pushes between a game and its server, over standard MQTT. Play one or two clients
            here and watch everything that travels.
          </p>
        </div>
        <nav aria-label="Parts of this page">
          <ul>
            <li>
              <a href="#players">Players</a>
            </li>
            <li>
              <a href="#wire">Wire</a>
            </li>
            <li>
              <a href="#key">Key</a>
            </li>
            <li>
              <a href="/arena/">Arena</a>
            </li>
          </ul>
        </nav>
      </header>
      <main class="page-main">
        <section class="section" id="players" aria-labelledby="players-title">
          <div class="section-head">
            <div>
              <h2 id="players-title">Two players, one account</h2>
              <p>
                Follow the highlighted button. Then log in a second time and see what the first player is
                told.
              </p>
            </div>
          </div>
          <div class="panels">
            <Panel player={playerA} />
            {isSecondOpen.value ? <Panel player={playerB} takeFocus /> : <SecondInvitation />}
          </div>
        </section>
        <WireSection wire={wire} />
        <KeySection wire={wire} />
      </main>
      <footer class="colophon">
        <p>
          The classic profile hides payloads from a casual look and no more: whoever saw the connection open
          can derive the key. What must stay secret travels over wss:// or mqtts://.
        </p>
      </footer>
    </div>
  );
}

function SecondInvitation(): JSX.Element {
  return (
    <section class="panel invitation hue-B" aria-labelledby="player-B">
      <span class="badge" aria-hidden="true">
        B
      </span>
      <h3 id="player-B">Player B</h3>
      <p>
        Open a second login of the same account, as if the player had picked up another device. Player A is
        told by a push, and then disconnected.
      </p>
      <button type="button" class="action" onClick={openSecond}>
        Open a second login
      </button>
    </section>
  );
}
