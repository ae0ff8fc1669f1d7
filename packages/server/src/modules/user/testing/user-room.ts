/**
 * A user module in a runtime, with sessions, memory stores and a clock of the test's own.
 */
import { accountNameKey } from "../../../store/accounts/name-key.ts";
import type { Account, AccountStore, NewAccount } from "../../../store/accounts/accounts.ts";
import { MemoryAttemptStore } from "../../../store/attempts/memory-attempts.ts";
import { MemoryCodeStore } from "../../../store/codes/memory-codes.ts";
import { MemoryTokenStore } from "../../../store/tokens/memory-tokens.ts";
import type { SingleLogin } from "../../../runtime/sessions.ts";
import { createRuntime, type Caller } from "../../../runtime/runtime.ts";
import { noPushes } from "../../../runtime/testing/echo.ts";
import { ManualClock } from "../../../runtime/testing/manual-clock.ts";
import { createRecordedLog, type RecordedLog } from "../../../runtime/testing/recorded-log.ts";
import { createSessionRegistry, type SessionRegistry } from "../../../session/registry.ts";
import { createSession, type RecordedSession } from "../../../session/testing/recorded-link.ts";
import type { CodeMessage } from "../code-sender.ts";
import type { UserOptions } from "../options.ts";
import { createUserModule, type UserModule, type UserModuleDeps } from "../user.ts";

/** Accounts in a map. */
export class MapAccounts implements AccountStore {
  readonly byId = new Map<string, Account>();
  /** Runs before each answer; a test may have it wait or throw. */
  before: (method: string) => Promise<void> = async () => {};
  queries = 0;

  async findByName(name: string): Promise<Account | undefined> {
    const key = accountNameKey(name);
    return await this.#find("findByName", (account) => account.nameKey === key);
  }

  async findById(id: string): Promise<Account | undefined> {
    return await this.#find("findById", (account) => account.id === id);
  }

  async findByPhone(phone: string): Promise<Account | undefined> {
    return await this.#find("findByPhone", (account) => account.phone === phone);
  }

  async create(account: NewAccount): Promise<"created" | "taken"> {
    await this.#query("create");
    const nameKey = accountNameKey(account.name);
    for (const other of this.byId.values()) if (other.nameKey === nameKey) return "taken";
    this.byId.set(account.id, { phone: undefined, openId: undefined, ...account, nameKey, frozen: false });
    return "created";
  }

  async setPassword(id: string, passwordHash: string, options: { ifHash?: string } = {}): Promise<boolean> {
    await this.#query("setPassword");
    const account = this.byId.get(id);
    if (account === undefined) return false;
    if (options.ifHash !== undefined && account.passwordHash !== options.ifHash) return false;
    this.byId.set(id, { ...account, passwordHash });
    return true;
  }

  async setFrozen(id: string, frozen: boolean): Promise<boolean> {
    await this.#query("setFrozen");
    const account = this.byId.get(id);
    if (account !== undefined) this.byId.set(id, { ...account, frozen });
    return account !== undefined;
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {}

  async #find(method: string, matches: (account: Account) => boolean): Promise<Account | undefined> {
    await this.#query(method);
    return [...this.byId.values()].find(matches);
  }

  async #query(method: string): Promise<void> {
    this.queries += 1;
    await this.before(method);
  }
}

/** What a call came to: its state, its text and its result as JSON. */
export interface Reply {
  readonly state: number;
  readonly msg: string;
  readonly data: unknown;
  readonly retryAfterMs: number | undefined;
}

/** How a test wants its room. */
export interface RoomOptions {
  readonly singleLogin?: SingleLogin;
  readonly options?: UserOptions;
  /** Over the parts that there are by default. */
  readonly deps?: Partial<UserModuleDeps>;
}

/** Everything around the user module. */
export interface TestRoom {
  readonly accounts: MapAccounts;
  readonly tokens: MemoryTokenStore;
  readonly sessions: SessionRegistry;
  readonly user: UserModule;
  readonly clock: ManualClock;
  readonly log: RecordedLog;
  /** Codes that were sent. */
  readonly sent: CodeMessage[];
  /** Lets a client in. */
  connect(id: string): RecordedSession;
  /** Calls a function on a session. */
  call(sessionId: string, func: string, params?: object, over?: Partial<Caller>): Promise<Reply>;
  /** Registers `name` with the password `secret1` on a session; returns its tokens. */
  register(sessionId: string, name: string): Promise<{ token: string; refreshToken: string; userId: string }>;
}

/** Makes a room. */
export async function openRoom({
  singleLogin = "kick",
  options = {},
  deps = {},
}: RoomOptions = {}): Promise<TestRoom> {
  const clock = new ManualClock();
  const now = (): number => clock.nowMs();
  const log = createRecordedLog();
  const accounts = new MapAccounts();
  const tokens = new MemoryTokenStore({ now });
  const sessions = createSessionRegistry({ clock, log }, { singleLogin });
  const sent: CodeMessage[] = [];
  const user = createUserModule(
    {
      accounts,
      tokens,
      sessions,
      codes: new MemoryCodeStore({ now }),
      attempts: new MemoryAttemptStore({ now }),
      codeSender: { send: async (message) => void sent.push(message) },
      log,
      clock,
      ...deps,
    },
    options,
  );
  sessions.watch(user.watcher);
  const runtime = createRuntime({
    builtInModules: [user.module],
    modules: [],
    sessions,
    pushes: noPushes,
    log,
    clock,
  });
  await runtime.start();

  const call: TestRoom["call"] = async (sessionId, func, params, over = {}) => {
    const session = sessions.get(sessionId);
    const caller: Caller = {
      sessionId,
      identity: session?.identity,
      remoteAddress: "192.0.2.1",
      via: "mqtt",
      signal: session?.ended.signal ?? new AbortController().signal,
      ...over,
    };
    const answer = await runtime.invoke({ encoding: "json", module: "User", func, params }, caller);
    const { state, msg, result, retryAfterMs } = answer;
    return { state, msg, data: typeof result === "string" ? JSON.parse(result) : undefined, retryAfterMs };
  };
  return {
    accounts,
    tokens,
    sessions,
    user,
    clock,
    log,
    sent,
    connect(id) {
      const made = createSession(id);
      sessions.add(made.session);
      return made;
    },
    call,
    async register(sessionId, name) {
      const { data } = await call(sessionId, "Register", { username: name, password: "secret1" });
      return {
        userId: textAt(data, "result"),
        token: textAt(data, "tokenInfo", "token"),
        refreshToken: textAt(data, "tokenInfo", "refreshToken"),
      };
    },
  };
}

/** Reads a text within a reply's data. */
export function textAt(data: unknown, ...path: readonly string[]): string {
  let value = data;
  for (const key of path)
    value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  if (typeof value !== "string") throw new Error(`${path.join(".")} is no text in ${JSON.stringify(data)}`);
  return value;
}
