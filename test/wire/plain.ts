import { crc32c } from "@node-rs/crc32";
import { ChecksumSealing } from "../../src/sim/checksum-sealing.js";
import type { ByteReader, ByteWriter } from "../../src/wire/bytes.js";
import {
  type HandshakePart,
  type Malformed,
  OutgoingDatagram,
  openDatagram,
  type PacketName,
  readHeader,
} from "../../src/wire/datagram.js";
import { type Frame, readFrames } from "../../src/wire/frames/frame.js";
import { ANSWER_BYTES, type ConnectionSeal, HELLO_BYTES } from "../../src/wire/security.js";

/** What the simulations seal by: tests write and read every datagram with it. */
export const sealing = new ChecksumSealing((bytes) => crc32c(bytes));

/** That of a sender that has no answer yet. */
const earlySeal = sealing.sender().seal;

/** Keeps frames as they are, and adds nothing. */
export const noSeal: ConnectionSeal = {
  ...{ tagBytes: 0, mark: 0, isSpent: false },
  seal: () => undefined,
  open: () => true,
};

/** What a real sender's or receiver's part of the handshake looks like from outside. */
export const handshakeOf = ({ from }: PacketName): HandshakePart => {
  const [bytes, letter] = from === "sender" ? [HELLO_BYTES, "H"] : [ANSWER_BYTES, "A"];
  const write = (datagram: Uint8Array, at: number): void => {
    datagram.fill(letter.charCodeAt(0), at, at + bytes);
  };
  return { bytes, write };
};

export interface PlainOptions {
  readonly size?: number;
  /** With a part of the handshake. */
  readonly opening?: boolean;
  /** By the keys that a sender has before it is answered. */
  readonly early?: boolean;
}

/** A datagram with the frames that are written, sealed by a checksum. */
export function datagramOf(
  name: PacketName,
  write: (writer: ByteWriter) => void,
  { size = 1_200, opening = false, early = false }: PlainOptions = {},
): Uint8Array {
  const part = opening ? handshakeOf(name) : undefined;
  const outgoing = new OutgoingDatagram(
    new Uint8Array(size),
    name,
    early ? earlySeal : sealing.seal,
    part,
  );
  write(outgoing.writer);
  return outgoing.finish();
}

export interface Opened extends PacketName {
  readonly kind: "sealed" | "early" | "opening";
  /** Stands at the first frame. */
  readonly reader: ByteReader;
}

/** Opens a datagram with frames, or says why it is none. */
export function opened(
  bytes: Uint8Array,
  seal = sealing.seal,
): Opened | Malformed | "damaged" | "stateless" {
  const header = readHeader(bytes);
  if (typeof header === "string") return header;
  if (header.kind === "stateless") return "stateless";
  const reader = openDatagram(bytes, header, seal);
  const { kind, from, connectionId, packetNumber } = header;
  return reader === undefined ? "damaged" : { kind, from, connectionId, packetNumber, reader };
}

/** The frames of a datagram that a machine wrote. */
export function framesOf(bytes: Uint8Array): readonly Frame[] {
  const datagram = opened(bytes);
  if (typeof datagram === "string") throw new Error(`a machine wrote a datagram: ${datagram}`);
  return readFrames(datagram.reader, bytes) ?? [];
}
