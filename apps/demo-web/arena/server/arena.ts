/**
 * The module Arena: who is in which room, and who is told what. Rooms themselves are room.ts.
 */
import { fail, implement, type EndedSession, type ModuleContext, type ServerModule } from "@mqplay/server";
import { Arena } from "../contracts/arena.ts";
import { Pace } from "./pace.ts";
import { Room } from "./room.ts";

/** Rooms at once. With the seats of a room it bounds what the module can cost. */
const MAX_ROOMS = 100;

const groupOf = (room: string): string => `arena/${room}`;

/** Makes the module, with no room open. */
export function createArena(): ServerModule {
  let server: ModuleContext;
  const rooms = new Map<string, Room>();
  /** The one room that a user is in, by user id. */
  const roomOf = new Map<string, Room>();
  /** How fast users call, by user id. */
  const paces = new Map<string, Pace>();

  function openRoom(name: string): Room {
    if (rooms.size >= MAX_ROOMS) throw fail(Arena.errors.tooManyRooms);
    const room = new Room({
      clock: server.clock,
      tell(push, content) {
        server.pushes.send({ group: groupOf(name) }, push, content).catch((error: unknown) => {
          server.log.error({ err: error, push: push.name }, "A push to a room failed");
        });
      },
      left(userId, sessionId) {
        roomOf.delete(userId);
        if (room.isEmpty) rooms.delete(name);
        void server.pushes.leave(groupOf(name), sessionId);
      },
    });
    rooms.set(name, room);
    return room;
  }

  /** Lets a user call, unless it calls too fast. */
  function keepPace(userId: string): void {
    const pace = paces.get(userId) ?? new Pace(server.clock);
    paces.set(userId, pace);
    const waitMs = pace.step();
    if (waitMs > 0) throw fail("tooManyRequests", { retryAfterMs: waitMs });
  }

  /** A session can be pushed to no more: its user's seat waits for the next one. */
  function sessionEnded({ sessionId, userId }: EndedSession): void {
    if (userId === undefined) return;
    paces.delete(userId);
    roomOf.get(userId)?.lose(userId, sessionId);
  }

  return implement(
    Arena,
    {
      async join(call, { room: roomName, name }) {
        if (call.via === "http") throw fail(Arena.errors.notConnected);
        const { userId } = call.user;
        keepPace(userId);
        const room = rooms.get(roomName) ?? openRoom(roomName);
        if (!room.hasSeatFor(userId)) throw fail(Arena.errors.roomFull);
        const former = roomOf.get(userId);
        if (former !== room) former?.leave(userId);
        roomOf.set(userId, room);
        room.join(userId, call.sessionId, name);
        // After it has a seat: should the session end meanwhile, the seat is given up like any other.
        const isHeard = await call.pushes.join(groupOf(roomName), call.sessionId);
        if (!isHeard) sessionEnded({ sessionId: call.sessionId, userId });
        const view = isHeard ? room.viewOf(userId) : undefined;
        if (view === undefined) throw fail(Arena.errors.notConnected);
        return view;
      },

      move(call, { dx, dy }) {
        const { userId } = call.user;
        const room = roomOf.get(userId);
        if (room === undefined) throw fail(Arena.errors.notInRoom);
        keepPace(userId);
        room.turn(userId, dx, dy);
      },

      leave(call) {
        roomOf.get(call.user.userId)?.leave(call.user.userId);
      },
    },
    {
      start(context) {
        server = context;
      },
      sessionEnded,
      stop() {
        for (const room of rooms.values()) room.close();
      },
    },
  );
}

/** The module, ready to be served. */
export const arena: ServerModule = createArena();
