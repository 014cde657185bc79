import type { InstantUs } from "../base/units.js";
import type { ByteWriter } from "../wire/bytes.js";
import { BASE_DATAGRAM_BYTES, beginDatagram, sealDatagram } from "../wire/datagram.js";
import { ackFrameBytes, writeAck } from "../wire/frames/ack.js";
import { padTo, writePing } from "../wire/frames/frame.js";
import type { Sent } from "./outgoing-image.js";
import type { ReceivedPackets } from "./received-packets.js";
import type { Recovery } from "./recovery.js";
import type { SenderOptions } from "./sender-events.js";

/** Writes the frames of one datagram and says what they carry; nothing written makes it a PING. */
export type WriteContents = (writer: ByteWriter, packetNumber: number) => Sent[];

/** A sender's datagrams: number, frames, acknowledgement, tag; what leaves is noted for its recovery. */
export class SenderPackets {
  lastSentUs: InstantUs;

  constructor(
    private readonly options: SenderOptions,
    private readonly recovery: Recovery<Sent>,
    private readonly received: ReceivedPackets,
  ) {
    this.lastSentUs = options.nowUs;
  }

  /**
   * The next datagram, with an acknowledgement where one is owed and fits.
   *
   * @param filled whether it is padded to `size` bytes; one beyond the base size then tries whether that passes
   */
  build(size: number, filled: boolean, nowUs: InstantUs, write: WriteContents): Uint8Array {
    const { writer, packetNumber } = this.begin(size);
    // A single byte left over could not be filled: no frame is as short as that.
    if (filled) writer.keepFree(PADDING_BYTES_MIN);
    const contents = write(writer, packetNumber);
    if (contents.length === 0) {
      writePing(writer);
      // Whoever does not know us may say so, but not with more bytes than it was sent.
      padTo(writer, writer.offset + PING_PADDING_BYTES);
      contents.push({ kind: "ping" });
    }
    this.addAck(writer, nowUs);
    if (filled) {
      writer.keepFree(-PADDING_BYTES_MIN);
      padTo(writer, size);
    }
    const datagram = sealDatagram(writer, this.options.guard);
    const bytes = datagram.length;
    const triesSize = filled && bytes > BASE_DATAGRAM_BYTES;
    this.recovery.onSent({ packetNumber, sentUs: nowUs, bytes, contents, triesSize });
    this.lastSentUs = nowUs;
    for (const sent of contents) {
      if (!("image" in sent)) continue;
      sent.image.wireBytes += bytes;
      break;
    }
    return datagram;
  }

  /** Nothing but an acknowledgement, which asks for none itself. */
  bareAck(nowUs: InstantUs): Uint8Array {
    const { writer } = this.begin(BASE_DATAGRAM_BYTES);
    this.addAck(writer, nowUs);
    this.lastSentUs = nowUs;
    return sealDatagram(writer, this.options.guard);
  }

  private begin(size: number): { writer: ByteWriter; packetNumber: number } {
    const packetNumber = this.recovery.takePacketNumber();
    const { connectionId, guard, takeMemory } = this.options;
    const header = { from: "sender", connectionId, packetNumber } as const;
    const memory = takeMemory?.(size) ?? new Uint8Array(size);
    return { writer: beginDatagram(memory, header, guard), packetNumber };
  }

  private addAck(writer: ByteWriter, nowUs: InstantUs): void {
    if (this.received.owed === 0) return;
    const ack = this.received.ackFrame(nowUs, 0, ACK_RANGES_BESIDE_DATA);
    if (ack === undefined || ackFrameBytes(ack) > writer.room) return;
    writeAck(writer, ack);
    this.received.onReported();
  }
}

/** More than a CLOSE is longer than a PING. */
const PING_PADDING_BYTES = 16;

/** A receiver's packets are few: more ranges would only take room from pieces. Ours. */
const ACK_RANGES_BESIDE_DATA = 8;

/** The shortest PADDING: type and length. */
const PADDING_BYTES_MIN = 2;
