/**
 * The server of the chaos, in a process of its own. It can be restarted, and what its module counts outlives that.
 */
import {
  createLog,
  createServer,
  implement,
  resolveConfig,
  type ModulePushes,
  type Server,
} from "@mqplay/server";
import { measureMemory, serve } from "./child.ts";
import { Chaos, type Mark } from "./contract.ts";

/** What the server is started with. */
export interface ServerSettings {
  /** The address of the Redis that keeps sessions. */
  readonly sessions: string;
  /** The folder that keeps accounts. */
  readonly data: string;
  /** Time between two numbered pushes to each client, in ms. */
  readonly pushEveryMs: number;
}

/** Longest that a counted call takes, in ms: some run when their connection is cut. */
const MAX_WORK_MS = 60;
const DRAIN_MS = 500;

let settings: ServerSettings | undefined;
let server: Server | undefined;
let ports = { mqtt: 0, http: 0 };
let life = 0;
/** How often each counted call ran, in this life of the server and in all of them. */
let runsInLife = new Map<string, number>();
const runs = new Map<string, number>();
let twiceInLife = 0;
let twiceInAll = 0;
let counted = 0;
/** Who gets pushes, and the number of the last one. Outlives the server: numbers go on. */
const listeners = new Map<string, { readonly client: number; number: number }>();

function count(mark: Mark): void {
  const id = `${mark.client}/${mark.number}`;
  counted++;
  const inLife = (runsInLife.get(id) ?? 0) + 1;
  const inAll = (runs.get(id) ?? 0) + 1;
  runsInLife.set(id, inLife);
  runs.set(id, inAll);
  if (inLife > 1) twiceInLife++;
  if (inAll > 1) twiceInAll++;
}

const chaosModule = () => {
  let timer: NodeJS.Timeout | undefined;
  const push = (pushes: ModulePushes): void => {
    for (const [user, listener] of listeners) {
      listener.number++;
      const content = { client: listener.client, number: listener.number };
      void pushes.send({ user }, Chaos.pushes.numbered, content);
    }
  };
  return implement(
    Chaos,
    {
      echo: (_call, mark) => mark,
      count: async (_call, mark) => {
        count(mark);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * MAX_WORK_MS));
        return mark;
      },
      listen: (call, mark) => {
        if (!listeners.has(call.user.userId))
          listeners.set(call.user.userId, { client: mark.client, number: 0 });
        return mark;
      },
    },
    {
      start({ pushes }) {
        timer = setInterval(() => push(pushes), settings?.pushEveryMs);
      },
      stop: () => clearInterval(timer),
    },
  );
};

async function startServer(): Promise<void> {
  if (settings === undefined) throw new Error("there are no settings");
  life++;
  runsInLife = new Map();
  const { data, sessions } = settings;
  const config = resolveConfig({
    host: "127.0.0.1",
    mqtt: { port: ports.mqtt },
    http: { port: ports.http },
    store: { data, sessions },
    shutdown: { drainMs: DRAIN_MS },
  });
  const log = createLog({ level: "silent", format: "json", write: () => {} });
  server = await createServer({ config, log, modules: [chaosModule()] });
  await server.start();
  ports = { ...server.ports };
}

const answers = {
  async start(given: ServerSettings) {
    settings = given;
    await startServer();
    return ports;
  },
  async restart() {
    await server?.stop();
    await startServer();
  },
  async stop() {
    await server?.stop();
  },
  memory: () => measureMemory(),
  counts: () => ({ life, counted, twiceInLife, twiceInAll, calls: runs.size }),
  /** Forgets what only the test wanted to know, which would count as the server's memory. */
  forgetCounts() {
    runsInLife.clear();
    runs.clear();
  },
};

/** What this process can be asked. */
export type ServerAnswers = typeof answers;

serve(answers);
