import * as sdk from "@mqplay/client-sdk";
import playing from "./play.cjs";

process.stdout.write(await playing.play(sdk, process.argv[2]));
