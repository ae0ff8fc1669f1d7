// The light link by name, for Node programs that want it: connect(url, { link: lightLink }). Browsers have it anyway.
import { openSocket } from "#platform";
import { createLightLink } from "./link/light/light.ts";
import type { OpenLink } from "./link/link.ts";

/** MQTT 3.1.1 over the host's WebSocket: `ws://` and `wss://` only. */
export const lightLink: OpenLink = createLightLink(openSocket);
export { createLightLink };
