/** The decoding thread of a receiver: pieces come as messages, pixels go to shared memory. */
import { parentPort } from "node:worker_threads";
import { assert } from "../../base/assert.js";
import { LiveImage } from "./image.js";
import type { FromDecoder, PiecesMessage, ToDecoder } from "./messages.js";

assert(parentPort !== null, "this file is the program of a thread");
const port = parentPort;
const images = new Map<number, LiveImage>();

port.on("message", (message: ToDecoder) => {
  switch (message.kind) {
    case "open":
      images.set(message.image, new LiveImage(message));
      return;
    case "pieces":
      return take(message);
    case "close":
      images.delete(message.image);
  }
});

function take({ image, pieces, bytes }: PiecesMessage): void {
  const decoding = images.get(image);
  // Closed meanwhile: nobody waits for an answer.
  if (decoding === undefined) return;
  for (let i = 0, start = 0; i < pieces.length; i += 2) {
    const end = pieces[i + 1] as number;
    decoding.take(pieces[i] as number, bytes.subarray(start, end));
    start = end;
  }
  const taken: FromDecoder = { kind: "taken", image, bytes, change: decoding.change() };
  port.postMessage(taken, [bytes.buffer]);
}
