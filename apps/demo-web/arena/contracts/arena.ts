// Generated from arena.proto. Do not edit: change the .proto and generate again.
import { type Message, type ModuleContract, defineMessage } from "@mqplay/shared";

export interface JoinRequest {
  readonly room: string;
  /** What the others see; it need not be unique. */
  readonly name: string;
}
export const JoinRequest: Message<JoinRequest> = /* @__PURE__ */ defineMessage("JoinRequest", [
  { number: 1, name: "room", type: "string", required: true, maxLen: 32, pattern: /^(?:[a-z0-9-]+)$/u },
  { number: 2, name: "name", type: "string", required: true, maxLen: 20, pattern: /^(?:[\p{L}\p{N}][\p{L}\p{M}\p{N} ._'-]*)$/u },
]);

export interface JoinAnswer {
  /** The caller's own. */
  readonly seat: number;
  /** Everybody in the room, the caller included. */
  readonly players: readonly Player[];
  readonly points: readonly Point[];
}
export const JoinAnswer: Message<JoinAnswer> = /* @__PURE__ */ defineMessage("JoinAnswer", [
  { number: 1, name: "seat", type: "int32" },
  { number: 2, name: "players", type: "message", message: () => Player, repeated: true },
  { number: 3, name: "points", type: "message", message: () => Point, repeated: true },
]);

export interface MoveRequest {
  /** The direction; its length is the share of full speed, at most 1. Zero stops. */
  readonly dx: number;
  readonly dy: number;
}
export const MoveRequest: Message<MoveRequest> = /* @__PURE__ */ defineMessage("MoveRequest", [
  { number: 1, name: "dx", type: "double", min: -1, max: 1 },
  { number: 2, name: "dy", type: "double", min: -1, max: 1 },
]);

/** Somebody in the room. */
export interface Player {
  /** Its number in the room, from 1. */
  readonly seat: number;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly score: number;
  /** The connection was lost; the seat is kept for a while. */
  readonly away: boolean;
}
export const Player: Message<Player> = /* @__PURE__ */ defineMessage("Player", [
  { number: 1, name: "seat", type: "int32" },
  { number: 2, name: "name", type: "string" },
  { number: 3, name: "x", type: "double" },
  { number: 4, name: "y", type: "double" },
  { number: 5, name: "dx", type: "double" },
  { number: 6, name: "dy", type: "double" },
  { number: 7, name: "score", type: "int32" },
  { number: 8, name: "away", type: "bool" },
]);

/** Something to be picked up. */
export interface Point {
  readonly id: number;
  readonly x: number;
  readonly y: number;
}
export const Point: Message<Point> = /* @__PURE__ */ defineMessage("Point", [
  { number: 1, name: "id", type: "int32" },
  { number: 2, name: "x", type: "double" },
  { number: 3, name: "y", type: "double" },
]);

/** Somebody has come, or has come back. */
export interface Joined {
  readonly player: Player;
}
export const Joined: Message<Joined> = /* @__PURE__ */ defineMessage("Joined", [
  { number: 1, name: "player", type: "message", message: () => Player, required: true },
]);

/** Somebody heads elsewhere, from here on. */
export interface Moved {
  readonly seat: number;
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
}
export const Moved: Message<Moved> = /* @__PURE__ */ defineMessage("Moved", [
  { number: 1, name: "seat", type: "int32" },
  { number: 2, name: "x", type: "double" },
  { number: 3, name: "y", type: "double" },
  { number: 4, name: "dx", type: "double" },
  { number: 5, name: "dy", type: "double" },
]);

/** Somebody has picked up a point, and another one has appeared. */
export interface Scored {
  readonly seat: number;
  readonly score: number;
  /** The id of the point that is gone. */
  readonly picked: number;
  readonly appeared: Point;
}
export const Scored: Message<Scored> = /* @__PURE__ */ defineMessage("Scored", [
  { number: 1, name: "seat", type: "int32" },
  { number: 2, name: "score", type: "int32" },
  { number: 3, name: "picked", type: "int32" },
  { number: 4, name: "appeared", type: "message", message: () => Point, required: true },
]);

/** Somebody's connection was lost; the seat is kept for a while. */
export interface Away {
  readonly seat: number;
}
export const Away: Message<Away> = /* @__PURE__ */ defineMessage("Away", [
  { number: 1, name: "seat", type: "int32" },
]);

/** Somebody has left for good. */
export interface Left {
  readonly seat: number;
}
export const Left: Message<Left> = /* @__PURE__ */ defineMessage("Left", [
  { number: 1, name: "seat", type: "int32" },
]);

/** Rooms for players who walk about and pick up points. */
export const Arena = {
  name: "Arena",
  number: 11,
  funcs: {
    /** Takes a seat in a room. Whoever has one there gets it back, with position and score: after a cut, too. */
    join: {
      name: "Join",
      number: 1,
      request: JoinRequest,
      response: JoinAnswer,
      access: "user",
      idempotent: false,
      sticky: null,
      errors: [
        { state: 1, name: "roomFull", msg: "The room is full" },
        { state: 2, name: "tooManyRooms", msg: "There are too many rooms" },
        { state: 3, name: "notConnected", msg: "Only a connected client can be in a room" },
      ],
    },
    /** Heads in another direction, or stops. */
    move: {
      name: "Move",
      number: 2,
      request: MoveRequest,
      response: null,
      access: "user",
      idempotent: false,
      sticky: null,
      errors: [
        { state: 4, name: "notInRoom", msg: "Join a room first" },
      ],
    },
    /** Gives the seat up. Whoever has none has nothing to give up. */
    leave: {
      name: "Leave",
      number: 3,
      request: null,
      response: null,
      access: "user",
      idempotent: true,
      sticky: null,
      errors: [],
    },
  },
  pushes: {
    /** Somebody has come, or has come back. */
    joined: { name: "Joined", number: 1, content: Joined },
    /** Somebody heads elsewhere, from here on. */
    moved: { name: "Moved", number: 2, content: Moved },
    /** Somebody has picked up a point, and another one has appeared. */
    scored: { name: "Scored", number: 3, content: Scored },
    /** Somebody's connection was lost; the seat is kept for a while. */
    away: { name: "Away", number: 4, content: Away },
    /** Somebody has left for good. */
    left: { name: "Left", number: 5, content: Left },
  },
  errors: {
    roomFull: { state: 1, name: "roomFull", msg: "The room is full" },
    tooManyRooms: { state: 2, name: "tooManyRooms", msg: "There are too many rooms" },
    notConnected: { state: 3, name: "notConnected", msg: "Only a connected client can be in a room" },
    notInRoom: { state: 4, name: "notInRoom", msg: "Join a room first" },
  },
} as const satisfies ModuleContract;
