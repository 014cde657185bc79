import { ByteReader, type ByteWriter, varintBytes } from "../bytes.js";
import { type AckFrame, readAck } from "./ack.js";
import { type CloseFrame, type ResultFrame, readClose, readResult } from "./end.js";
import { type GapsFrame, readGaps } from "./gaps.js";
import { type HelloFrame, readHello, readWelcome, type WelcomeFrame } from "./handshake.js";
import {
  type DoneFrame,
  type ManifestFrame,
  type PieceFrame,
  readDone,
  readManifestFrame,
  readPiece,
} from "./image.js";
import { type ParityFrame, readParity } from "./parity.js";
import {
  type PathChallengeFrame,
  type PathResponseFrame,
  readPathChallenge,
  readPathResponse,
} from "./path.js";
import { FrameType, frameBytes, writeFrameHead } from "./type.js";

export interface PingFrame {
  readonly kind: "ping";
}

export type Frame =
  | PingFrame
  | AckFrame
  | HelloFrame
  | WelcomeFrame
  | ManifestFrame
  | PieceFrame
  | DoneFrame
  | GapsFrame
  | ResultFrame
  | CloseFrame
  | ParityFrame
  | PathChallengeFrame
  | PathResponseFrame;

/** Frames in one datagram beyond this make it malformed: the work for one datagram is bounded. */
export const FRAMES_MAX = 64;

/**
 * Reads all frames of a datagram. Undefined when any of them is malformed:
 * then the whole datagram is dropped. Padding and unknown types are skipped.
 */
export function readFrames(reader: ByteReader, source: Uint8Array): Frame[] | undefined {
  const frames: Frame[] = [];
  for (let count = 0; reader.remaining > 0; count += 1) {
    const type = reader.varint();
    const length = reader.varint();
    const start = reader.offset;
    reader.skip(length);
    if (reader.failed || count === FRAMES_MAX) return undefined;
    const frame = readFrame(type, new ByteReader(source, start, start + length));
    if (frame === undefined) return undefined;
    if (frame !== "skip") frames.push(frame);
  }
  return frames;
}

function readFrame(type: number, body: ByteReader): Frame | "skip" | undefined {
  switch (type) {
    case FrameType.ping:
      return { kind: "ping" };
    case FrameType.ack:
      return readAck(body);
    case FrameType.hello:
      return readHello(body);
    case FrameType.welcome:
      return readWelcome(body);
    case FrameType.manifest:
      return readManifestFrame(body);
    case FrameType.piece:
      return readPiece(body);
    case FrameType.done:
      return readDone(body);
    case FrameType.gaps:
      return readGaps(body);
    case FrameType.result:
      return readResult(body);
    case FrameType.close:
      return readClose(body);
    case FrameType.parity:
      return readParity(body);
    case FrameType.pathChallenge:
      return readPathChallenge(body);
    case FrameType.pathResponse:
      return readPathResponse(body);
    default:
      return "skip";
  }
}

export function writePing(writer: ByteWriter): void {
  writeFrameHead(writer, FrameType.ping, 0);
}

/** Fills the writer up to `size` bytes in all. A single byte left cannot be filled: a frame has two at least. */
export function padTo(writer: ByteWriter, size: number): void {
  const end = Math.min(size, writer.offset + writer.room);
  for (let space = end - writer.offset; space >= 2; space = end - writer.offset) {
    const body = space - 1 - varintBytes(space - 2);
    // No one frame is as long as this: at 66 bytes, say, the length field grows from one byte to two.
    writePadding(writer, frameBytes(body) === space ? body : 0);
  }
}

function writePadding(writer: ByteWriter, bodyBytes: number): void {
  writeFrameHead(writer, FrameType.padding, bodyBytes);
  const start = writer.reserve(bodyBytes);
  writer.target.fill(0, start, start + bodyBytes);
}

/** True for frames that ask the peer for an acknowledgement: all that are read, but ACK. RFC 9000 section 13.2. */
export const isAckEliciting = (frame: Frame): boolean => frame.kind !== "ack";
