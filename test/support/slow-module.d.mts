import type { ServerModule } from "@mqplay/server";

/** Exported for the setting `modules`. */
export const slowModule: ServerModule;
