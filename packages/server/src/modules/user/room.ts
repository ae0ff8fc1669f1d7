/**
 * What the functions of the user module share.
 */
import type { Log } from "../../ops/log.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Sessions } from "../../runtime/sessions.ts";
import type { AccountStore } from "../../store/accounts/accounts.ts";
import type { AttemptStore } from "../../store/attempts/attempts.ts";
import type { CodeStore } from "../../store/codes/codes.ts";
import type { TokenStore } from "../../store/tokens/tokens.ts";
import type { CallbackCaller } from "./callbacks.ts";
import type { CodeSender } from "./code-sender.ts";
import type { Logins } from "./logins.ts";
import type { ResolvedUserOptions } from "./options.ts";
import type { Passwords } from "./passwords.ts";
import type { Profiles } from "./profiles.ts";

/** Everything that a function of the user module works with. */
export interface UserRoom {
  readonly accounts: AccountStore;
  readonly tokens: TokenStore;
  /** Undefined where the server has none: functions that need codes answer ServerIsDown. */
  readonly codes: CodeStore | undefined;
  readonly codeSender: CodeSender | undefined;
  /** Undefined where the server counts no attempts. */
  readonly attempts: AttemptStore | undefined;
  readonly sessions: Sessions;
  readonly passwords: Passwords;
  readonly profiles: Profiles;
  readonly logins: Logins;
  readonly callbacks: CallbackCaller;
  readonly clock: Clock;
  readonly log: Log;
  readonly options: ResolvedUserOptions;
}
