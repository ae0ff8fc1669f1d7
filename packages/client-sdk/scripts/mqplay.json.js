// The same for pages whose game speaks JSON only.
export * from "../dist/json.js";
export { defineMessage } from "@mqplay/shared";
