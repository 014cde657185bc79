// Sender and receiver in one process: sends a picture to itself with every second row left out at
// first, and proves that it arrived exactly.
//
//   node examples/both-in-one.mjs PICTURE [FOLDER]
import { receive, send } from "lacuna";

const [picture, out = "."] = process.argv.slice(2);
if (picture === undefined) {
  console.error("usage: node examples/both-in-one.mjs PICTURE [FOLDER]");
  process.exit(2);
}

const receiving = receive({ listen: "127.0.0.1:0", out, once: true });
for await (const event of receiving) {
  if (event.event !== "listening") continue;
  const sending = send(picture, { to: event.ticket, drop: "odd-rows" });
  // Both at once: each ends when the other has told it so.
  const [sent, received] = await Promise.all([sending, receiving]);
  const [there, here] = [sent.files[0], received.files[0]];
  console.log(`${there.repairedPieces} pieces were mended`);
  console.log(`${here.missingPixels} pixels missing`);
  console.log(there.sha256 === here.sha256 ? `exact: ${here.path}` : "the digests differ");
  break;
}
