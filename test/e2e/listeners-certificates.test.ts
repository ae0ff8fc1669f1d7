/**
 * Certificates: taken up while clients are connected, refused when something is wrong with them, and those that
 * `npm run certs` makes.
 */
import { readFileSync } from "node:fs";
import { rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "@mqplay/client-sdk";
import { describe, expect, test, vi } from "vitest";
import { RawClient } from "../support/raw-client.ts";
import { run } from "../support/process.ts";
import { repository, startServer, temporaryFolder, urlOf, type TestServer } from "../support/server.ts";
import {
  connectTls,
  daysFromNow,
  servedSerial,
  testCertificates,
  type TestCertificates,
  type Writing,
} from "../support/tls.ts";

const REFUSED = "a changed certificate is not taken; the one before it is served on";
const SERVED = "a new certificate is served";

function start(certificates: TestCertificates): Promise<TestServer> {
  return startServer({
    settings: {
      tls: certificates.settings,
      http: { tls: true },
      listeners: [
        { kind: "tls", port: 0 },
        { kind: "wss", port: 0 },
      ],
    },
  });
}

function tlsPorts(server: TestServer): number[] {
  return server.listeners.filter(({ kind }) => kind !== "tcp").map(({ port }) => port);
}

async function serials(server: TestServer, ca: string): Promise<string[]> {
  return await Promise.all(tlsPorts(server).map((port) => servedSerial(port, ca)));
}

describe("a changed certificate", () => {
  test.each<Writing>(["rename", "in place"])(
    "is taken up by every listener while clients stay connected (files written by: %s)",
    async (writing) => {
      await using certificates = await testCertificates();
      await using server = await start(certificates);
      const [before = ""] = await serials(server, certificates.ca);
      await using byTls = await RawClient.ready(urlOf(server, "tls"));
      await using byWss = await RawClient.ready(urlOf(server, "wss"));

      await certificates.put(await certificates.issue(), writing);
      await server.logged(SERVED);
      const [after, ...others] = await serials(server, certificates.ca);
      expect(after).not.toBe(before);
      expect(others).toEqual([after, after]);

      for (const client of [byTls, byWss]) expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
      await using game = await connect(urlOf(server, "tls"), { tls: { ca: certificates.ca } });
      await expect(game.user.getSelfInfo()).rejects.toMatchObject({ code: "needLogin" });
    },
  );

  test("is taken up when a symbolic link gets another target, as certbot does it", async () => {
    await using certificates = await testCertificates();
    await using folder = await temporaryFolder();
    const link = { certFile: join(folder.path, "live.crt"), keyFile: join(folder.path, "live.key") };
    await symlink(certificates.certFile, link.certFile);
    await symlink(certificates.keyFile, link.keyFile);
    await using server = await start({ ...certificates, settings: { ...certificates.settings, ...link } });
    const [before] = await serials(server, certificates.ca);
    const next = await certificates.issue();
    await writeFile(join(folder.path, "2.crt"), next.cert);
    await writeFile(join(folder.path, "2.key"), next.key);
    await rm(link.certFile);
    await rm(link.keyFile);
    await symlink("2.crt", link.certFile);
    await symlink("2.key", link.keyFile);
    await server.logged(SERVED);
    expect((await serials(server, certificates.ca))[0]).not.toBe(before);
  });

  test("whose key comes later is refused until the key is there", async () => {
    await using certificates = await testCertificates();
    await using server = await start(certificates);
    const [before] = await serials(server, certificates.ca);
    const { cert, key } = await certificates.issue();
    await certificates.put({ cert });
    const refused = await server.logged(REFUSED);
    expect(refused).toMatchObject({ level: "error", certFile: certificates.certFile });
    expect(refused["problem"]).toContain("the key is not the certificate's");
    expect((await serials(server, certificates.ca))[0]).toBe(before);
    await certificates.put({ key }, "in place");
    await server.logged(SERVED);
    expect((await serials(server, certificates.ca))[0]).not.toBe(before);
  });

  test.each([
    ["that has ended", "ended at", async (of: TestCertificates) => of.put(await of.issue(past))],
    [
      "that is not valid yet",
      "not valid before",
      async (of: TestCertificates) => of.put(await of.issue(future)),
    ],
    [
      "that is none",
      "holds no certificate",
      (of: TestCertificates) => of.put({ cert: "nonsense" }, "in place"),
    ],
    [
      "cut in half",
      "holds no certificate",
      async (of: TestCertificates) => of.put({ cert: (await of.issue()).cert.slice(0, 300) }),
    ],
    ["whose key is none", "holds no private key", (of: TestCertificates) => of.put({ key: "" }, "in place")],
    ["that is gone", "there is no such file", (of: TestCertificates) => rm(of.certFile)],
  ])("%s is refused, said once, and the one before it is served on", async (_what, problem, change) => {
    await using certificates = await testCertificates();
    await using server = await start(certificates);
    const [before] = await serials(server, certificates.ca);
    await change(certificates);
    expect((await server.logged(REFUSED))["problem"]).toContain(problem);
    expect(await serials(server, certificates.ca)).toEqual([before, before, before]);
    // A good one afterwards is taken, and by then the bad one has been said once.
    await certificates.put(await certificates.issue());
    await server.logged(SERVED);
    expect(server.log.filter((line) => String(line["problem"]).includes(problem))).toHaveLength(1);
    expect(JSON.stringify(server.log)).not.toContain("PRIVATE KEY");
  });
});

const past = { from: new Date(Date.now() - 3 * 86_400_000), to: new Date(Date.now() - 86_400_000) };
const future = { from: new Date(Date.now() + 86_400_000), to: new Date(Date.now() + 3 * 86_400_000) };

describe("a certificate at the start", () => {
  async function problemOf(change: (certificates: TestCertificates) => Promise<void>): Promise<string> {
    await using certificates = await testCertificates();
    await change(certificates);
    const failed = await start(certificates).then(
      (server) => server.stop(),
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({ code: "configInvalid", path: "tls.certFile" });
    return String(failed);
  }

  test("that is missing keeps the server from starting, and the message says how to make one", async () => {
    const problem = await problemOf((of) => rm(of.keyFile));
    expect(problem).toContain("server.key: there is no such file");
    expect(problem).toContain("npm run certs");
  });

  test("that does not fit its key, or is none, keeps the server from starting", async () => {
    expect(await problemOf(async (of) => of.put({ key: (await of.issue()).key }))).toContain(
      "the key is not the certificate's",
    );
    expect(await problemOf((of) => of.put({ cert: "nonsense" }))).toContain(
      "holds no certificate in PEM form",
    );
    expect(await problemOf((of) => of.put({ key: "-----BEGIN ENCRYPTED PRIVATE KEY-----" }))).toContain(
      "passphrase",
    );
  });

  test("that has ended is served with an error in the log: a restart must not stop everything else", async () => {
    await using certificates = await testCertificates(past);
    await using server = await start(certificates);
    const line = server.log.find(({ message }) => message.includes("the certificate ended at"));
    expect(line).toMatchObject({ level: "error", certFile: certificates.certFile });
    await expect(connectTls(server.ports.http, certificates.ca)).rejects.toMatchObject({
      code: "CERT_HAS_EXPIRED",
    });
    await using plain = await RawClient.ready(server.mqttUrl);
    expect(plain.closed).toBe(false);
  });

  test("that ends within two weeks is worth a warning", async () => {
    await using certificates = await testCertificates(daysFromNow(10));
    await using server = await start(certificates);
    expect(await server.logged("a certificate ends soon: renew it")).toMatchObject({ level: "warn" });
  });

  test("of one listener may be another than that of the others", async () => {
    await using certificates = await testCertificates();
    await using own = await testCertificates();
    const { certFile, keyFile } = own;
    await using server = await startServer({
      settings: {
        tls: certificates.settings,
        http: { tls: true },
        listeners: [{ kind: "tls", port: 0, certFile, keyFile }],
      },
    });
    const [, port = 0] = tlsPorts(server);
    (await connectTls(port, own.ca)).destroy();
    await expect(connectTls(port, certificates.ca)).rejects.toThrow();
    (await connectTls(server.ports.http, certificates.ca)).destroy();
  });
});

describe("npm run certs", () => {
  const script = join(repository, "scripts/certs.mjs");
  const certs = (args: readonly string[]) => run(process.execPath, [script, ...args], { timeoutMs: 20_000 });

  test("makes files that the server takes, the SDK and curl trust, and a running server follows", async () => {
    await using folder = await temporaryFolder();
    const file = (name: string): string => join(folder.path, name);
    const made = await certs(["--out", folder.path, "game.lan"]);
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(made.stdout).toContain("localhost, 127.0.0.1, ::1, game.lan");
    const ca = readFileSync(file("ca.crt"), "utf8");
    const settings = { certFile: file("server.crt"), keyFile: file("server.key"), checkFilesMs: 20 };
    await using server = await startServer({
      settings: { tls: settings, http: { tls: true }, listeners: [{ kind: "tls", port: 0 }] },
    });
    for (const url of [urlOf(server, "tls"), urlOf(server, "https")]) {
      for (const host of ["127.0.0.1", "localhost"]) {
        await using game = await connect(url.replace("127.0.0.1", host), { tls: { ca } });
        await expect(game.user.getSelfInfo()).rejects.toMatchObject({ code: "needLogin" });
      }
    }
    const url = `https://localhost:${server.ports.http}/healthz`;
    const curl = await run("curl", ["-sS", "--cacert", file("ca.crt"), url]);
    expect(curl).toMatchObject({ code: 0, stdout: '{"status":"ok"}' });
    expect((await run("curl", ["-sS", url])).code).toBe(60); // nobody trusts it unasked

    const before = await servedSerial(server.ports.http, ca);
    expect((await certs(["--out", folder.path])).stdout).toContain("kept from before");
    await server.logged(SERVED);
    expect(readFileSync(file("ca.crt"), "utf8")).toBe(ca);
    await vi.waitFor(async () => expect(await servedSerial(server.ports.http, ca)).not.toBe(before));
  });

  test("names a name that is none, and makes nothing", async () => {
    await using folder = await temporaryFolder();
    const ended = await certs(["--out", join(folder.path, "certs"), "https://game.lan"]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('"https://game.lan" is no DNS name and no IP address');
    expect(() => readFileSync(join(folder.path, "certs/ca.crt"))).toThrow("ENOENT");
  });
});
