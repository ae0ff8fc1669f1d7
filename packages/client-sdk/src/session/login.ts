/**
 * Who is logged in, as far as this end knows: read off the answers, told to whoever listens.
 */
import type { MqplayError } from "@mqplay/shared";

/** A user, as GetSelfInfo tells of them. */
export interface LoginUser {
  readonly userId: string;
  /** Empty as long as the server has not been asked. */
  readonly userName: string;
}

/**
 * Why a login is over.
 * - `loggedOut`: the player logged out, here or where the tokens are shared;
 * - `expired`: the server does not know the login any more;
 * - `kicked`: the account logged in elsewhere. [push-3]
 */
export type LoginEnd = "loggedOut" | "expired" | "kicked";

/** The login of a game. */
export type LoginState =
  /** Nobody has logged in yet. */
  | { readonly name: "none" }
  | {
      readonly name: "loggedIn";
      /** Undefined as long as the server has not said it. */
      readonly user: LoginUser | undefined;
      /** When the access token ends, in ms since 1970, unless it is refreshed before; undefined where nobody knows. */
      readonly untilMs: number | undefined;
    }
  /** Somebody was logged in and is no more: time to show the login. */
  | { readonly name: "over"; readonly reason: LoginEnd; readonly error: MqplayError | undefined };

/** Holds the state, and tells of changes. */
export class Login {
  #state: LoginState = { name: "none" };
  readonly #onChange: (state: LoginState) => void;

  constructor(onChange: (state: LoginState) => void) {
    this.#onChange = onChange;
  }

  get state(): LoginState {
    return this.#state;
  }

  begin(user: LoginUser | undefined, untilMs: number | undefined): void {
    this.#move({ name: "loggedIn", user, untilMs });
  }

  /** Does nothing when nobody is logged in. */
  end(reason: LoginEnd, error?: MqplayError): void {
    if (this.#state.name === "loggedIn") this.#move({ name: "over", reason, error });
  }

  #move(state: LoginState): void {
    this.#state = state;
    this.#onChange(state);
  }
}
