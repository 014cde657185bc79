import { ByteReader, ByteWriter, varintBytes, viewOf } from "./bytes.js";
import type { Guard } from "./guard.js";

/** The version of this wire format. docs/protocol.md section 3. */
export const PROTOCOL_VERSION = 1;

/** Bytes of a connection id; 64 random bits cannot be guessed from off the path. RFC 9000 section 5.1. */
export const CONNECTION_ID_BYTES = 8;

/**
 * UDP payload that every path must carry: RFC 9000 section 14, RFC 8899 section
 * 5.1.2 (BASE_PLPMTU).
 */
export const BASE_DATAGRAM_BYTES = 1_200;

/** The largest UDP payload that either side takes. */
export const MAX_DATAGRAM_BYTES = 65_507;

/**
 * Kinds of datagrams, as they stand in the first byte: by the connection's keys; by those that a sender has before
 * the receiver has answered; with a part of the handshake; and of no connection.
 */
export const KIND_SEALED = 0x00;
export const KIND_EARLY = 0x40;
export const KIND_OPENING = 0x80;
export const KIND_STATELESS = 0xc0;

/** Flips with each update of the keys. RFC 9001 section 6. */
export const KEY_PHASE_BIT = 0x20;

const DIRECTION_BIT = 0x10;
const RESERVED_BITS = 0xe0;
const VERSION_BITS = 0x0f;
const HEADER_FIXED_BYTES = 1 + CONNECTION_ID_BYTES;

export type Role = "sender" | "receiver";

export interface Header {
  /** Who wrote the datagram. A datagram reflected to its own writer is dropped by this. */
  readonly from: Role;
  readonly connectionId: Uint8Array;
  /** Per connection and direction, never used twice. */
  readonly packetNumber: number;
}

/** The header of a datagram with frames behind a part of the handshake. */
export interface OpeningHeader extends Header {
  /** Where the handshake's HELLO_BYTES or ANSWER_BYTES begin. */
  readonly handshakeAt: number;
  /** Where its frames begin. */
  readonly framesAt: number;
}

export interface OpenedDatagram {
  readonly header: Header;
  /** Stands at the first frame and ends before the guard's tag. */
  readonly frames: ByteReader;
}

export type Malformed =
  | "tooShort"
  | "damaged"
  | "unknownVersion"
  | "reservedBits"
  | "badHeader"
  | "badFrame";

/** Bytes of the header for a packet number. */
export const headerBytes = (packetNumber: number): number =>
  HEADER_FIXED_BYTES + varintBytes(packetNumber);

/** Writes a datagram's header. Its frames follow; `sealDatagram` ends it. */
export function beginDatagram(target: Uint8Array, header: Header, guard: Guard): ByteWriter {
  const writer = new ByteWriter(target, 0, target.length - guard.tagBytes);
  writer.u8(PROTOCOL_VERSION | (header.from === "receiver" ? DIRECTION_BIT : 0));
  writer.bytes(header.connectionId);
  writer.varint(header.packetNumber);
  return writer;
}

/** Ends a datagram with the guard's tag; returns the bytes to send. */
export function sealDatagram(writer: ByteWriter, guard: Guard): Uint8Array {
  const end = writer.offset;
  guard.seal(writer.target, end);
  return viewOf(writer.target, 0, end + guard.tagBytes);
}

/** Checks a datagram and reads its header. Whatever the bytes are, it returns; it never throws. */
export function openDatagram(bytes: Uint8Array, guard: Guard): OpenedDatagram | Malformed {
  const end = bytes.length - guard.tagBytes;
  if (end < HEADER_FIXED_BYTES + 1) return "tooShort";
  const flags = bytes[0] as number;
  if ((flags & VERSION_BITS) !== PROTOCOL_VERSION) return "unknownVersion";
  if ((flags & RESERVED_BITS) !== 0) return "reservedBits";
  if (!guard.open(bytes, end)) return "damaged";
  const frames = new ByteReader(bytes, 1, end);
  const connectionId = frames.view(CONNECTION_ID_BYTES);
  const packetNumber = frames.varint();
  if (frames.failed) return "badHeader";
  const from = (flags & DIRECTION_BIT) === 0 ? "sender" : "receiver";
  return { header: { from, connectionId, packetNumber }, frames };
}

/** A connection id as text, to be a key. */
export function connectionKey(connectionId: Uint8Array): string {
  let text = "";
  for (const byte of connectionId) text += byte.toString(16).padStart(2, "0");
  return text;
}
