import { readFileSync } from "node:fs";
import { dist, rounded } from "./record.mjs";

/** Decibels that mark how usable a picture is: hardly, fairly, well. */
export const MARKS_DB = [20, 25, 30];

/** Of two pictures, three bytes a pixel of `original`, four of `shown`; Infinity when they are the same. */
export function psnr(original, shown) {
  let sum = 0;
  for (let from = 0, at = 0; from < original.length; from += 3, at += 4) {
    for (let c = 0; c < 3; c += 1) sum += (original[from + c] - shown[at + c]) ** 2;
  }
  return 10 * Math.log10((255 ** 2 * original.length) / sum);
}

/** The lines of a receiver's event log. */
export const readLog = (file) => readFileSync(file, "utf8").trimEnd().split("\n").map(JSON.parse);

/**
 * What was to be seen of the first image of an event log, as the live page would show it but in full size: exact pixels,
 * the preview where nothing exact is, and concealment.
 *
 * @param log lines of an event log
 * @param original the picture's pixels, three bytes each
 * @param startMs when the sender's first datagram left, in milliseconds since 1970
 * @param stepMs between two looks; after 30 dB four times as much
 * @returns { points: [seconds, dB, exact share, approximate share][], exactSeconds }, exactSeconds undefined when it never
 * was
 */
export async function shownOverTime(log, original, startMs, stepMs) {
  const { LiveImage } = await dist("node/live/image.js");
  const { viewSourceOf } = await dist("node/live/picture.js");
  const { conceal } = await dist("picture/conceal.js");
  const { planesIn, viewBytes } = await dist("picture/reduced-view.js");
  const { decodeManifest } = await dist("wire/manifest-bytes.js");
  const { previewPiecesOf } = await dist("wire/manifest.js");

  const { id, manifest } = log.find(({ event }) => event === "manifest");
  const { content } = decodeManifest(Buffer.from(manifest, "base64"));
  const size = viewSourceOf(content);
  const begin = () => {
    const view = new SharedArrayBuffer(viewBytes(size));
    const image = new LiveImage({ content, view, viewSide: 65_535, memoryBytes: 2 ** 31 });
    return { image, planes: planesIn(view, size) };
  };
  const all = begin();
  const preview = begin();
  const previewPieces = previewPiecesOf(content);
  const estimateAt = (x, y, target, at) => {
    const from = y * size.width + x;
    if (preview.planes.state[from] === 0) return false;
    target.set(preview.planes.rgba.subarray(from * 4, from * 4 + 4), at);
    return true;
  };

  const { startedMs } = log.find(({ event }) => event === "log");
  const secondsOf = ({ t }) => (startedMs + t * 1_000 - startMs) / 1_000;
  const pieces = log.filter((line) => line.event === "piece" && line.id === id);
  const points = [];
  const look = (seconds) => {
    const { exactPixels, approximatePixels } = all.image.change();
    const shown = conceal(all.planes, previewPieces > 0 ? estimateAt : undefined);
    const pixels = size.width * size.height;
    const shares = [exactPixels, approximatePixels].map((count) => rounded(count / pixels, 4));
    points.push([rounded(seconds), rounded(psnr(original, shown), 2), ...shares]);
  };
  const held = new Map();
  /** Pieces of a progressive JPEG that had to wait for others are taken once more. */
  const take = (image, numbers) => {
    let exactPixels;
    for (let queue = numbers; queue.length > 0; ) {
      for (const number of queue) image.take(number, held.get(number));
      const change = image.change();
      ({ exactPixels } = change);
      queue = change.ready;
    }
    return exactPixels;
  };
  let next = 0;
  let exactSeconds;
  for (const line of pieces) {
    const seconds = secondsOf(line);
    while (seconds > next) {
      look(next);
      const isGood = points.at(-1)[1] >= MARKS_DB.at(-1);
      next = rounded(next + (stepMs * (isGood ? 4 : 1)) / 1_000, 4);
    }
    held.set(line.piece, Buffer.from(line.bytes, "base64"));
    if (line.piece < previewPieces) take(preview.image, [line.piece]);
    const exactPixels = take(all.image, [line.piece]);
    if (exactPixels === size.width * size.height) exactSeconds ??= seconds;
  }
  look(secondsOf(pieces.at(-1)));
  return { points, exactSeconds: exactSeconds && rounded(exactSeconds) };
}

/** When the picture was first at least so good, for each of `MARKS_DB`; undefined where it never was. */
export const timesTo = (points) =>
  MARKS_DB.map((mark) => points.find(([, decibels]) => decibels >= mark)?.[0]);
