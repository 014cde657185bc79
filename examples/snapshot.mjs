// Draws where pixels are missing while a picture arrives: "#" where all are there, "." where none is.
//
//   node examples/snapshot.mjs [FOLDER] [HOST:PORT]
import { receive } from "lacuna";

const COLUMNS = 40;
const ROWS = 10;

const [out = ".", listen = "0.0.0.0:7316"] = process.argv.slice(2);

const transfer = receive({ out, listen, once: true });
for await (const event of transfer) {
  if (event.event === "listening") console.log(`send to ${event.ticket}`);
  if (event.event === "complete") console.log(`whole: ${event.path}`);
  if (event.event !== "progress") continue;
  // The picture as it stands now: its pixels, and a mask that tells which of them are there.
  const snapshot = await transfer.snapshot(event.id);
  if (snapshot !== undefined) console.log(`${drawn(snapshot)}\n${event.missingPixels} missing`);
}

/** The mask, reduced to so many characters. */
function drawn({ width, height, mask }) {
  const lines = [];
  for (let row = 0; row < ROWS; row += 1) {
    let line = "";
    for (let column = 0; column < COLUMNS; column += 1) {
      const [left, right] = [column, column + 1].map((i) => Math.floor((i * width) / COLUMNS));
      const [top, bottom] = [row, row + 1].map((i) => Math.floor((i * height) / ROWS));
      let present = 0;
      for (let y = top; y < bottom; y += 1) {
        for (let x = left; x < right; x += 1) present += mask[y * width + x] === 255 ? 1 : 0;
      }
      const cells = (right - left) * (bottom - top);
      line += present === cells ? "#" : present === 0 ? "." : "+";
    }
    lines.push(line);
  }
  return lines.join("\n");
}
