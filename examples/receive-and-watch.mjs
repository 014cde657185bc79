// Receives one sender's files and tells what happens, event by event.
//
//   node examples/receive-and-watch.mjs [FOLDER] [HOST:PORT]
import { receive } from "lacuna";

const [out = ".", listen = "0.0.0.0:7316"] = process.argv.slice(2);

const transfer = receive({ out, listen, once: true });
for await (const event of transfer) {
  switch (event.event) {
    case "listening":
      console.log(`send to ${event.ticket}`);
      break;
    case "offer":
      console.log(`${event.name} comes from ${event.from}, in ${event.pieces} pieces`);
      break;
    case "progress":
      console.log(`${event.missingPixels} pixels missing, ${event.rateMbit} Mbit/s`);
      break;
    case "complete":
      console.log(`${event.name} is exact: ${event.path}, sha256 ${event.sha256}`);
      break;
    case "partial":
      console.log(`${event.name} is kept in part: ${event.report}`);
      break;
    case "error":
      console.log(`${event.message}; ${event.remedy}`);
  }
}
// The loop has ended, so this is at once here. Had the transfer failed, the loop would have thrown.
const { files } = await transfer;
console.log(`${files.length} received`);
