import type { ByteReader, ByteWriter } from "../bytes.js";
import { BASE_DATAGRAM_BYTES } from "../datagram.js";
import { RESET_TOKEN_BYTES } from "../security.js";
import { FrameType, varintsBytes, writeFrameHead } from "./type.js";

/** HELLO: a sender opens a connection. Its datagram is filled up to 1,200 bytes. */
export interface HelloFrame {
  readonly kind: "hello";
  /** The largest UDP payload that the writer takes. */
  readonly maxDatagramBytes: number;
}

/** WELCOME: the receiver takes the connection and states its terms. */
export interface WelcomeFrame {
  readonly kind: "welcome";
  readonly maxDatagramBytes: number;
  /** False when the receiver will ask for nothing: the sender then sends each piece once. */
  readonly repair: boolean;
  /** Bytes of pieces that it takes before it has acknowledged any. */
  readonly windowBytes: number;
  /** RESET_TOKEN_BYTES: whoever says them later is this receiver, and has lost the connection. RFC 9000 section 10.3. */
  readonly resetToken: Uint8Array;
}

const REPAIR_FLAG = 1;

export function writeHello(writer: ByteWriter, frame: HelloFrame): void {
  writeFrameHead(writer, FrameType.hello, varintsBytes(frame.maxDatagramBytes));
  writer.varint(frame.maxDatagramBytes);
}

export function readHello(body: ByteReader): HelloFrame | undefined {
  const maxDatagramBytes = body.varint();
  if (body.failed || maxDatagramBytes < BASE_DATAGRAM_BYTES) return undefined;
  return { kind: "hello", maxDatagramBytes };
}

export function writeWelcome(writer: ByteWriter, frame: WelcomeFrame): void {
  const flags = frame.repair ? REPAIR_FLAG : 0;
  const length = varintsBytes(frame.maxDatagramBytes, flags, frame.windowBytes);
  writeFrameHead(writer, FrameType.welcome, length + RESET_TOKEN_BYTES);
  writer.varint(frame.maxDatagramBytes);
  writer.varint(flags);
  writer.varint(frame.windowBytes);
  writer.bytes(frame.resetToken);
}

export function readWelcome(body: ByteReader): WelcomeFrame | undefined {
  const maxDatagramBytes = body.varint();
  const flags = body.varint();
  const windowBytes = body.varint();
  const resetToken = body.view(RESET_TOKEN_BYTES);
  if (body.failed || maxDatagramBytes < BASE_DATAGRAM_BYTES) return undefined;
  // Flags that this version does not know are left for later versions.
  const repair = flags % 2 === REPAIR_FLAG;
  return { kind: "welcome", maxDatagramBytes, repair, windowBytes, resetToken };
}
