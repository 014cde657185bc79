import type { ByteReader, ByteWriter } from "../bytes.js";
import { IMAGES_MAX } from "./image.js";
import { FrameType, varintsBytes, writeFrameHead } from "./type.js";

/** How an image ended at the receiver; the number is what goes on the wire. */
export const OUTCOMES = ["verified", "partial", "refused", "failed"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Why an image was refused or failed, or a connection closed. docs/protocol.md section 8. */
export const REASONS = [
  "none",
  "interrupted",
  "deadline",
  "noRepair",
  "nameTaken",
  "tooLarge",
  "diskFull",
  "diskError",
  "noPermission",
  "digestDiffers",
  "badManifest",
  "unknownConnection",
  "tooManyConnections",
  "idle",
  "ticketRevoked",
  "ticketExpired",
  "ticketUsedUp",
  "senderNotAdmitted",
  "outOfTime",
] as const;
export type Reason = (typeof REASONS)[number];

/** RESULT: the receiver's last word on an image, repeated until acknowledged. */
export interface ResultFrame {
  readonly kind: "result";
  readonly image: number;
  readonly outcome: Outcome;
  readonly reason: Reason;
  readonly missingPieces: number;
  /** Pixels; bytes when the image is sent as a file. */
  readonly missingPixels: number;
  /** From the image's first datagram to this word, by the receiver's clock. */
  readonly elapsedUs: number;
  /** Packets of the connection that did not come, in millionths of all sent. */
  readonly lossPpm: number;
  /** SHA-256 of what the receiver has, 32 bytes, when verified; else empty. */
  readonly digest: Uint8Array;
}

/** CLOSE: the writer ends the connection. */
export interface CloseFrame {
  readonly kind: "close";
  readonly reason: Reason;
}

export const DIGEST_BYTES = 32;

const reasonNumber = (reason: Reason): number => REASONS.indexOf(reason);

export function writeResult(writer: ByteWriter, frame: Omit<ResultFrame, "kind">): void {
  const outcome = OUTCOMES.indexOf(frame.outcome);
  const numbers = [frame.image, outcome, reasonNumber(frame.reason)];
  numbers.push(frame.missingPieces, frame.missingPixels, frame.elapsedUs, frame.lossPpm);
  writeFrameHead(writer, FrameType.result, varintsBytes(...numbers) + frame.digest.length);
  for (const value of numbers) writer.varint(value);
  writer.bytes(frame.digest);
}

export function readResult(body: ByteReader): ResultFrame | undefined {
  const image = body.varint();
  const outcome = OUTCOMES[body.varint()];
  // A reason of a later version still tells the outcome.
  const reason = REASONS[body.varint()] ?? "none";
  const missingPieces = body.varint();
  const missingPixels = body.varint();
  const elapsedUs = body.varint();
  const lossPpm = body.varint();
  const digest = body.view(body.remaining).slice();
  if (body.failed || outcome === undefined || image >= IMAGES_MAX) return undefined;
  if (digest.length !== (outcome === "verified" ? DIGEST_BYTES : 0)) return undefined;
  const counts = { missingPieces, missingPixels, elapsedUs, lossPpm };
  return { kind: "result", image, outcome, reason, ...counts, digest };
}

export function writeClose(writer: ByteWriter, frame: Omit<CloseFrame, "kind">): void {
  const number = reasonNumber(frame.reason);
  writeFrameHead(writer, FrameType.close, varintsBytes(number));
  writer.varint(number);
}

export function readClose(body: ByteReader): CloseFrame | undefined {
  const reason = REASONS[body.varint()] ?? "none";
  return body.failed ? undefined : { kind: "close", reason };
}
