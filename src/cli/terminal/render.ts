import {
  formatBytes,
  formatCount,
  formatMilliseconds,
  formatPart,
  formatRate,
  formatShare,
  formatSpan,
} from "./format.js";
import { type Grid, holeArt, legend } from "./hole-art.js";
import type { HoleMap } from "./hole-tracker.js";
import { flow, type Item, type Look, painted } from "./look.js";
import { PICTURE_LEGEND, type PictureMap, pictureArt } from "./picture-art.js";
import { cleaned, displayWidth } from "./text.js";
import type { ImageState, TransferState } from "./transfer-state.js";
import { waitingSentence } from "./waiting.js";

/** Gives the map of an image that fits into `room`. */
export type MapSource = (id: string, room: Grid) => HoleMap | PictureMap | undefined;

/**
 * The lines that stand in the terminal while a transfer runs, none wider than the terminal and
 * together at most its rows less one.
 *
 * @param now seconds since the transfer began
 */
export function renderTransfer(
  state: TransferState,
  look: Look,
  now: number,
  maps: MapSource = () => undefined,
): string[] {
  if (state.images.length === 0) return flow([waiting(state, now)], look);
  const blocks = state.images.map((image) => imageText(image, state, look, now));
  const textRows = blocks.reduce((sum, block) => sum + block.length, 0);
  const spareRows = look.rows - 1 - textRows - LEGEND_ROWS;
  const mapRoom = {
    columns: Math.min(MAP_COLUMNS_MAX, look.columns - FRAME),
    rows: Math.min(
      MAP_ROWS_MAX,
      // What was said before is not to be pushed out of sight.
      Math.floor(look.rows / 2 / blocks.length),
      Math.floor(spareRows / blocks.length) - FRAME,
    ),
  };
  const lines: string[] = [];
  const keys = new Set<string>();
  for (const [index, image] of state.images.entries()) {
    lines.push(...(blocks[index] as string[]));
    if (mapRoom.rows < 1 || mapRoom.columns < 1) continue;
    const map = maps(image.id, mapRoom);
    if (map === undefined) continue;
    const isPicture = "rgb" in map;
    lines.push(
      ...(isPicture ? pictureArt(map, look) : holeArt(map.shares, map.grid, look, map.approximate)),
    );
    keys.add(isPicture ? PICTURE_LEGEND : legend(look, map.approximate));
  }
  for (const key of keys) {
    if (displayWidth(key) <= look.columns) lines.push(painted(look, "faint", key));
  }
  return capped(lines, state.images.length, look);
}

/** One line for each image under way, without bar or map, for a log. */
export function renderLog(state: TransferState, look: Look, now: number): string[] {
  return state.images.flatMap((image) => {
    const [, ...facts] = measures(image, state, look, now);
    return flow([{ text: cleaned(image.name) }, ...facts], look);
  });
}

/** What stands where no image is under way. */
function waiting(state: TransferState, now: number): Item {
  if (state.role === "receive") return { text: "waiting for a sender; Ctrl-C ends", tone: "faint" };
  if (!state.connected) return { text: `reading the file, ${formatSpan(now)}`, tone: "faint" };
  return { text: "reading the next file", tone: "faint" };
}

function imageText(image: ImageState, state: TransferState, look: Look, now: number): string[] {
  return [
    ...flow(headline(image, state, look), look),
    ...flow(measures(image, state, look, now), look),
  ];
}

function headline(image: ImageState, state: TransferState, look: Look): Item[] {
  const items: Item[] = [{ text: cleaned(image.name), tone: "strong" }];
  const { facts } = image;
  if (facts.mode === "pixels") {
    items.push({ text: `${facts.width}${look.glyphs.times}${facts.height}` });
  }
  items.push({ text: formatBytes(facts.bytes) });
  if (facts.mode === "file") items.push({ text: "as a plain file" });
  const direction = state.role === "receive" ? "from" : "to";
  items.push({ text: `${direction} ${cleaned(image.peer)}`, tone: "faint" });
  return items;
}

function measures(image: ImageState, state: TransferState, look: Look, now: number): Item[] {
  if (state.waiting !== undefined) {
    const { reason, until } = state.waiting;
    const retryInSeconds = Math.max(0, until - now);
    const text = waitingSentence({ reason, retryInSeconds }, state.peer);
    return [{ text: bar(image, look) }, { text: confirmed(image) }, { text }];
  }
  if (state.isPaused === true) {
    const text = "paused; lacuna resume lets it go on";
    return [{ text: bar(image, look) }, { text: confirmed(image) }, { text }];
  }
  if (state.role === "send" && !state.connected) {
    return [{ text: `waiting ${formatSpan(now)} for an answer from ${cleaned(state.peer)}` }];
  }
  if (state.role === "send" && image.waits) {
    return [{ text: bar(image, look) }, { text: "its turn comes next", tone: "faint" }];
  }
  const items: Item[] = [{ text: bar(image, look) }, { text: confirmed(image) }];
  const outlook = outlookOf(image, state, now);
  // A rate of some time ago says nothing of now.
  if (outlook?.tone !== "bad") items.push({ text: formatRate(image.rateMbit) });
  if (image.rttMs !== undefined) items.push({ text: `RTT ${formatMilliseconds(image.rttMs)}` });
  items.push({ text: `loss ${formatShare(image.lossShare)}` });
  items.push({ text: missingText(image) });
  if (outlook !== undefined) items.push(outlook);
  return items;
}

/** The share that the receiver has confirmed. */
function bar(image: ImageState, look: Look): string {
  const width = Math.max(BAR_COLUMNS_MIN, Math.min(BAR_COLUMNS_MAX, Math.floor(look.columns / 4)));
  const done = Math.floor((image.confirmedPieces * width) / Math.max(1, image.pieces));
  return look.glyphs.bar.done.repeat(done) + look.glyphs.bar.open.repeat(width - done);
}

/** 100 % is only said in the receipt, once the digests agree. */
function confirmed(image: ImageState): string {
  if (image.confirmedPieces >= image.pieces) return "99.9 %";
  return formatPart(image.confirmedPieces, image.pieces);
}

function missingText(image: ImageState): string {
  if (image.missing === undefined) {
    return `${formatCount(image.pieces - image.confirmedPieces)} pieces missing`;
  }
  const unit = image.facts.mode === "file" ? "bytes" : "pixels";
  return `${formatCount(image.missing)} ${unit} missing`;
}

/** What comes next, or why nothing does. */
function outlookOf(image: ImageState, state: TransferState, now: number): Item | undefined {
  const receiving = state.role === "receive";
  if (image.confirmedPieces >= image.pieces) {
    return { text: receiving ? "checking the digest" : "the receiver checks the digest" };
  }
  const silence = now - image.aliveAt;
  if (silence >= STALL_SECONDS) {
    const what = receiving ? "no datagrams" : "no confirmation";
    const whom = cleaned(image.peer);
    return { text: `stalled ${formatSpan(silence)}: ${what} from ${whom}`, tone: "bad" };
  }
  if (image.secondsLeft === undefined) return undefined;
  return { text: `${formatSpan(Math.ceil(image.secondsLeft))} left` };
}

/** As many lines as fit above the cursor; the last then tells how many images there are. */
function capped(lines: string[], images: number, look: Look): string[] {
  const rows = Math.max(1, look.rows - 1);
  if (lines.length <= rows) return lines;
  const note = flow([{ text: `${look.glyphs.ellipsis} ${images} images under way` }], look);
  return [...lines.slice(0, rows - 1), note[0] as string];
}

/** Ours: longer than a retry on any path that this program accepts, shorter than patience. */
const STALL_SECONDS = 5;
const BAR_COLUMNS_MIN = 8;
const BAR_COLUMNS_MAX = 32;
const MAP_ROWS_MAX = 18;
const MAP_COLUMNS_MAX = 76;
/** Columns, and rows, that a map's frame takes. */
const FRAME = 2;
/** Of pictures; when files come too, theirs may be cut off. */
const LEGEND_ROWS = 1;
