/**
 * The module Push, number 3: what the push service does, for programs that are no modules of this server. Its
 * functions are internal, so no client can call them [module-4]; HTTP lets those in who show the admin token.
 */
import { PushModule } from "@mqplay/shared";
import { implement, type Handlers, type ServerModule } from "../../runtime/define-module.ts";
import { fail } from "../../runtime/fail.ts";
import type {
  PushBody,
  PushForm,
  PushOptions,
  PushOutcome,
  PushService,
  PushTarget,
} from "../../runtime/pushes.ts";

type SendRequest = Parameters<Handlers<typeof PushModule>["send"]>[1];

/** Makes the push module. */
export function createPushModule(pushes: PushService): ServerModule {
  return implement(PushModule, {
    async send(_call, request) {
      const body = createBody(request);
      const targets = targetsOf(request);
      if (targets.length === 0) throw fail(PushModule.errors.noTarget);
      const options: PushOptions = { form: formOf(request) };
      const kept: PushOptions =
        request.keepS === 0 ? options : { ...options, keep: { ttlMs: request.keepS * 1_000 } };
      const total = { sent: 0, kept: 0, dropped: 0 };
      for (const target of targets)
        add(total, await pushes.send(target, body, "users" in target ? kept : options));
      return total;
    },
    async join(_call, { group, sessions }) {
      const joined = await Promise.all(sessions.map(async (session) => await pushes.join(group, session)));
      return { joined: joined.filter(Boolean).length };
    },
    async leave(_call, { group, sessions }) {
      await Promise.all(sessions.map(async (session) => await pushes.leave(group, session)));
    },
  });
}

function createBody({ module, pushType, json, protobuf }: SendRequest): PushBody {
  const text = json === undefined ? undefined : Buffer.from(json);
  const [asJson, asProtobuf] = [text ?? protobuf, protobuf ?? text];
  if (asJson === undefined || asProtobuf === undefined) throw fail(PushModule.errors.noContent);
  return { module, type: pushType, json: () => asJson, protobuf: () => asProtobuf };
}

/** Nothing is converted: who gives one form has it sent in that form. */
function formOf({ json, protobuf }: SendRequest): PushForm {
  if (json !== undefined && protobuf !== undefined) return "auto";
  return json === undefined ? "protobuf" : "json";
}

function targetsOf({ users, sessions, groups, everyone }: SendRequest): PushTarget[] {
  // Who is named as well gets it no second time.
  if (everyone) return [{ everyone: true }];
  return [
    ...(users.length > 0 ? [{ users }] : []),
    ...(sessions.length > 0 ? [{ sessions }] : []),
    ...groups.map((group) => ({ group })),
  ];
}

function add(total: { sent: number; kept: number; dropped: number }, outcome: PushOutcome): void {
  total.sent += outcome.sent;
  total.kept += outcome.kept;
  total.dropped += outcome.dropped;
}
