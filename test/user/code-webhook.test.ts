import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { createWebhookCodeSender } from "@mqplay/server";

interface Hook extends AsyncDisposable {
  readonly url: string;
  readonly requests: { readonly headers: IncomingMessage["headers"]; readonly body: string }[];
}

/** A real HTTP server that answers as the test says. */
async function startHook(answer: (response: ServerResponse) => void): Promise<Hook> {
  const requests: Hook["requests"] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (text: string) => (body += text));
    request.on("end", () => {
      requests.push({ headers: request.headers, body });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the hook has no port");
  return {
    url: `http://127.0.0.1:${address.port}/codes`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const message = { phoneNumber: "13912345678", code: "012345", purpose: "register" } as const;
const { signal } = new AbortController();

describe("the webhook for codes [user-5]", () => {
  it("posts number, code and purpose as JSON, with its secret", async () => {
    await using hook = await startHook((response) => response.writeHead(204).end());
    await createWebhookCodeSender({ url: hook.url, secret: "s3" }).send(message, signal);
    expect(hook.requests).toMatchObject([
      {
        headers: { "content-type": "application/json", authorization: "Bearer s3" },
        body: JSON.stringify(message),
      },
    ]);
  });

  it("fails, without the code in the error, when the provider does not answer 2xx", async () => {
    await using hook = await startHook((response) => response.writeHead(500).end("012345 not sent"));
    const sending = createWebhookCodeSender({ url: hook.url }).send(message, signal);
    await expect(sending).rejects.toThrow("the code webhook answered 500; it must answer 2xx");
    expect(hook.requests[0]?.headers.authorization).toBeUndefined();
  });

  it("follows no redirect: the code is for this address only", async () => {
    await using other = await startHook((response) => response.writeHead(204).end());
    await using hook = await startHook((response) => response.writeHead(307, { location: other.url }).end());
    await expect(createWebhookCodeSender({ url: hook.url }).send(message, signal)).rejects.toThrow();
    expect(other.requests).toEqual([]);
  });

  it("gives up after its time, and when its call does", async () => {
    await using hook = await startHook(() => {});
    const sender = createWebhookCodeSender({ url: hook.url, timeoutMs: 50 });
    await expect(sender.send(message, signal)).rejects.toMatchObject({ name: "TimeoutError" });
    await expect(sender.send(message, AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
  });
});
