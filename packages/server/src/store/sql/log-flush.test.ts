import { describe, expect, it } from "vitest";
import { LogFlush } from "./log-flush.ts";

/** A log whose flushes end when the test says so. */
class HeldLog {
  readonly flushes: { readonly end: () => void; readonly fail: (error: Error) => void }[] = [];
  opened = 0;
  closed = 0;

  readonly open = async () => {
    this.opened += 1;
    return {
      datasync: () => new Promise<void>((end, fail) => void this.flushes.push({ end, fail })),
      close: async () => void (this.closed += 1),
    };
  };
}

/** Lets everything happen that can happen without the disk. */
function settle(): Promise<void> {
  return new Promise(setImmediate);
}

describe("LogFlush", () => {
  it("answers all who wait by one flush that began after they came", async () => {
    const log = new HeldLog();
    const flush = new LogFlush("the database", log.open);
    const done: string[] = [];
    void flush.flush().then(() => done.push("first"));
    await settle();
    for (const name of ["second", "third"]) void flush.flush().then(() => done.push(name));
    await settle();
    expect(log.flushes).toHaveLength(1);
    log.flushes[0]?.end();
    await settle();
    expect(done).toEqual(["first"]);
    expect(log.flushes).toHaveLength(2);
    log.flushes[1]?.end();
    await settle();
    expect(done).toEqual(["first", "second", "third"]);
    expect(log.opened).toBe(1);
  });

  it("never trusts the disk again after a flush that failed", async () => {
    const log = new HeldLog();
    const flush = new LogFlush("the database", log.open);
    const failure = { code: "storageError", cause: { message: "EIO" } };
    const first = flush.flush();
    await settle();
    const waiting = flush.flush();
    log.flushes[0]?.fail(new Error("EIO"));
    await expect(first).rejects.toMatchObject(failure);
    await expect(waiting).rejects.toMatchObject(failure);
    await expect(flush.flush()).rejects.toMatchObject(failure);
    expect(log.flushes).toHaveLength(1);
  });

  it("waits for what is running before it closes the log, and closes it once", async () => {
    const log = new HeldLog();
    const flush = new LogFlush("the database", log.open);
    const running = flush.flush();
    await settle();
    const closing = flush.close();
    await settle();
    expect(log.closed).toBe(0);
    log.flushes[0]?.end();
    await Promise.all([running, closing, flush.close()]);
    expect(log.closed).toBe(1);
  });
});
