/**
 * The demo page: two players on one server, and everything that travels between them and it.
 * Starts here; app.tsx is what it shows.
 */
import { render } from "preact";
import { App } from "./app.tsx";
import "./style/tokens.css";
import "./style/page.css";
import "./style/controls.css";
import "./style/panel.css";
import "./style/wire.css";
import "./style/key.css";

const page = document.getElementById("page");
if (page === null) throw new Error('index.html has no element with the id "page"');
render(<App />, page);
