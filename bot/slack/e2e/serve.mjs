// Serves the Slack of npm's package emulate on loopback, until standard input ends:
// whoever started this is gone then. The argument is the seed; what is printed is
// where it listens.
import { createEmulator } from "emulate";

const slack = await createEmulator({ service: "slack", port: 0, seed: { slack: JSON.parse(process.argv[2]) } });
console.log(slack.url);
process.stdin.resume().on("end", () => slack.close().then(() => process.exit(0)));
