/**
 * Sessions whose connection is a list of what was done to it, for tests.
 */
import type { Encoding, Push } from "@mqplay/shared";
import { Session, type CloseReason, type SessionLink } from "../session.ts";

/** A push as it would go out, or the connection's end. */
export type LinkEvent =
  | { readonly push: Push; readonly encoding: Encoding; readonly text: string }
  | { readonly closed: CloseReason };

/** A connection that notes what is done to it. */
export class RecordedLink implements SessionLink {
  readonly events: LinkEvent[] = [];
  /** The topics that the client has subscribed. */
  readonly topics: ReadonlySet<"p" | "q">;

  constructor(topics: readonly ("p" | "q")[] = ["p", "q"]) {
    this.topics = new Set(topics);
  }

  push(push: Push, encoding: Encoding): boolean {
    if (!this.topics.has("p") && !(encoding === "protobuf" && this.topics.has("q"))) return false;
    this.events.push({ push, encoding, text: Buffer.from(push.content).toString() });
    return true;
  }

  close(reason: CloseReason): void {
    this.events.push({ closed: reason });
  }

  /** The texts of pushes, in order. */
  get texts(): string[] {
    return this.events.flatMap((event) => ("text" in event ? [event.text] : []));
  }

  /** Why it was closed, or undefined. */
  get closed(): CloseReason | undefined {
    return this.events.flatMap((event) => ("closed" in event ? [event.closed] : []))[0];
  }
}

/** A session and its link. */
export interface RecordedSession {
  readonly session: Session;
  readonly link: RecordedLink;
}

/** Makes a session. */
export function createSession(id: string, topics?: readonly ("p" | "q")[]): RecordedSession {
  const link = new RecordedLink(topics);
  return { session: new Session(id, `client-id-of-${id}`.padEnd(32, "0"), "192.0.2.1", link), link };
}
