/**
 * GetSelfInfo: who is logged in. The most frequent call: answered at once where the name is remembered.
 */
import type { User } from "@mqplay/shared";
import { fail } from "../../runtime/fail.ts";
import type { Handlers } from "../../runtime/define-module.ts";
import type { Profile } from "./profiles.ts";
import type { UserRoom } from "./room.ts";

type GetSelfInfoHandler = Handlers<typeof User>["getSelfInfo"];

/** Makes the handler of GetSelfInfo. */
export function createGetSelfInfo({ profiles }: UserRoom): GetSelfInfoHandler {
  return (call) => {
    const { userId } = call.user;
    const profile = profiles.peek(userId);
    return profile === undefined ? profiles.get(userId).then(selfInfo) : selfInfo(profile);
  };
}

function selfInfo(profile: Profile | undefined): Profile["selfInfo"] {
  // The account is gone: whoever this was must log in again, and cannot.
  if (profile === undefined) throw fail("needLogin");
  if (profile.frozen) throw fail("frozen");
  return profile.selfInfo;
}
