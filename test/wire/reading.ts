import { ByteReader, ByteWriter, varintBytes } from "../../src/wire/bytes.js";
import { type Frame, readFrames } from "../../src/wire/frames/frame.js";
import { writeFrameHead } from "../../src/wire/frames/type.js";

/** What a writer wrote, read as the frames of a datagram. */
export function read(write: (writer: ByteWriter) => void, size = 20_000): Frame[] | undefined {
  const writer = new ByteWriter(new Uint8Array(size));
  write(writer);
  return readFrames(new ByteReader(writer.target, 0, writer.offset), writer.target);
}

/** A frame of the given type whose body is these numbers, then these bytes. */
export function raw(
  type: number,
  numbers: readonly number[],
  rest: Uint8Array = new Uint8Array(0),
) {
  return (writer: ByteWriter): void => {
    const length = numbers.reduce((sum, value) => sum + varintBytes(value), rest.length);
    writeFrameHead(writer, type, length);
    for (const value of numbers) writer.varint(value);
    writer.bytes(rest);
  };
}
