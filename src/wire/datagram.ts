import { ByteReader, ByteWriter, varintBytes, viewOf } from "./bytes.js";
import { ANSWER_BYTES, type ConnectionSeal, HELLO_BYTES } from "./security.js";

/** The version of this wire format. docs/protocol.md section 3. */
export const PROTOCOL_VERSION = 2;

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
const KIND_BITS = 0xc0;
const DIRECTION_BIT = 0x10;
const VERSION_BITS = 0x0f;
const HEADER_FIXED_BYTES = 1 + CONNECTION_ID_BYTES;

export type Role = "sender" | "receiver";

/** What names a datagram: its writer, its connection, its number. */
export interface PacketName {
  /** Who wrote the datagram. A datagram reflected to its own writer is dropped by this. */
  readonly from: Role;
  readonly connectionId: Uint8Array;
  /** Per connection and direction, never used twice. */
  readonly packetNumber: number;
}

/** The header of a datagram with frames. */
export interface PacketHeader extends PacketName {
  readonly kind: "sealed" | "early";
  /** Where its frames begin. */
  readonly framesAt: number;
}

/** The header of a datagram with frames behind a part of the handshake. */
export interface OpeningHeader extends PacketName {
  readonly kind: "opening";
  /** Where the handshake's HELLO_BYTES or ANSWER_BYTES begin. */
  readonly handshakeAt: number;
  readonly framesAt: number;
}

/** The header of a receiver's datagram of no connection. */
export interface StatelessHeader {
  readonly kind: "stateless";
  readonly from: "receiver";
  readonly connectionId: Uint8Array;
  /** Where its body begins. */
  readonly bodyAt: number;
}

export type Header = PacketHeader | OpeningHeader | StatelessHeader;

export type Malformed = "tooShort" | "unknownVersion" | "reservedBits" | "badHeader";

/** Bytes of the header for a packet number, without a part of the handshake. */
export const headerBytes = (packetNumber: number): number =>
  HEADER_FIXED_BYTES + varintBytes(packetNumber);

/** Writes a part of the handshake at an offset of a datagram; what is before it is written already. */
export interface HandshakePart {
  readonly bytes: number;
  write(datagram: Uint8Array, at: number): void;
}

/** A datagram that is being written: header, frames, tag. */
export class OutgoingDatagram {
  /** Takes the frames. */
  readonly writer: ByteWriter;
  private readonly framesAt: number;

  /**
   * @param target its memory, as long as the datagram may become
   * @param handshake makes it an opening one
   */
  constructor(
    target: Uint8Array,
    private readonly name: PacketName,
    private readonly seal: ConnectionSeal,
    handshake?: HandshakePart,
  ) {
    const writer = new ByteWriter(target, 0, target.length - seal.tagBytes);
    const kind = handshake === undefined ? seal.mark : KIND_OPENING;
    writer.u8(PROTOCOL_VERSION | (name.from === "receiver" ? DIRECTION_BIT : 0) | kind);
    writer.bytes(name.connectionId);
    writer.varint(name.packetNumber);
    if (handshake !== undefined) handshake.write(target, writer.reserve(handshake.bytes));
    this.writer = writer;
    this.framesAt = writer.offset;
  }

  /** Encrypts the frames and ends with the tag; returns the bytes to send. */
  finish(): Uint8Array {
    const { target, offset } = this.writer;
    this.seal.seal(target, this.framesAt, offset, this.name.packetNumber);
    return viewOf(target, 0, offset + this.seal.tagBytes);
  }
}

/** Reads a datagram's header. Whatever the bytes are, it returns; it never throws. */
export function readHeader(bytes: Uint8Array): Header | Malformed {
  const reader = new ByteReader(bytes, 1, bytes.length);
  const connectionId = reader.view(CONNECTION_ID_BYTES);
  if (reader.failed) return "tooShort";
  const first = bytes[0] as number;
  if ((first & VERSION_BITS) !== PROTOCOL_VERSION) return "unknownVersion";
  const kind = first & KIND_BITS;
  if (kind !== KIND_SEALED && (first & KEY_PHASE_BIT) !== 0) return "reservedBits";
  const from = (first & DIRECTION_BIT) === 0 ? "sender" : "receiver";
  if (kind === KIND_STATELESS) {
    if (from === "sender") return "badHeader";
    return { kind: "stateless", from, connectionId, bodyAt: reader.offset };
  }
  const packetNumber = reader.varint();
  const handshakeAt = reader.offset;
  if (kind === KIND_OPENING) reader.skip(from === "sender" ? HELLO_BYTES : ANSWER_BYTES);
  if (reader.failed) return "badHeader";
  const name = { from, connectionId, packetNumber, framesAt: reader.offset } as const;
  if (kind === KIND_OPENING) return { kind: "opening", ...name, handshakeAt };
  return { kind: kind === KIND_EARLY ? "early" : "sealed", ...name };
}

/** Decrypts a datagram in place. Its frames, or undefined when it is not what the other side has sealed. */
export function openDatagram(
  bytes: Uint8Array,
  { framesAt, packetNumber }: PacketHeader | OpeningHeader,
  seal: ConnectionSeal,
): ByteReader | undefined {
  const end = bytes.length - seal.tagBytes;
  if (end < framesAt || !seal.open(bytes, framesAt, end, packetNumber)) return undefined;
  return new ByteReader(bytes, framesAt, end);
}

/** A datagram of no connection, with its body. */
export function statelessDatagram(connectionId: Uint8Array, body: Uint8Array): Uint8Array {
  const datagram = new Uint8Array(HEADER_FIXED_BYTES + body.length);
  datagram[0] = PROTOCOL_VERSION | DIRECTION_BIT | KIND_STATELESS;
  datagram.set(connectionId, 1);
  datagram.set(body, HEADER_FIXED_BYTES);
  return datagram;
}

/** A connection id as text, to be a key. */
export function connectionKey(connectionId: Uint8Array): string {
  let text = "";
  for (const byte of connectionId) text += byte.toString(16).padStart(2, "0");
  return text;
}
