/**
 * Flushes SQLite's write-ahead log to the disk, off the event loop, one flush for all who wait.
 */
import { storeFailed } from "../storage-errors.ts";

/** The part of a file handle that flushing needs. */
export interface FlushableFile {
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** See the top of the file. */
export class LogFlush {
  readonly #label: string;
  readonly #open: () => Promise<FlushableFile>;
  #handle: Promise<FlushableFile> | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failure: unknown = undefined;

  /**
   * @param label what errors call the database
   * @param open opens the log; called at the first flush, when the log is sure to be there
   */
  constructor(label: string, open: () => Promise<FlushableFile>) {
    this.#label = label;
    this.#open = open;
  }

  /**
   * Resolves when everything that was written before this call is on the disk.
   * @throws MqplayError `storageError` when a flush has failed, now or ever
   */
  flush(): Promise<void> {
    if (this.#running === undefined) return this.#start();
    // The one that runs may have begun before our commit; the next one covers it, and everybody who comes until then.
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#next;
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const run = this.#sync().finally(() => {
      this.#running = undefined;
    });
    this.#running = run;
    return run;
  }

  async #sync(): Promise<void> {
    // After one failed flush the system may report the next as good although pages are lost: never trust it again.
    if (this.#failure !== undefined) throw storeFailed(this.#label, this.#failure);
    try {
      this.#handle ??= this.#open();
      const handle = await this.#handle;
      await handle.datasync();
    } catch (error) {
      this.#failure = error;
      throw storeFailed(this.#label, error);
    }
  }

  /** Waits for what is running and closes the log. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#running, this.#next]);
    const handle = this.#handle;
    this.#handle = undefined;
    if (handle !== undefined) await (await handle).close();
  }
}
