/**
 * The arena's page: a room in which players walk about and pick up points.
 * Starts here; visitor.ts talks to the server, world.ts knows who is where, page.tsx shows it.
 */
import { render } from "preact";
import { ArenaPage } from "./page.tsx";
import { Visitor } from "./visitor.ts";
import "../../src/style/tokens.css";
import "../../src/style/page.css";
import "../../src/style/controls.css";
import "./arena.css";

const page = document.getElementById("page");
if (page === null) throw new Error('index.html has no element with the id "page"');

const room = new URLSearchParams(location.search).get("room")?.toLowerCase() ?? "";
const visitor = new Visitor({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
  room: /^[a-z0-9-]{1,32}$/.test(room) ? room : "lobby",
});
render(<ArenaPage visitor={visitor} />, page);
visitor.resume();
