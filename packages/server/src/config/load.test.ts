import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMqplayError } from "@mqplay/shared";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { defaultGateOptions } from "../gate/options.ts";
import { loadConfig, resolveConfig, type Environment } from "./load.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mqplay-config-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Loads `text` as server.json and returns the complaint. */
function complaint(text: string, env: Environment = {}): string {
  writeFileSync(join(folder, "server.json"), text);
  return detailOf(() => loadConfig({ file: "server.json", env, cwd: folder }));
}

function load(text: string, env: Environment = {}): ReturnType<typeof loadConfig> {
  writeFileSync(join(folder, "server.json"), text);
  return loadConfig({ file: "server.json", env, cwd: folder });
}

function detailOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isMqplayError(error) && error.code === "configInvalid") return error.detail;
    throw error;
  }
  throw new Error("nothing was wrong with it");
}

describe("a configuration file", () => {
  test("may be empty but for its braces: every setting has a default", () => {
    const { config } = load("{}");
    expect(config).toEqual(resolveConfig());
    expect(config.gate).toEqual(defaultGateOptions);
    expect(config.mqtt.port).toBe(1883);
    expect(config.http.port).toBe(8080);
    expect(config.host).toBe("127.0.0.1");
  });

  test("may have comments, trailing commas and a byte order mark", () => {
    const { config } = load('\uFEFF// head\n{ "mqtt": { /* inside */ "port": 2000, }, }');
    expect(config.mqtt.port).toBe(2000);
    expect(config.http.port).toBe(8080);
  });

  test("as it is shipped holds every setting at its default", () => {
    const { config, file } = loadConfig({ env: {} });
    expect(config).toEqual(resolveConfig());
    const shipped = readFileSync(file, "utf8");
    for (const [name, section] of Object.entries(resolveConfig())) {
      const keys = typeof section === "object" && !Array.isArray(section) ? Object.keys(section) : [];
      for (const key of [name, ...keys]) expect(shipped).toContain(`${JSON.stringify(key)}:`);
    }
  });

  test("cannot be changed once it is loaded", () => {
    const { config } = load("{}");
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.gate)).toBe(true);
    expect(Object.isFrozen(config.modules)).toBe(true);
  });
});

describe("a mistake is named with file, line and setting", () => {
  test("a wrong number says its bounds and unit", () => {
    expect(complaint('{\n  "gate": {\n    "maxPacketBytes": 12\n  }\n}')).toBe(
      'the configuration has a mistake:\n  server.json:3: "gate.maxPacketBytes" expected a whole number from 256 to 268435455 (bytes), got 12',
    );
  });

  test("a fraction, a text and null are no whole numbers", () => {
    for (const value of ["1.5", '"1883"', "null", "1e400"]) {
      expect(complaint(`{"mqtt": {"port": ${value}}}`)).toContain(
        'server.json:1: "mqtt.port" expected a whole number from 0 to 65535, got',
      );
    }
  });

  test("a misspelt setting gets the nearest name", () => {
    expect(complaint('{\n "gate": {\n  "maxConections": 5 } }')).toBe(
      'the configuration has a mistake:\n  server.json:3: "gate.maxConections" is no setting; did you mean "maxConnections"?',
    );
    expect(complaint('{"mqtt": {"prot": 5}}')).toContain('did you mean "port"?');
    expect(complaint('{"GATE": {}}')).toContain('did you mean "gate"?');
  });

  test("a setting in the wrong place is shown its place", () => {
    expect(complaint('{"port": 1883}')).toContain(
      '"port" is no setting; did you mean "mqtt.port" or "http.port"?',
    );
  });

  test("a setting that resembles none gets the list", () => {
    expect(complaint('{"mqtt": {"enableQuantumMode": true}}')).toContain("known here: port");
  });

  test("a choice lists what there is", () => {
    expect(complaint('{"gate": {"duplicateClientId": "replace"}}')).toContain(
      '"gate.duplicateClientId" expected one of "refuse", "takeover", got "replace"',
    );
  });

  test("the wrong kind of value says which kind is expected", () => {
    expect(complaint('{"gate": []}')).toContain('"gate" expected an object { … }, got []');
    expect(complaint('{"modules": "x.js"}')).toContain('"modules" expected a list [ … ], got "x.js"');
    expect(complaint('{"modules": [3]}')).toContain('"modules[0]" expected a text, got 3');
    expect(complaint('{"gate": {"secret": "no"}}')).toContain(
      '"gate.secret" expected true or false, got "no"',
    );
    expect(complaint("[]")).toContain("the configuration expected an object { … }, got []");
  });

  test("an origin with a path is told what an origin looks like", () => {
    expect(complaint('{"http": {"corsOrigins": ["https://a.example/"]}}')).toContain(
      '"http.corsOrigins[0]" expected an origin such as "https://game.example"',
    );
  });

  test("every mistake is named, in the order of the file", () => {
    const text = complaint('{\n"http": {"port": -1},\n"mqtt": {"port": 70000},\n"x": 1\n}');
    expect(text.split("\n").map((line) => line.trim().slice(0, 13))).toEqual([
      "the configura",
      "server.json:2",
      "server.json:3",
      "server.json:4",
    ]);
  });

  test("what is no JSON is named with its line", () => {
    expect(complaint('{\n  "mqtt": {\n    "port" 5\n  }\n}')).toBe(
      "the configuration has a mistake:\n  server.json:3: this is no JSON: colon expected",
    );
    expect(complaint("")).toContain("server.json:1: this is no JSON");
  });

  test("a name that stands twice is a mistake, not a riddle", () => {
    expect(complaint('{\n"mqtt": {"port": 1},\n"mqtt": {"port": 2}\n}')).toContain(
      'server.json:3: "mqtt" stands here a second time',
    );
  });

  test("a file that is not there is named", () => {
    expect(detailOf(() => loadConfig({ file: "none.json", env: {}, cwd: folder }))).toBe(
      "configuration file none.json: there is no such file",
    );
  });

  test("a long value is shown in part", () => {
    expect(complaint(`{"mqtt": {"port": "${"x".repeat(5000)}"}}`).length).toBeLessThan(250);
  });

  test("a URL that may hold a password is never shown", () => {
    const text = complaint(
      '{"store": {"accounts": "mysqll://root:hunter2@db/game", "sessions": {"a": "hunter2"}}}',
    );
    expect(text).not.toContain("hunter2");
    expect(text).toContain(
      '"store.accounts" expected "embedded" or "mysql://user:password@host:3306/database"',
    );
    expect(complaint("{}", { MQPLAY_STORE_SESSIONS: "redi://:hunter2@x" })).not.toContain("hunter2");
  });
});

describe("listeners", () => {
  test("are a list of any kinds, with what is left out filled in", () => {
    const { config } = load(
      '{"listeners": [{"kind": "tls", "port": 8883}, {"kind": "ws", "port": 0, "host": "::"}]}',
    );
    const rest = { certFile: "", keyFile: "", proxyProtocol: false };
    expect(config.listeners).toEqual([
      { kind: "tls", port: 8883, host: "", ...rest },
      { kind: "ws", port: 0, host: "::", ...rest },
    ]);
    expect(Object.isFrozen(config.listeners[0])).toBe(true);
  });

  test.each([
    [
      '{"kind": "mqtts", "port": 1}',
      '"listeners[0].kind" expected one of "tcp", "tls", "ws", "wss", "http", "https", got "mqtts"',
    ],
    ['{"kind": "tls"}', '"listeners[0].port" expected a whole number from 0 to 65535, got nothing'],
    [
      '{"kind": "tls", "port": 99999}',
      '"listeners[0].port" expected a whole number from 0 to 65535, got 99999',
    ],
    ['{"kind": "tls", "prot": 1, "port": 1}', '"listeners[0].prot" is no setting; did you mean "port"?'],
    [
      '{"kind": "tcp", "port": 1, "certFile": "x", "keyFile": "y"}',
      '"listeners[0].certFile" is for tls, wss and https; tcp shows no certificate',
    ],
    [
      '{"kind": "tls", "port": 1, "certFile": "x"}',
      '"listeners[0].keyFile" is missing: a certificate and its key go together',
    ],
    [
      '{"kind": "ws", "port": 1, "proxyProtocol": true}',
      '"listeners[0].proxyProtocol" is for tcp and tls; a proxy of ws says X-Forwarded-For instead',
    ],
    [
      '{"kind": "tcp", "port": 1, "proxyProtocol": true}',
      '"listeners[0].proxyProtocol" needs "trustedProxies" to name those who may send it',
    ],
  ])("with a mistake are named with their place: %s", (entry, problem) => {
    expect(complaint(`{\n"listeners": [\n${entry}]}`)).toBe(
      `the configuration has a mistake:\n  server.json:3: ${problem}`,
    );
  });

  test("behind proxies take addresses and ranges, and no names", () => {
    expect(load('{"trustedProxies": ["10.0.0.0/8", "::1"]}').config.trustedProxies).toHaveLength(2);
    expect(complaint('{"trustedProxies": ["proxy.example"]}')).toContain(
      '"trustedProxies[0]" expected an IP address such as "127.0.0.1" or a range such as "10.0.0.0/8", got "proxy.example"',
    );
  });
});

describe("the environment", () => {
  test("has true and false, 1 and 0 for what is either", () => {
    for (const [text, value] of [
      ["true", true],
      ["1", true],
      ["FALSE", false],
      ["0", false],
    ] as const)
      expect(load("{}", { MQPLAY_HTTP_TLS: text }).config.http.tls).toBe(value);
    expect(complaint("{}", { MQPLAY_HTTP_TLS: "yes" })).toContain(
      'MQPLAY_HTTP_TLS: "http.tls" expected true or false, got "yes"',
    );
  });

  test("overrides the file", () => {
    const { config } = load('{"host": "::1", "mqtt": {"port": 1}, "http": {"root": "page", "port": 5}}', {
      MQPLAY_MQTT_PORT: "2001",
      MQPLAY_HTTP_PORT: "0",
      MQPLAY_HOST: "0.0.0.0",
      MQPLAY_DATA: "/var/lib/game",
      MQPLAY_LOG_LEVEL: "debug",
    });
    expect(config.mqtt.port).toBe(2001);
    expect(config.http).toMatchObject({ port: 0, root: "page" });
    expect(config.host).toBe("0.0.0.0");
    expect(config.store.data).toBe("/var/lib/game");
    expect(config.log.level).toBe("debug");
  });

  test("gives lists with commas between their entries", () => {
    const env = { MQPLAY_MODULES: "dist/arena.js, dist/chat.js" };
    expect(load('{"modules": ["./other.js"]}', env).config.modules).toEqual([
      "dist/arena.js",
      "dist/chat.js",
    ]);
  });

  test("names the file", () => {
    writeFileSync(join(folder, "other.json"), '{"mqtt": {"port": 7}}');
    expect(loadConfig({ env: { MQPLAY_CONFIG: "other.json" }, cwd: folder }).config.mqtt.port).toBe(7);
  });

  test("counts for nothing where it is empty", () => {
    expect(load('{"mqtt": {"port": 9}}', { MQPLAY_MQTT_PORT: "", MQPLAY_HOST: "  " }).config).toMatchObject({
      host: "127.0.0.1",
      mqtt: { port: 9 },
    });
  });

  test("is named where its value is wrong", () => {
    expect(complaint('{"mqtt": {"port": 1}}', { MQPLAY_MQTT_PORT: "tcp://10.0.0.1:1883" })).toBe(
      'the configuration has a mistake:\n  MQPLAY_MQTT_PORT: "mqtt.port" expected a whole number from 0 to 65535, got "tcp://10.0.0.1:1883"',
    );
  });

  test("gets a word about what nearly is one of its names, and none about others' names", () => {
    expect(load("{}", { MQPLAY_MQTT_PROT: "1", MQPLAY_SERVICE_NAME: "x", PATH: "/bin" }).warnings).toEqual([
      "environment variable MQPLAY_MQTT_PROT is not known; did you mean MQPLAY_MQTT_PORT?",
    ]);
  });

  test("does not hide what is wrong with the section in the file", () => {
    expect(complaint('{"mqtt": 5}', { MQPLAY_MQTT_PORT: "1" })).toContain(
      'server.json:1: "mqtt" expected an object { … }, got 5',
    );
  });
});

describe("a configuration from a program", () => {
  test("is completed and left alone", () => {
    const input = { gate: { secret: false } };
    const config = resolveConfig(input);
    expect(config.gate).toEqual({ ...defaultGateOptions, secret: false });
    expect(input).toEqual({ gate: { secret: false } });
    expect(Object.isFrozen(input.gate)).toBe(false);
  });

  test("may be a complete one already", () => {
    const config = resolveConfig({ mqtt: { port: 0 } });
    expect(resolveConfig(config)).toEqual(config);
  });

  test("is checked like a file", () => {
    expect(detailOf(() => resolveConfig({ gate: { maxRunningCalls: 0 } }))).toContain(
      'config: "gate.maxRunningCalls" expected a whole number from 1 to 65535 (calls), got 0',
    );
  });
});
