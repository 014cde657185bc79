import type { InstantUs } from "../base/units.js";
import type { ByteWriter } from "../wire/bytes.js";
import {
  BASE_DATAGRAM_BYTES,
  type HandshakePart,
  MAX_DATAGRAM_BYTES,
  OutgoingDatagram,
} from "../wire/datagram.js";
import { ackFrameBytes, writeAck } from "../wire/frames/ack.js";
import { padTo, writePing } from "../wire/frames/frame.js";
import { writeHello } from "../wire/frames/handshake.js";
import { HELLO_BYTES } from "../wire/security.js";
import { HELLO_SPREAD } from "./limits.js";
import type { Sent } from "./outgoing-image.js";
import type { ReceivedPackets } from "./received-packets.js";
import type { Recovery } from "./recovery.js";
import type { SenderOptions } from "./sender-events.js";

/** Writes the frames of one datagram and says what they carry; nothing written makes it a PING. */
export type WriteContents = (writer: ByteWriter, packetNumber: number) => Sent[];

/** A sender's datagrams: number, frames, acknowledgement, tag; what leaves is noted for its recovery. */
export class SenderPackets {
  lastSentUs: InstantUs;
  private readonly hello: HandshakePart;

  constructor(
    private readonly options: SenderOptions,
    private readonly recovery: Recovery<Sent>,
    private readonly received: ReceivedPackets,
  ) {
    this.lastSentUs = options.nowUs;
    const write = options.security.writeHello.bind(options.security);
    this.hello = { bytes: HELLO_BYTES, write };
  }

  /**
   * The next datagram, with an acknowledgement where one is owed and fits.
   *
   * @param opening whether it bears our part of the handshake, and HELLO; it is filled then
   * @param filled whether it is padded to `size` bytes; one beyond the base size then tries whether that passes
   */
  build(
    size: number,
    {
      opening = false,
      filled = opening,
    }: { readonly opening?: boolean; readonly filled?: boolean },
    nowUs: InstantUs,
    write: WriteContents,
  ): Uint8Array {
    const { outgoing, packetNumber } = this.begin(size, opening);
    const { writer } = outgoing;
    // A single byte left over could not be filled: no frame is as short as that.
    if (filled) writer.keepFree(PADDING_BYTES_MIN);
    const contents = opening ? [this.greet(writer)] : [];
    contents.push(...write(writer, packetNumber));
    if (contents.length === 0) {
      writePing(writer);
      contents.push({ kind: "ping" });
    }
    this.addAck(writer, nowUs);
    if (filled) {
      writer.keepFree(-PADDING_BYTES_MIN);
      padTo(writer, size);
    }
    const datagram = outgoing.finish();
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
    const { outgoing } = this.begin(BASE_DATAGRAM_BYTES, false);
    this.addAck(outgoing.writer, nowUs);
    this.lastSentUs = nowUs;
    return outgoing.finish();
  }

  /** Whether the next datagram is to bear HELLO, should the receiver not have answered yet. */
  get isHelloDue(): boolean {
    const next = this.recovery.nextPacketNumber;
    return next < 2 || HELLO_SPREAD ** Math.round(Math.log(next) / Math.log(HELLO_SPREAD)) === next;
  }

  private greet(writer: ByteWriter): Sent {
    writeHello(writer, { kind: "hello", maxDatagramBytes: MAX_DATAGRAM_BYTES });
    return { kind: "hello" };
  }

  private begin(size: number, opening: boolean) {
    const packetNumber = this.recovery.takePacketNumber();
    const { connectionId, security, takeMemory } = this.options;
    const name = { from: "sender", connectionId, packetNumber } as const;
    const memory = takeMemory?.(size) ?? new Uint8Array(size);
    const part = opening ? this.hello : undefined;
    return { outgoing: new OutgoingDatagram(memory, name, security.seal, part), packetNumber };
  }

  private addAck(writer: ByteWriter, nowUs: InstantUs): void {
    if (this.received.owed === 0) return;
    const ack = this.received.ackFrame(nowUs, 0, ACK_RANGES_BESIDE_DATA);
    if (ack === undefined || ackFrameBytes(ack) > writer.room) return;
    writeAck(writer, ack);
    this.received.onReported();
  }
}

/** A receiver's packets are few: more ranges would only take room from pieces. Ours. */
const ACK_RANGES_BESIDE_DATA = 8;

/** The shortest PADDING: type and length. */
const PADDING_BYTES_MIN = 2;
