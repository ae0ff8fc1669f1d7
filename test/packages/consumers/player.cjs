const sdk = require("@mqplay/client-sdk");
const { play } = require("./play.cjs");

void play(sdk, process.argv[2]).then((report) => process.stdout.write(report));
