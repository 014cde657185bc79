import { type ByteWriter, varintBytes } from "../bytes.js";

/**
 * Frame types. Every frame is type, length, body, so that a receiver steps over
 * the types it does not know. docs/protocol.md section 5 lists the bodies.
 */
export const FrameType = {
  padding: 0x00,
  ping: 0x01,
  ack: 0x02,
  hello: 0x03,
  welcome: 0x04,
  manifest: 0x05,
  piece: 0x06,
  done: 0x07,
  gaps: 0x08,
  result: 0x09,
  close: 0x0a,
  parity: 0x0b,
  pathChallenge: 0x0c,
  pathResponse: 0x0d,
} as const;

/** Bytes that a frame takes with a body of the given length. */
export const frameBytes = (bodyBytes: number): number => 1 + varintBytes(bodyBytes) + bodyBytes;

/** Writes a frame's type and length; the caller writes exactly `bodyBytes` bytes behind it. */
export function writeFrameHead(writer: ByteWriter, type: number, bodyBytes: number): void {
  writer.u8(type);
  writer.varint(bodyBytes);
}

/** Bytes of several varints together. */
export function varintsBytes(...values: number[]): number {
  let total = 0;
  for (const value of values) total += varintBytes(value);
  return total;
}
