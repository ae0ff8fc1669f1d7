import { defineConfig, type UserConfig } from "vite";

// The server serves the built page at "/", with its WebSocket at "/ws" of the same origin. For `npm run dev` the page
// comes from vite, and /ws is passed on to a server that runs beside it.
const server = "http://127.0.0.1:8080";

const config: UserConfig = defineConfig({
  // The packages are taken from their source: no build comes before this one.
  resolve: { conditions: ["@mqplay/source", "module", "browser", "development|production"] },
  build: {
    target: "es2023",
    // A strict content security policy allows no data: URL and no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ["index.html", "arena/index.html"] },
  },
  server: { proxy: { "/ws": { target: server, ws: true } } },
});
export default config;
