import type { Range } from "../base/range-set.js";
import type { InstantUs } from "../base/units.js";
import { openDatagram, readHeader } from "../wire/datagram.js";
import { type Frame, readFrames } from "../wire/frames/frame.js";
import type { ConnectionSeal } from "../wire/security.js";

/** A datagram as somebody on the path sees it. */
export interface Seen {
  readonly from: "sender" | "receiver";
  readonly nowUs: InstantUs;
  readonly packetNumber: number;
  readonly frames: readonly Frame[];
  readonly datagram: Uint8Array;
}

/** Opens a datagram for whoever looks on; undefined when it has no frames, or is not whole. */
export function look(
  datagram: Uint8Array,
  seal: ConnectionSeal,
  nowUs: InstantUs,
): Seen | undefined {
  const header = readHeader(datagram);
  if (typeof header === "string" || header.kind === "stateless") return undefined;
  const reader = openDatagram(datagram, header, seal);
  const frames = reader && readFrames(reader, datagram);
  if (frames === undefined) return undefined;
  const { from, packetNumber } = header;
  return { from, nowUs, packetNumber, frames, datagram };
}

/** A datagram in one line: `#12 1174 B  piece 0/17, ack 3-9 window 8388608`. */
export function describeDatagram(datagram: Uint8Array, seen: Seen | undefined): string {
  if (seen === undefined) return `malformed, ${datagram.length} B`;
  const frames = seen.frames.map(describeFrame).join("; ");
  return `#${seen.packetNumber} ${datagram.length} B  ${frames}`;
}

function describeFrame(frame: Frame): string {
  switch (frame.kind) {
    case "ack":
      return `ack ${ranges(frame.ranges)} after ${frame.delayUs} us, window ${frame.windowBytes}`;
    case "manifest":
      return `manifest ${frame.image} ${frame.offset}+${frame.bytes.length}/${frame.totalBytes}`;
    case "piece":
      return `piece ${frame.image}/${frame.piece}`;
    case "parity": {
      const { image, first, stride, sources, index } = frame;
      return `parity ${image}/${first} + ${stride} x ${sources}, symbol ${index}`;
    }
    case "done":
      return `done ${frame.image} of ${frame.pieceCount}`;
    case "gaps":
      return `gaps ${frame.image} [${frame.from},${frame.to}) lack ${ranges(frame.missing)}`;
    case "result":
      return `result ${frame.image} ${frame.outcome} ${frame.reason}`;
    case "close":
      return `close ${frame.reason}`;
    default:
      return frame.kind;
  }
}

function ranges(list: readonly Range[]): string {
  if (list.length === 0) return "nothing";
  return list
    .map(({ start, end }) => (end - start === 1 ? `${start}` : `${start}-${end - 1}`))
    .join(",");
}
