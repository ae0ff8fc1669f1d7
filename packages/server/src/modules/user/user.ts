/**
 * The module User, number 2: accounts, logins, tokens. One file per function.
 */
import { User } from "@mqplay/shared";
import type { Log } from "../../ops/log.ts";
import type { Identity } from "../../runtime/caller.ts";
import { systemClock, type Clock } from "../../runtime/clock.ts";
import { implement, type ServerModule } from "../../runtime/define-module.ts";
import type { Sessions } from "../../runtime/sessions.ts";
import type { AccountStore } from "../../store/accounts/accounts.ts";
import type { AttemptStore } from "../../store/attempts/attempts.ts";
import type { CodeStore } from "../../store/codes/codes.ts";
import type { TokenStore } from "../../store/tokens/tokens.ts";
import { CallbackCaller, type UserCallbacks } from "./callbacks.ts";
import { createChangePasswordByPassword } from "./change-password-by-password.ts";
import { createChangePasswordByVerifyCode } from "./change-password-by-verify-code.ts";
import { createCheckVerifyCodeAvailable } from "./check-verify-code-available.ts";
import type { CodeSender } from "./code-sender.ts";
import { createEnter, type Enter } from "./enter.ts";
import { createGetSelfInfo } from "./get-self-info.ts";
import { createGetVerifyCode } from "./get-verify-code.ts";
import { createLogin } from "./login.ts";
import { Logins } from "./logins.ts";
import { createLogout } from "./logout.ts";
import { resolveUserOptions, type UserOptions } from "./options.ts";
import { Passwords } from "./passwords.ts";
import { Profiles } from "./profiles.ts";
import { createRefreshToken } from "./refresh-token.ts";
import { createRegister } from "./register.ts";
import type { UserRoom } from "./room.ts";
import { createSendForgotPasswordVrifyCode } from "./send-forgot-password-vrify-code.ts";

/** What the user module works with. */
export interface UserModuleDeps {
  readonly accounts: AccountStore;
  readonly tokens: TokenStore;
  readonly sessions: Sessions;
  readonly log: Log;
  /** Verification codes; without them the functions that need codes answer ServerIsDown. */
  readonly codes?: CodeStore | undefined;
  readonly codeSender?: CodeSender | undefined;
  /** Counts attempts to log in; without it nobody has to wait after a wrong password. */
  readonly attempts?: AttemptStore | undefined;
  /** The Go server's private key, by which imported accounts log in once; without it those cannot. A secret. */
  readonly legacyPrivateKey?: string | undefined;
  /** What the application hears of its users. */
  readonly callbacks?: UserCallbacks | undefined;
  /** @default the machine's own */
  readonly clock?: Clock | undefined;
}

/** The user module, and what the rest of the server needs of it. */
export interface UserModule {
  readonly module: ServerModule;
  /** Finds the login of an access token: for resuming [connect-5] and for HTTP. Rejects when the store is away. */
  resolveToken(token: string): Promise<Identity | undefined>;
  /** Tells the application's callbacks of sessions; give it to the registry's `watch`. */
  readonly watcher: CallbackCaller;
  /** Logs a session in without a password: the program vouches for the user. See enter.ts. */
  readonly enter: Enter;
  /** Freezes or thaws an account; frozen, its logins end at once. Returns false when there is no such account. */
  setFrozen(userId: string, frozen: boolean): Promise<boolean>;
}

/**
 * Makes the user module.
 * @throws MqplayError `configInvalid` when an option is out of its range
 */
export function createUserModule(deps: UserModuleDeps, options: UserOptions = {}): UserModule {
  const resolved = resolveUserOptions(options);
  const { accounts, tokens, sessions, log, clock = systemClock } = deps;
  const callbacks = new CallbackCaller(deps.callbacks ?? {}, log);
  const profiles = new Profiles(accounts, clock, resolved);
  const logins = new Logins({ tokens, sessions, profiles, callbacks, clock }, resolved);
  const room: UserRoom = {
    accounts,
    tokens,
    codes: deps.codes,
    codeSender: deps.codeSender,
    attempts: deps.attempts,
    sessions,
    passwords: new Passwords(resolved, deps.legacyPrivateKey),
    profiles,
    logins,
    callbacks,
    clock,
    log,
    options: resolved,
  };
  return {
    module: implement(User, {
      login: createLogin(room),
      register: createRegister(room),
      getVerifyCode: createGetVerifyCode(room),
      getSelfInfo: createGetSelfInfo(room),
      logout: createLogout(room),
      refreshToken: createRefreshToken(room),
      changePasswordByVerifyCode: createChangePasswordByVerifyCode(room),
      changePasswordByPassword: createChangePasswordByPassword(room),
      checkVerifyCodeAvailable: createCheckVerifyCodeAvailable(room),
      sendForgotPasswordVrifyCode: createSendForgotPasswordVrifyCode(room),
    }),
    resolveToken: (token) => logins.resolve(token),
    watcher: callbacks,
    enter: createEnter(room),
    async setFrozen(userId, frozen) {
      const found = await accounts.setFrozen(userId, frozen);
      profiles.forget(userId);
      if (frozen) await logins.endUser(undefined, userId);
      return found;
    },
  };
}
