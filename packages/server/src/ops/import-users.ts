/**
 * `mqplay-server import-users`: takes over the accounts of the Go server into the store that the configuration names,
 * and says what it came to.
 */
import { MqplayError } from "@mqplay/shared";
import type { Config } from "../config/schema.ts";
import { importBaseUsers } from "../store/accounts/import-base-users.ts";
import { createStores } from "../store/stores.ts";
import type { Log } from "./log.ts";

/** Names the Go server's database where the command line does not: an address with a password in it is seen by all users of a machine there. */
export const IMPORT_SOURCE_VARIABLE = "MQPLAY_IMPORT_USERS_FROM";

/**
 * Imports, and returns the report as lines for people.
 * @param source the Go server's database, `mysql://user:password@host:port/database`
 * @throws MqplayError `configInvalid` when the source or the store cannot be used, `serverIsDown` or `storageError`
 */
export async function importUsers(config: Config, source: string | undefined, log: Log): Promise<string> {
  if (source === undefined || source === "") {
    throw new MqplayError(
      "configInvalid",
      `say where the users are: mysql://user:password@host:3306/database, as an argument or in ${IMPORT_SOURCE_VARIABLE}`,
    );
  }
  const { accounts, data } = config.store;
  if (accounts === "embedded" && data === ":memory:") {
    throw new MqplayError("configInvalid", "store.data is :memory:, where users would be gone at once", {
      path: "store.data",
    });
  }
  await using stores = await createStores(
    { accounts, sessions: "memory", dataDir: data },
    { now: Date.now, log },
  );
  await stores.waitUntilReady();
  const report = await importBaseUsers(source, stores.accounts);
  const { imported, alreadyThere, withoutPhone, skipped, skippedCount } = report;
  const unlisted = skippedCount - skipped.length;
  return [
    `${imported} imported, ${withoutPhone} of them without their phone number because another account has it`,
    `${alreadyThere} were there already`,
    `${skippedCount} left out`,
    ...skipped.map(({ rowId, reason }) => `  row ${rowId}: ${reason}`),
    ...(unlisted > 0 ? [`  and ${unlisted} more`] : []),
    ...(config.user.legacyPasswordKey === ""
      ? ["They can log in once user.legacyPasswordKey is the Go server's PrivateKey."]
      : []),
    "",
  ].join("\n");
}
