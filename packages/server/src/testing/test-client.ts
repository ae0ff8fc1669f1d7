/**
 * A client of the test server: a player, as a test sees one. Calls, pushes, the end of the connection and the next one.
 */
import { randomUUID } from "node:crypto";
import {
  isSuccess,
  jsonCodec,
  MqplayError,
  protobufCodec,
  codeOfState,
  type DecodedAnswer,
  type Encoding,
  type ModuleContract,
  type PushContract,
} from "@mqplay/shared";
import type { Gate } from "../gate/gate.ts";
import type { RecordedLine } from "../runtime/testing/recorded-log.ts";
import type { SessionRegistry } from "../session/registry.ts";
import { createModuleCalls, type TestCallOptions, type TestModule } from "./module-calls.ts";
import { ReceivedPushes, type ReceivedPush, type WaitForPushOptions } from "./received-pushes.ts";
import { settle } from "./test-clock.ts";
import { Wire } from "./wire.ts";

/** How a client connects. */
export interface TestClientOptions {
  /** How its calls are written, and the one form in which it listens for pushes. @default "json" */
  readonly encoding?: Encoding;
  /** The address that the server sees. @default "127.0.0.1" */
  readonly remoteAddress?: string;
}

/** How a test wants a module. */
export interface TestModuleOptions {
  /** Calls this instance, `Name@instance`: in JSON clients only. [module-2] */
  readonly instance?: string;
}

/** What a client needs of its server. */
export interface TestClientDeps {
  readonly gate: Pick<Gate, "accept">;
  readonly sessions: Pick<SessionRegistry, "all" | "get" | "isCurrent">;
  readonly contracts: readonly ModuleContract[];
  readonly secret: boolean;
  readonly logs: readonly RecordedLine[];
}

/** Shorter than the time that test runners give a test, so that the call is named and not the test alone. */
const DEFAULT_CALL_WAIT_MS = 4_000;

/** A call under way. */
interface Pending {
  readonly name: string;
  readonly reject: (error: MqplayError) => void;
  readonly timer: NodeJS.Timeout;
}

/** A client: one connection after the other. Made by `server.guest()` and `server.user()`. */
export class TestClient {
  readonly #deps: TestClientDeps;
  readonly #encoding: Encoding;
  readonly #remoteAddress: string;
  readonly #pushes: ReceivedPushes;
  readonly #pending = new Set<Pending>();
  #wire: Wire | undefined;
  #sessionId = "";
  #closed: Promise<string> = Promise.resolve("never connected");
  #end: ((reason: string) => void) | undefined;
  /** Why the connection ended; undefined while it lives. */
  #endReason: string | undefined = "it was never connected";
  #token: string | undefined;
  #refreshToken: string | undefined;

  constructor(deps: TestClientDeps, options: TestClientOptions = {}) {
    this.#deps = deps;
    this.#encoding = options.encoding ?? "json";
    this.#remoteAddress = options.remoteAddress ?? "127.0.0.1";
    this.#pushes = new ReceivedPushes(deps.contracts);
  }

  /** The connection's session, as handlers see it: `call.sessionId`. */
  get sessionId(): string {
    return this.#sessionId;
  }

  /** Whether the connection lives. */
  get connected(): boolean {
    return this.#wire?.isOpen ?? false;
  }

  /** Whether somebody is logged in on the connection, as the server sees it now. */
  get loggedIn(): boolean {
    const session = this.#deps.sessions.get(this.#sessionId);
    return session !== undefined && this.#deps.sessions.isCurrent(session);
  }

  /** Resolves when the connection ends, with the reason: the server's (`kicked`, `loggedOut`, `limit` …) or `client`. */
  get closed(): Promise<string> {
    return this.#closed;
  }

  /** The access token of the newest login on this client, by which {@link TestClient.reconnect} resumes. */
  get token(): string | undefined {
    return this.#token;
  }

  /** The refresh token that came with it. */
  get refreshToken(): string | undefined {
    return this.#refreshToken;
  }

  /** Every push that has arrived, on this connection and those before it, oldest first. */
  get pushes(): readonly ReceivedPush[] {
    return this.#pushes.all;
  }

  /** The functions of a module, typed by its contract. */
  module<M extends ModuleContract>(contract: M, { instance }: TestModuleOptions = {}): TestModule<M> {
    if (instance !== undefined && this.#encoding === "protobuf") {
      throw new MqplayError(
        "invalidArgument",
        "a protobuf call has no place for an instance; use a JSON client",
        {
          path: "instance",
        },
      );
    }
    return createModuleCalls(contract, {
      encoding: this.#encoding,
      instanceName: instance === undefined ? undefined : `${contract.name}@${instance}`,
      call: (name, plain, options) => this.#call(name, plain, options),
      thrownBy: (name) => this.#thrownBy(name),
      onResponse: (response) => this.#keepTokens(response),
    });
  }

  /**
   * Calls by names or numbers with parameters of any kind, in JSON clients: what a client sends that keeps to no
   * contract. Resolves with the result as it is in JSON.
   */
  async call(
    module: string | number,
    func: string | number,
    params?: unknown,
    options: TestCallOptions = {},
  ): Promise<unknown> {
    if (this.#encoding === "protobuf") {
      throw new MqplayError("invalidArgument", "call() writes JSON; use a JSON client", { path: "encoding" });
    }
    const name = `${module}.${func}`;
    const plain = jsonCodec.encodeCall({ encoding: "json", module, func, params });
    const { state, msg, result } = await this.#call(name, plain, options);
    if (!isSuccess(state)) throw new MqplayError(codeOfState(state), msg, { state, fromPeer: true });
    return typeof result === "string" ? JSON.parse(result) : undefined;
  }

  /**
   * Resolves with the content of the first push of this kind that was not given to an earlier wait: one that has
   * arrived, or the next to come. When none comes, it rejects with a message that lists those that did.
   */
  waitForPush<T>(push: PushContract<T>, options: WaitForPushOptions<T> = {}): Promise<T> {
    return this.#pushes.wait(
      push,
      options,
      this.#endReason && `the connection had ended (${this.#endReason})`,
    );
  }

  /** Leaves as a client does, by DISCONNECT. Resolves when the server has noticed. */
  async disconnect(): Promise<void> {
    this.#wire?.disconnect();
    await settle();
  }

  /** Is gone as one whose network is lost. Resolves when the server has noticed. */
  async drop(): Promise<void> {
    this.#wire?.drop();
    await settle();
  }

  /**
   * Connects again, after leaving if it was still there. With a token its client id is the token, so that the server
   * resumes the login [connect-5]; when the token has ended, it is nobody, see {@link TestClient.loggedIn}.
   */
  async reconnect(): Promise<void> {
    if (this.connected) await this.disconnect();
    await this.connect();
  }

  /** Connects; the server's `user()` and `guest()` have done it. @throws MqplayError `connectFailed` */
  async connect(): Promise<void> {
    const { gate, secret, sessions } = this.#deps;
    const clientId = this.#token ?? randomUUID().replaceAll("-", "");
    this.#closed = new Promise((resolve) => (this.#end = resolve));
    this.#wire = await Wire.open({
      gate,
      secret,
      clientId,
      encoding: this.#encoding,
      remoteAddress: this.#remoteAddress,
      onPush: (plain) => this.#pushes.take(plain, this.#encoding),
      onClosed: () => this.#handleClosed(),
    });
    this.#endReason = undefined;
    for (const session of sessions.all()) if (session.clientId === clientId) this.#sessionId = session.id;
  }

  /** Notes the tokens of a login, for the next connection. */
  keepTokens(tokens: { readonly token: string; readonly refreshToken: string }): void {
    this.#token = tokens.token;
    this.#refreshToken = tokens.refreshToken;
  }

  /** The test is over: leaves no timer behind. What is under way is left alone, for nobody waits for it any more. */
  forget(): void {
    for (const { timer } of this.#pending) clearTimeout(timer);
    this.#pending.clear();
    this.#pushes.end(undefined);
    this.#wire?.drop();
  }

  #call(name: string, plain: Uint8Array, options: TestCallOptions): Promise<DecodedAnswer> {
    const { timeoutMs = DEFAULT_CALL_WAIT_MS } = options;
    const codec = this.#encoding === "json" ? jsonCodec : protobufCodec;
    return new Promise((resolve, reject) => {
      const wire = this.#wire;
      if (wire === undefined || !wire.isOpen) {
        const detail = `${name} was not sent: the connection has ended (${this.#endReason ?? "just now"})`;
        throw new MqplayError("notConnected", detail, { mayHaveRun: false });
      }
      const timer = setTimeout(() => {
        this.#pending.delete(pending);
        const detail =
          `${name} was not answered within ${timeoutMs} ms of real time. The server's clock stands still: ` +
          `what waits for it goes on when the test calls server.clock.advance(ms)`;
        reject(new MqplayError("callTimeout", detail, { mayHaveRun: true }));
      }, timeoutMs);
      const pending: Pending = { name, reject, timer };
      this.#pending.add(pending);
      wire.call(plain, (answer) => {
        clearTimeout(timer);
        this.#pending.delete(pending);
        try {
          resolve(codec.decodeAnswer(answer));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #handleClosed(): void {
    const reason = this.#reasonInLog() ?? "client";
    this.#endReason = reason;
    this.#end?.(reason);
    for (const { name, reject, timer } of this.#pending) {
      clearTimeout(timer);
      const detail = `the connection ended (${reason}) before ${name} was answered`;
      reject(new MqplayError("connectionLost", detail, { mayHaveRun: true }));
    }
    this.#pending.clear();
    this.#pushes.end(`the connection ended (${reason})`);
  }

  /** The wire does not say why a connection ends; the gate's log does. */
  #reasonInLog(): string | undefined {
    const line = this.#deps.logs.findLast(
      ({ fields }) => fields["session"] === this.#sessionId && fields["reason"] !== undefined,
    );
    return line === undefined ? undefined : String(line.fields["reason"]);
  }

  #thrownBy(name: string): unknown {
    return this.#deps.logs.findLast(
      ({ level, fields }) =>
        level === "error" && fields["call"] === name && fields["session"] === this.#sessionId,
    )?.fields["err"];
  }

  /** Register, Login and RefreshToken answer with tokens, each at a place of its own. */
  #keepTokens(response: unknown): void {
    for (const place of [response, read(response, "tokenInfo"), read(response, "tokenData")]) {
      const token = read(place, "token");
      const refreshToken = read(place, "refreshToken");
      if (typeof token === "string" && typeof refreshToken === "string")
        this.keepTokens({ token, refreshToken });
    }
  }
}

function read(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
