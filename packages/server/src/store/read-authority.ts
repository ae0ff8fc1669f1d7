/**
 * Reads the certificate authority that a store's server must be signed by.
 */
import { readFileSync } from "node:fs";
import { MqplayError } from "@mqplay/shared";

/**
 * Returns the PEM text of a file.
 * @param setting the setting that names the file
 * @throws MqplayError `configInvalid` when it cannot be read
 */
export function readAuthority(path: string, setting: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new MqplayError("configInvalid", `the certificate authority ${path} cannot be read`, {
      cause,
      path: setting,
    });
  }
}
