// Compiled against the server's tarball.
import { createServer, fail, implement } from "@mqplay/server";
import { User } from "@mqplay/shared";

export async function serve(): Promise<number | undefined> {
  await using server = await createServer({ config: { mqtt: { port: 0 } } });
  await server.start();
  return server.ports.mqtt;
}
export const others = [fail(User.errors.wrongCredentials), implement];
