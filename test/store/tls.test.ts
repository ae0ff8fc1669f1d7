import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { newAccount } from "../../packages/server/src/store/accounts/accounts.contract.ts";
import { newLogin } from "../../packages/server/src/store/tokens/tokens.contract.ts";
import { createAuthority, createCertificate } from "../../scripts/certificates.ts";
import { startMariadb } from "../support/mariadb.ts";
import { startRedis } from "../support/redis.ts";
import { openStores, waitForLine } from "./opening.ts";

/** A folder with an authority, a server's certificate signed by it, and another authority that signed nothing. */
async function newCertificates(): Promise<
  AsyncDisposable & {
    readonly ca: string;
    readonly otherCa: string;
    readonly certFile: string;
    readonly keyFile: string;
  }
> {
  const folder = await mkdtemp(join(tmpdir(), "mqplay-tls-"));
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const authority = await createAuthority();
  const { cert, key } = await createCertificate(authority, ["127.0.0.1", "localhost"]);
  return {
    ca: await write("ca.pem", authority.cert),
    otherCa: await write("other.pem", (await createAuthority()).cert),
    certFile: await write("cert.pem", cert),
    keyFile: await write("key.pem", key),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

describe("stores over TLS", () => {
  it("reach Redis when its certificate is signed by the named authority, and only then", async () => {
    await using certificates = await newCertificates();
    await using server = await startRedis({ own: true, tls: certificates });
    await using stores = await openStores({ sessions: `${server.url}&ca=${certificates.ca}` });
    await stores.waitUntilReady();
    expect(await stores.tokens.issue(newLogin())).toEqual({ endedLoginIds: [] });

    await using strangers = await openStores({ sessions: `${server.url}&ca=${certificates.otherCa}` });
    const stop = new AbortController();
    const waiting = strangers.waitUntilReady({ signal: stop.signal });
    await waitForLine(strangers.lines, "Waiting for a store that is away");
    await expect(strangers.ping()).rejects.toMatchObject({ code: "serverIsDown" });
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });

  it("reach MariaDB when its certificate is signed by the named authority, and only then", async () => {
    await using certificates = await newCertificates();
    await using server = await startMariadb({ own: true, tls: certificates });
    const address = await server.createDatabase();
    await using stores = await openStores({ accounts: `${address}?ca=${certificates.ca}` });
    await stores.waitUntilReady();
    expect(await stores.accounts.create(newAccount())).toBe("created");

    await using strangers = await openStores({ accounts: `${address}?ca=${certificates.otherCa}` });
    await expect(strangers.ping()).rejects.toMatchObject({ code: "serverIsDown" });
  });

  it("say which authority cannot be read", async () => {
    await expect(openStores({ sessions: "rediss://localhost?ca=/missing.pem" })).rejects.toMatchObject({
      code: "configInvalid",
      path: "store.sessions",
      detail: expect.stringContaining("/missing.pem"),
    });
    await expect(openStores({ accounts: "mysql://u@localhost/d?ca=/missing.pem" })).rejects.toMatchObject({
      code: "configInvalid",
      path: "store.accounts",
    });
  });
});
