// Speaks lines of JSON with a Go test: what is read is a call, what is written is the answer to one, or something heard.
import { createInterface } from "node:readline";

console.info = console.log = () => {}; // standard output is the test's; clients chat on it

const write = (line) => process.stdout.write(JSON.stringify(line) + "\n");

// hear tells the test that something came.
export const hear = (what) => write({ heard: what });

// serve makes the calls that are read, until standard input ends: whoever started this is gone then.
export function serve(calls) {
  createInterface({ input: process.stdin }).on("close", () => process.exit(0)).on("line", async (line) => {
    const { id, call, with: given } = JSON.parse(line);
    try {
      write({ id, done: (await calls[call](given)) ?? null });
    } catch (e) {
      write({ id, failed: String(e?.stack ?? e) });
    }
  });
}
