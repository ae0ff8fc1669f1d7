/**
 * mosquitto_pub and mosquitto_sub of Debian's mosquitto-clients: MQTT clients that know nothing of mqplay.
 */
import { run, startProcess, type Ended, type RunningProcess } from "./process.ts";
import { randomClientId } from "./raw-client.ts";

/** Fails with what to do when the clients are not installed. */
export async function requireMosquitto(): Promise<void> {
  for (const command of ["mosquitto_pub", "mosquitto_sub"]) {
    try {
      await run(command, ["--help"]);
    } catch (cause) {
      throw new Error(`${command} is missing; install it with: apt-get install mosquitto-clients`, { cause });
    }
  }
}

/** Where a server listens, and the clients that go there. */
export class Mosquitto {
  readonly #address: readonly string[];

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#address = ["-h", hostname, "-p", port, "-V", "mqttv311"];
  }

  /** Publishes with mosquitto_pub and waits until it has ended. Rejects when it fails. */
  async publish(topic: string, message: string, ...options: readonly string[]): Promise<void> {
    const ended = await this.tryPublish(topic, message, ...options);
    if (ended.code !== 0) throw new Error(`mosquitto_pub ended with ${ended.code}: ${ended.stderr}`);
  }

  /** Publishes with mosquitto_pub and tells how it ended. */
  tryPublish(topic: string, message: string, ...options: readonly string[]): Promise<Ended> {
    const id = options.includes("-i") ? [] : ["-i", randomClientId()];
    return run("mosquitto_pub", [...this.#address, ...id, "-t", topic, "-m", message, ...options]);
  }

  /**
   * Starts mosquitto_sub and waits until it has subscribed. It prints a line `topic qos retain payload` per message;
   * give `-C n` and it ends after n of them.
   */
  async subscribe(...options: readonly string[]): Promise<Subscriber> {
    const subscriber = this.start(...options);
    try {
      await subscriber.process.line(/^Subscribed \(mid/);
    } catch (error) {
      await subscriber[Symbol.asyncDispose]();
      throw error;
    }
    return subscriber;
  }

  /** Starts mosquitto_sub and waits for nothing. */
  start(...options: readonly string[]): Subscriber {
    const id = options.includes("-i") ? [] : ["-i", randomClientId()];
    // Its output is not a terminal, so it would keep lines until it ends: stdbuf makes it print them one by one.
    const args = [
      "-oL",
      "mosquitto_sub",
      ...this.#address,
      ...id,
      "-F",
      "message: %t %q %r %p",
      "-d",
      ...options,
    ];
    return new Subscriber(startProcess("stdbuf", args));
  }
}

/** A running mosquitto_sub. */
export class Subscriber implements AsyncDisposable {
  readonly process: RunningProcess;

  constructor(process: RunningProcess) {
    this.process = process;
  }

  /** The messages that it has printed until it ended by itself: `topic qos retain payload`. */
  async messages(): Promise<readonly string[]> {
    const { stdout, code } = await this.process.ended;
    if (code !== 0) throw new Error(`mosquitto_sub ended with ${code}: ${this.process.output}`);
    return [...stdout.matchAll(/^message: (.*)$/gm)].map(([, message = ""]) => message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}
