/**
 * Certificates for tests, as files of a folder of their own.
 */
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import {
  createAuthority,
  createCertificate,
  daysFromNow,
  type KeyPair,
  type Validity,
} from "../../scripts/certificates.ts";
import { temporaryFolder } from "./server.ts";

export { daysFromNow, type KeyPair } from "../../scripts/certificates.ts";

/** How a file is replaced: as a whole, by another taking its name, or by being written over. */
export type Writing = "rename" | "in place";

/** An authority, and files with a certificate of its. Disposing removes them. */
export interface TestCertificates extends AsyncDisposable {
  /** PEM of the authority: what clients trust. */
  readonly ca: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** The section `tls` of a configuration that uses the files, and looks at them often. */
  readonly settings: { readonly certFile: string; readonly keyFile: string; readonly checkFilesMs: number };
  /** Makes another certificate of the authority, for `localhost` and `127.0.0.1`. */
  issue(valid?: Validity): Promise<KeyPair>;
  /** Puts files in place. */
  put(pair: Partial<KeyPair>, writing?: Writing): Promise<void>;
}

/** Makes an authority, a certificate and its files. */
export async function testCertificates(valid?: Validity): Promise<TestCertificates> {
  const folder = await temporaryFolder();
  const authority = await createAuthority("a test");
  const certFile = join(folder.path, "server.crt");
  const keyFile = join(folder.path, "server.key");
  const issue = (period: Validity = daysFromNow(90)): Promise<KeyPair> =>
    createCertificate(authority, ["localhost", "127.0.0.1"], period);

  async function put({ cert, key }: Partial<KeyPair>, writing: Writing = "rename"): Promise<void> {
    for (const [file, text] of [
      [keyFile, key],
      [certFile, cert],
    ] as const) {
      if (text === undefined) continue;
      const target = writing === "rename" ? `${file}.new` : file;
      await writeFile(target, text);
      if (writing === "rename") await rename(target, file);
    }
  }

  await put(await issue(valid));
  return {
    ca: authority.cert,
    certFile,
    keyFile,
    settings: { certFile, keyFile, checkFilesMs: 20 },
    issue,
    put,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/**
 * Opens a TLS connection and resolves when its handshake is done.
 * @param only the one version that the client speaks, even one that OpenSSL would not let it; all safe ones unless given
 */
export function connectTls(port: number, ca: string, only?: "TLSv1.1" | "TLSv1.2"): Promise<TLSSocket> {
  const versions =
    only === undefined ? {} : { minVersion: only, maxVersion: only, ciphers: "DEFAULT@SECLEVEL=0" };
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca, ...versions }, () => resolve(socket));
    socket.once("error", reject);
  });
}

/** The serial number of the certificate that a port shows now. */
export async function servedSerial(port: number, ca: string): Promise<string> {
  const socket = await connectTls(port, ca);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}
