/**
 * What a game would write for the step that was just done: the same lines that player.ts runs.
 */
import type { Encoding } from "@mqplay/shared";

/** A step of the flow. */
export type Step = "connect" | "register" | "login" | "whoAmI" | "logout" | "push" | "disconnect";

/** What the lines mention. */
export interface SnippetFacts {
  readonly url: string;
  readonly encoding: Encoding;
  readonly username: string;
}

/** The lines for a step. The password is a variable: no game has it in its source. */
export function snippetOf(step: Step, facts: SnippetFacts): string {
  const username = JSON.stringify(facts.username);
  switch (step) {
    case "connect": {
      const options = facts.encoding === "json" ? "" : `, { encoding: "protobuf" }`;
      return [
        `import { connect } from "@mqplay/client-sdk";`,
        ``,
        `const game = await connect(${JSON.stringify(facts.url)}${options});`,
      ].join("\n");
    }
    case "register":
      return [
        `const { result: userId } = await game.user.register({`,
        `  username: ${username},`,
        `  password,`,
        `});`,
      ].join("\n");
    case "login":
      return [
        `try {`,
        `  await game.user.login({`,
        `    username: ${username},`,
        `    password,`,
        `  });`,
        `} catch (error) {`,
        `  if (isMqplayError(error)) show(error.detail);`,
        `}`,
      ].join("\n");
    case "whoAmI":
      return [
        `const { userData } = await game.user.getSelfInfo();`,
        ``,
        `userData.UserName; // ${username}`,
      ].join("\n");
    case "logout":
      return `await game.user.logout();`;
    case "push":
      return [
        `game.user.on("onLoginSuccessNotify", ({ msg }) => show(msg));`,
        ``,
        `game.on("closed", ({ reason }) => backToTitle(reason));`,
      ].join("\n");
    case "disconnect":
      return `await game.close();`;
  }
}
