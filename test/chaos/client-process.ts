/**
 * The clients of the chaos, in a process of their own: each calls and listens until it is told to stop.
 */
import { connect, isMqplayError, memoryTokens, type Game, type ModuleClient } from "@mqplay/client-sdk";
import { lightLink } from "@mqplay/client-sdk/light";
import { measureMemory, serve } from "./child.ts";
import { Chaos, type Mark } from "./contract.ts";

/** How many clients there are, and where they go. */
export interface ClientSettings {
  readonly clients: number;
  readonly mqttPort: number;
  readonly wsPort: number;
  /** Longest pause between two calls of a client, in ms. */
  readonly pauseMs: number;
}

const TIMEOUTS_MS = [500, 1_500, 4_000] as const;
/** A client that is not back by then has not come back. */
const READY_LIMIT_MS = 30_000;

interface Client {
  readonly at: number;
  readonly game: Game;
  readonly chaos: ModuleClient<typeof Chaos>;
  calls: number;
}

let settings: ClientSettings | undefined;
const clients: Client[] = [];
const playing = { isOver: false, loops: [] as Promise<void>[] };
const ends = new Map<string, number>();
const report = {
  started: 0,
  ended: 0,
  /** The longest that a call ended after its own time limit, in ms. */
  latestMs: Number.NEGATIVE_INFINITY,
  wrongAnswers: 0,
  untyped: [] as string[],
  pushes: 0,
  pushesOutOfOrder: 0,
  reconnects: 0,
  loginsOver: 0,
};

async function open(at: number, { mqttPort, wsPort }: ClientSettings): Promise<Client> {
  const encoding = at % 2 === 0 ? "json" : "protobuf";
  const url = at % 3 === 0 ? `mqtt://127.0.0.1:${mqttPort}` : `ws://127.0.0.1:${wsPort}`;
  const link = at % 3 === 1 ? { link: lightLink } : {};
  const game = await connect(url, { encoding, tokens: memoryTokens(), ...link });
  game.on("state", ({ name }) => {
    if (name === "reconnecting") report.reconnects++;
  });
  game.on("login", ({ name }) => {
    if (name === "over") report.loginsOver++;
  });
  await game.user.register({ username: `chaos-${at}`, password: "correct horse" });
  const chaos = game.module(Chaos);
  let last = 0;
  chaos.on("numbered", ({ client, number }) => {
    report.pushes++;
    if (number <= last || client !== at) report.pushesOutOfOrder++;
    last = number;
  });
  await chaos.listen({ client: at, number: 0 });
  return { at, game, chaos, calls: 0 };
}

async function callOnce(client: Client, func: "echo" | "count"): Promise<void> {
  const mark: Mark = { client: client.at, number: ++client.calls };
  const timeoutMs = TIMEOUTS_MS[client.calls % TIMEOUTS_MS.length] ?? 1_500;
  const startedMs = performance.now();
  report.started++;
  const end = await client.chaos[func](mark, { timeoutMs }).then(
    (answer) => {
      if (answer.number !== mark.number || answer.client !== mark.client) report.wrongAnswers++;
      return "answered";
    },
    (error: unknown) => {
      if (isMqplayError(error)) return error.code;
      report.untyped.push(String(error));
      return "untyped";
    },
  );
  report.ended++;
  report.latestMs = Math.max(report.latestMs, performance.now() - startedMs - timeoutMs);
  ends.set(`${func} ${end}`, (ends.get(`${func} ${end}`) ?? 0) + 1);
}

async function play(client: Client, func: "echo" | "count", pauseMs: number): Promise<void> {
  while (!playing.isOver) {
    await callOnce(client, func);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * pauseMs));
  }
}

const answers = {
  async open(given: ClientSettings) {
    settings = given;
    // A few at a time: each registration is a password to be hashed.
    for (let at = 0; at < given.clients; at += 8) {
      const some = Array.from({ length: Math.min(8, given.clients - at) }, (_, more) =>
        open(at + more, given),
      );
      clients.push(...(await Promise.all(some)));
    }
  },
  play() {
    playing.isOver = false;
    const pauseMs = settings?.pauseMs ?? 0;
    playing.loops = clients.flatMap((client) => [
      play(client, "echo", pauseMs),
      play(client, "count", pauseMs),
    ]);
  },
  /** Ends the playing; answered when every call has ended. */
  async finish() {
    playing.isOver = true;
    await Promise.all(playing.loops);
    playing.loops = [];
  },
  /** Waits until every client has had an answer that left after this question. Returns how long it took, in ms. */
  async ready() {
    const startedMs = performance.now();
    await Promise.all(
      clients.map(async ({ at, game, chaos }) => {
        await chaos.listen({ client: at, number: 0 }, { timeoutMs: READY_LIMIT_MS });
        if (game.state.name !== "ready") throw new Error(`client ${at} is ${game.state.name}`);
      }),
    );
    return performance.now() - startedMs;
  },
  memory: () => measureMemory(),
  report: () => ({
    ...report,
    ends: Object.fromEntries(ends),
    pending: clients.reduce((sum, { game }) => sum + game.stats.pending, 0),
    strayAnswers: clients.reduce((sum, { game }) => sum + game.stats.strayAnswers, 0),
    loggedIn: clients.filter(({ game }) => game.login.name === "loggedIn").length,
  }),
  async close() {
    await Promise.all(clients.splice(0).map(({ game }) => game.close()));
  },
};

/** What this process can be asked. */
export type ClientAnswers = typeof answers;

serve(answers);
