/**
 * The pushes that a client of the test server has got, and those who wait for one.
 */
import {
  decodeMessage,
  jsonCodec,
  MqplayError,
  parseJson,
  protobufCodec,
  utf8Decode,
  type Encoding,
  type ModuleContract,
  type PushContract,
} from "@mqplay/shared";

/** A push that has arrived. */
export interface ReceivedPush {
  /** `Module.push` by its name in the contract, like `Arena.moved`, or its numbers where no contract has it. */
  readonly name: string;
  readonly module: number;
  readonly type: number;
  /** The decoded content; its text where no contract says what it is. */
  readonly content: unknown;
}

/** How a push is waited for. */
export interface WaitForPushOptions<T> {
  /** Passes over pushes whose content it returns false for. @default takes any */
  readonly where?: (content: T) => boolean;
  /** How long to wait, in ms of real time: the server's clock stands still. @default 1_000 */
  readonly timeoutMs?: number;
}

const DEFAULT_WAIT_MS = 1_000;

/** How many pushes, and how much of each, a failure shows. */
const MOST_SHOWN = 20;
const MOST_SHOWN_CHARS = 200;

const OPEN_BRACE = 0x7b;

/** A push of a contract and where it is from. */
interface KnownPush {
  readonly name: string;
  readonly module: number;
  readonly contract: PushContract;
}

/** One that has arrived; each is given to one waiter only. */
interface Arrived extends ReceivedPush {
  given: boolean;
}

interface Waiter {
  take(arrived: Arrived): boolean;
  end(reason: string | undefined): void;
}

/** One client's pushes. */
export class ReceivedPushes {
  readonly #known: readonly KnownPush[];
  readonly #arrived: Arrived[] = [];
  readonly #waiters = new Set<Waiter>();

  /** @param contracts those of the server's modules */
  constructor(contracts: readonly ModuleContract[]) {
    this.#known = contracts.flatMap((module) =>
      Object.entries(module.pushes).map(([key, contract]) => ({
        name: `${module.name}.${key}`,
        module: module.number,
        contract,
      })),
    );
  }

  /** Everything that has arrived, oldest first. */
  get all(): readonly ReceivedPush[] {
    return this.#arrived;
  }

  /** Takes a push in the clear. */
  take(plain: Uint8Array, encoding: Encoding): void {
    const push = encoding === "json" ? jsonCodec.decodePush(plain) : protobufCodec.decodePush(plain);
    const known = this.#known.find(
      ({ module, contract }) => module === push.module && contract.number === push.type,
    );
    // [push-2] A protobuf push comes on `p` with its protobuf as content; no protobuf message begins with "{".
    const isJson = encoding === "json" && push.content[0] === OPEN_BRACE;
    const arrived: Arrived = {
      name: known?.name ?? `module ${push.module} push ${push.type}`,
      module: push.module,
      type: push.type,
      content: known === undefined ? utf8Decode(push.content) : decode(known.contract, push.content, isJson),
      given: false,
    };
    this.#arrived.push(arrived);
    for (const waiter of this.#waiters) if (waiter.take(arrived)) break;
  }

  /** Waits for a push; see TestClient. @param ended says why no more will come, undefined while some may */
  wait<T>(push: PushContract<T>, options: WaitForPushOptions<T>, ended: string | undefined): Promise<T> {
    const known = this.#known.find(({ contract }) => contract === push);
    if (known === undefined) {
      const names = this.#known.map(({ name }) => name).join(", ");
      const detail = `${push.name} is no push of this server's modules; there are ${names}`;
      return Promise.reject(new MqplayError("invalidArgument", detail, { path: push.name }));
    }
    const { where, timeoutMs = DEFAULT_WAIT_MS } = options;
    const accepts = (arrived: Arrived): arrived is Arrived & { content: T } =>
      !arrived.given &&
      arrived.module === known.module &&
      arrived.type === push.number &&
      isContentOf(push, arrived.content) &&
      (where?.(arrived.content) ?? true);
    const wanted = `${known.name}${where === undefined ? "" : " that satisfies `where`"}`;
    return new Promise((resolve, reject) => {
      const takeIt = (arrived: Arrived): boolean => {
        if (!accepts(arrived)) return false;
        arrived.given = true;
        resolve(arrived.content);
        return true;
      };
      const giveUp = (why: string): void => reject(this.#failure(`${why}, waiting for ${wanted}`));
      if (this.#arrived.some(takeIt)) return;
      if (ended !== undefined) return giveUp(ended);
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        giveUp(`${timeoutMs} ms passed`);
      }, timeoutMs);
      const leave = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        take(arrived) {
          try {
            if (!takeIt(arrived)) return false;
          } catch (error) {
            reject(error); // `where` threw, and that is the test's to see
          }
          leave();
          return true;
        },
        end(reason) {
          leave();
          if (reason !== undefined) giveUp(reason);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** No more will come: whoever waits fails. Without a reason they are left alone: the test is over. */
  end(reason: string | undefined): void {
    for (const waiter of Array.from(this.#waiters)) waiter.end(reason);
  }

  #failure(what: string): MqplayError {
    const shown = this.#arrived.slice(-MOST_SHOWN).map(({ name, content, given }) => {
      const text = shorten(JSON.stringify(content, stringifyBigInt) ?? "undefined");
      return `\n  ${name} ${text}${given ? " (given to an earlier wait)" : ""}`;
    });
    const left = this.#arrived.length - shown.length;
    const earlier = left > 0 ? `\n  … ${left} earlier ones` : "";
    const list = shown.length === 0 ? " nothing" : `${earlier}${shown.join("")}`;
    return new MqplayError("callTimeout", `${what}; these pushes arrived:${list}`);
  }
}

function decode(contract: PushContract, content: Uint8Array, isJson: boolean): unknown {
  return isJson ? contract.content.fromJson(parseJson(content)) : decodeMessage(contract.content, content);
}

/** What was decoded by a contract is what the contract says. */
function isContentOf<T>(_push: PushContract<T>, content: unknown): content is T {
  return content !== undefined;
}

function stringifyBigInt(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

function shorten(text: string): string {
  return text.length <= MOST_SHOWN_CHARS ? text : `${text.slice(0, MOST_SHOWN_CHARS)}…`;
}
