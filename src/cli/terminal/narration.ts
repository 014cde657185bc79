import { basename } from "node:path";
import type {
  ConnectedEvent,
  ImageFacts,
  ListeningEvent,
  OfferEvent,
  ReceiveEvent,
  RefusedEvent,
  SendCompleteEvent,
  SendEvent,
  SendOfferEvent,
} from "../../node/events.js";
import { TICKET_WORDS } from "../../node/sending/refusal.js";
import { failureLines } from "../failure.js";
import { formatBytes, formatCount, formatMilliseconds } from "./format.js";
import type { Look } from "./look.js";
import { qrArt } from "./qr-art.js";
import { exactReceipt, partReceipt } from "./receipt.js";
import { cleaned } from "./text.js";
import type { ImageState, TransferState } from "./transfer-state.js";
import { waitingSentence } from "./waiting.js";

/** How much is said: only results, also every change of state, or changes that no live picture shows. */
export type Talk = "results" | "changes" | "live";

/** What is said once and for all of a receiver's event; `state` is from before the event. */
export function receiveNarration(
  event: ReceiveEvent,
  state: TransferState,
  look: Look,
  talk: Talk,
): string[] {
  switch (event.event) {
    case "listening":
      return talk === "results" ? [] : listening(event, look, talk);
    case "refused":
      return talk === "results" ? [] : [turnedAway(event)];
    case "offer":
      return talk === "results" ? [] : offered(event, look, talk);
    case "progress":
    case "picture":
      return [];
    case "complete":
      return [
        ...exactReceipt({ ...event, ...event.receipt }, look),
        ...savedAs(event.name, event.path),
      ];
    case "partial":
      return partReceipt(partFacts(event, imageOf(state, event.id), event.report), look);
    case "error":
      return failureLines(event);
  }
}

/** What is said once and for all of a sender's event. */
export function sendNarration(
  event: SendEvent,
  state: TransferState,
  look: Look,
  talk: Talk,
): string[] {
  switch (event.event) {
    case "connected":
      return talk === "changes" ? [connected(event, state)] : [];
    case "waiting":
      return talk === "changes"
        ? [`${waitingSentence(event, state.peer)}; what it has is kept`]
        : [];
    case "paused":
      return talk === "changes" ? ["paused; lacuna resume lets it go on"] : [];
    case "resumed":
      return talk === "changes" ? ["goes on"] : [];
    case "offer":
      return talk === "results" ? noted(event) : [...sending(event, look, talk), ...noted(event)];
    case "progress":
      return [];
    case "complete":
      return [...exactReceipt({ ...event, ...event.receipt }, look), ...changed(event)];
    case "partial":
      return partReceipt(
        partFacts(event, imageOf(state, event.id), "the receiver has the report"),
        look,
      );
    case "error":
      return failureLines(event);
  }
}

function changed({ name, sourceChanged }: SendCompleteEvent): string[] {
  if (sourceChanged !== true) return [];
  return [`  ${cleaned(name)} has changed here since; the receiver has it as it was`];
}

function listening(event: ListeningEvent, look: Look, talk: Talk): string[] {
  const lines = [
    `listening at ${event.address}`,
    ...(talk === "live" ? qrArt(event.ticket, look) : []),
    `  on the other side: lacuna send PICTURE --to ${event.ticket}`,
  ];
  if (event.view !== undefined) lines.push(`  live page: ${event.view}`);
  return lines;
}

function turnedAway({ ticket, sender, reason }: RefusedEvent): string {
  return `a sender was not let in: ${TICKET_WORDS[reason]} (${cleaned(ticket)}; its key is ${sender})`;
}

function offered(event: OfferEvent, look: Look, talk: Talk): string[] {
  const name = cleaned(event.name);
  const resumed =
    event.resumedPieces === 0
      ? ""
      : `; ${formatCount(event.resumedPieces)} of ${formatCount(event.pieces)} pieces are here already`;
  if (talk === "live")
    return resumed === "" ? [] : [`resuming ${name}${resumed.replace(";", ":")}`];
  return [`receiving ${name} (${shapeOf(event, look)}) from ${cleaned(event.from)}${resumed}`];
}

function sending(event: SendOfferEvent, look: Look, talk: Talk): string[] {
  if (talk === "live") return [];
  return [`sending ${cleaned(event.name)} (${shapeOf(event, look)})`];
}

/** What a person should know of how a file is sent. */
function noted(event: SendOfferEvent): string[] {
  return event.notes.map((note) => `  ${cleaned(event.name)}: ${cleaned(note)}`);
}

function shapeOf({ mode, width, height, bytes }: ImageFacts, look: Look): string {
  if (mode === "file") return formatBytes(bytes);
  return `${width}${look.glyphs.times}${height}, ${formatBytes(bytes)}`;
}

function connected(event: ConnectedEvent, state: TransferState): string {
  return `connected to ${cleaned(state.peer)}, RTT ${formatMilliseconds(event.rttMs)}`;
}

function savedAs(name: string, path: string): string[] {
  return basename(path) === name ? [] : [`  saved as ${cleaned(path)}`];
}

function imageOf(state: TransferState, id: string): ImageState | undefined {
  return state.images.find((image) => image.id === id);
}

function partFacts(
  event: { name: string; missingPixels: number; missingPieces: number },
  image: ImageState | undefined,
  report: string,
): Parameters<typeof partReceipt>[0] {
  return {
    name: event.name,
    pieces: image?.pieces ?? 0,
    missingPieces: event.missingPieces,
    missing: event.missingPixels,
    unit: image?.facts.mode === "file" ? "bytes" : "pixels",
    report,
  };
}
