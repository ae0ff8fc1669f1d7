/** slow-module.mjs under the name that tests import. */
export { slowModule } from "./slow-module.mjs";
