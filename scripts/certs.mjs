// `npm run certs`: makes certificates for development in ./certs: an authority, and a certificate for localhost that it
// signs. `npm run certs -- game.lan 192.168.1.7` makes it valid for these names as well. Run again, it keeps the
// authority (who trusts it need do nothing) and makes a new certificate; a running server takes it up by itself.
import { X509Certificate } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { register } from "tsx/esm/api";

const NAMES = ["localhost", "127.0.0.1", "::1"];
const USAGE = `npm run certs -- [names …] [--out <folder>]

Makes ca.crt, ca.key, server.crt and server.key, valid for ${NAMES.join(", ")} and the names given
(DNS names such as game.lan or *.game.lan, IP addresses), in ./certs or the folder given.
For development only: a public server gets its certificate from a public authority, such as Let's Encrypt.
`;

const { values, positionals } = readArguments();
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = resolve(values.out ?? join(root, "certs"));
const file = (name) => join(folder, name);
const shown = (name) => {
  const path = relative(process.cwd(), file(name));
  return path.startsWith("..") ? file(name) : path.replaceAll("\\", "/");
};

register();
const { createAuthority, createCertificate } = await import(new URL("certificates.ts", import.meta.url).href);

mkdirSync(folder, { recursive: true });
const kept = readAuthority();
const authority = kept ?? (await createAuthority());
if (kept === undefined) write("ca", authority);
const names = [...new Set([...NAMES, ...positionals])];
write("server", await createCertificate(authority, names));
report();

function readArguments() {
  try {
    const args = parseArgs({
      allowPositionals: true,
      options: { out: { type: "string" }, help: { type: "boolean" } },
    });
    if (args.values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    for (const name of args.positionals) {
      if (isIP(name) === 0 && !/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(name))
        throw new Error(`"${name}" is no DNS name and no IP address`);
    }
    return args;
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** The authority of an earlier run, unless it is gone or ends within a month. */
function readAuthority() {
  if (!existsSync(file("ca.crt")) || !existsSync(file("ca.key"))) return undefined;
  const pair = { cert: readFileSync(file("ca.crt"), "utf8"), key: readFileSync(file("ca.key"), "utf8") };
  const endsMs = Date.parse(new X509Certificate(pair.cert).validTo);
  return endsMs - Date.now() > 30 * 86_400_000 ? pair : undefined;
}

/** The key before the certificate, each in one step: a server that looks meanwhile sees a whole file. */
function write(name, { cert, key }) {
  replace(`${name}.key`, key, 0o600);
  replace(`${name}.crt`, cert, 0o644);
}

function replace(name, text, mode) {
  const fresh = `${file(name)}.new`;
  writeFileSync(fresh, text, { mode });
  chmodSync(fresh, mode); // a file left by a run that broke off keeps its own mode
  renameSync(fresh, file(name));
}

function report() {
  const ends = new Date(new X509Certificate(readFileSync(file("server.crt"))).validTo);
  const day = ends.toISOString().slice(0, 10);
  console.log(`
  ${shown("server.crt")}   for ${names.join(", ")}; until ${day}
  ${shown("server.key")}   its key
  ${shown("ca.crt")}       the authority that clients have to trust${kept === undefined ? "" : " (kept from before)"}
  ${shown("ca.key")}       its key: whoever has it can pose as any server to those who trust it. It stays on this machine.

${values.out === undefined ? "" : `  In the configuration:  "tls": { "certFile": ${JSON.stringify(file("server.crt"))}, "keyFile": ${JSON.stringify(file("server.key"))} }\n`}
  HTTPS and wss on the HTTP port:  MQPLAY_HTTP_TLS=true npm start   (or "http": { "tls": true } in the configuration)
  MQTT over TLS as well:           "listeners": [{ "kind": "tls", "port": 8883 }]

  To trust it
    SDK in Node   connect("mqtts://localhost:8883", { tls: { ca: readFileSync("${shown("ca.crt")}", "utf8") } })
                  or for everything in the process: NODE_EXTRA_CA_CERTS=${shown("ca.crt")}
    curl          curl --cacert ${shown("ca.crt")} https://localhost:8080/healthz
    browsers      ${browserHint()}
`);
}

function browserHint() {
  if (process.platform === "darwin")
    return `security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db "${shown("ca.crt")}"`;
  if (process.platform === "win32") return `certutil -user -addstore Root "${shown("ca.crt")}"`;
  return `import ${shown("ca.crt")} as an authority: Chromium under Settings, Certificates; Firefox under Settings, Privacy`;
}
