/*
 * A receiver that counts in a file what it takes, piece by piece, so that the count is right whenever it is killed:
 *
 *   node scripts/faults/receiver.mjs HOST:PORT FOLDER COUNT_FILE
 */
import { openSync, writeSync } from "node:fs";
import { receive } from "../../dist/node/index.js";

const [listen, out, countFile] = process.argv.slice(2);
const file = openSync(countFile, "w");
const count = new Uint32Array(1);

const transfer = receive({
  listen,
  out,
  observers: [
    {
      onPiece(_id, _piece, _bytes, via) {
        if (via === "disk") return;
        count[0] += 1;
        writeSync(file, count, 0, 4, 0);
      },
    },
  ],
});
process.on("SIGTERM", () => transfer.stop());
for await (const event of transfer) process.stdout.write(`${JSON.stringify(event)}\n`);
