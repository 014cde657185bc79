import { instantUs } from "../../src/base/units.js";
import { cipherSuite } from "../../src/node/secure/suite.js";
import type { SealLimits } from "../../src/secure/connection-seal.js";
import {
  ReceiverHandshakes,
  type ReceiverOptions,
  type TicketBook,
  type TicketRefusal,
} from "../../src/secure/receiver.js";
import { SenderHandshake } from "../../src/secure/sender.js";
import { type TicketKeys, ticketIdOf, ticketPskOf } from "../../src/secure/ticket-keys.js";
import { varintBytes } from "../../src/wire/bytes.js";
import { KIND_OPENING, type OpeningHeader } from "../../src/wire/datagram.js";
import {
  type Admission,
  ANSWER_BYTES,
  type ConnectionSeal,
  HELLO_BYTES,
} from "../../src/wire/security.js";
import { toHex } from "./hex.js";

export const suite = cipherSuite();
export const FRAMES = new TextEncoder().encode("these are the frames");

/** Tickets by their secrets, and whom they have let in. */
export class TestBook implements TicketBook {
  judgement: "admitted" | TicketRefusal = "admitted";
  readonly uses: string[] = [];
  private readonly secrets: Uint8Array[];

  constructor(...secrets: Uint8Array[]) {
    this.secrets = secrets;
  }

  find(ticketId: Uint8Array): { psk: Uint8Array } | undefined {
    const isIt = (secret: Uint8Array) => toHex(ticketIdOf(suite, secret)) === toHex(ticketId);
    const secret = this.secrets.find(isIt);
    return secret && { psk: ticketPskOf(suite, secret) };
  }

  admit(): "admitted" | TicketRefusal {
    return this.judgement;
  }

  noteUse(ticketId: Uint8Array): void {
    this.uses.push(toHex(ticketId) ?? "");
  }
}

/** A receiver with one ticket. */
export function receiverWith(options: Partial<ReceiverOptions> = {}) {
  const privateKey = suite.random(32);
  const secret = suite.random(16);
  const book = new TestBook(secret);
  const security = new ReceiverHandshakes(suite, { privateKey, tickets: book, ...options });
  const ticket: TicketKeys = { receiverKey: suite.keyPair(privateKey).publicKey, secret };
  return { security, book, ticket, privateKey };
}

let lastTimestampUs = 1_700_000_000_000_000;

export function senderFor(
  ticket: TicketKeys,
  options: { identity?: Uint8Array; sealLimits?: SealLimits } = {},
) {
  const identity = suite.keyPair(options.identity ?? suite.random(32));
  lastTimestampUs += 1;
  const connectionId = suite.random(8);
  const timestampUs = lastTimestampUs;
  const security = new SenderHandshake(suite, {
    ...{ identity, ticket, connectionId, timestampUs },
    ...(options.sealLimits && { sealLimits: options.sealLimits }),
  });
  return { security, identity, connectionId };
}

/** A datagram of any kind with FRAMES, sealed, and where its parts are. */
export interface Sealed {
  readonly bytes: Uint8Array;
  readonly framesAt: number;
  readonly end: number;
  readonly packetNumber: number;
}

export function sealed(
  seal: ConnectionSeal,
  packetNumber: number,
  before: Uint8Array = new Uint8Array(8),
): Sealed {
  const bytes = new Uint8Array(1 + before.length + FRAMES.length + seal.tagBytes);
  bytes[0] = seal.mark;
  bytes.set(before, 1);
  const framesAt = 1 + before.length;
  return finish(seal, bytes, framesAt, packetNumber);
}

function finish(
  seal: ConnectionSeal,
  bytes: Uint8Array,
  framesAt: number,
  packetNumber: number,
): Sealed {
  bytes.set(FRAMES, framesAt);
  const end = framesAt + FRAMES.length;
  seal.seal(bytes, framesAt, end, packetNumber);
  return { bytes, framesAt, end, packetNumber };
}

/** Whether it opens and has FRAMES in it; the datagram itself stays as it is. */
export function opens(seal: ConnectionSeal, { bytes, framesAt, end, packetNumber }: Sealed) {
  const copy = Uint8Array.from(bytes);
  if (!seal.open(copy, framesAt, end, packetNumber)) return false;
  return toHex(copy.subarray(framesAt, end)) === toHex(FRAMES);
}

type Sender = ReturnType<typeof senderFor>;

/** A sender's opening datagram, with FRAMES behind the handshake. */
export function hello(sender: Sender, packetNumber = 0): Sealed & { header: OpeningHeader } {
  const handshakeAt = 9 + varintBytes(packetNumber);
  const framesAt = handshakeAt + HELLO_BYTES;
  const bytes = new Uint8Array(framesAt + FRAMES.length + sender.security.seal.tagBytes);
  bytes[0] = KIND_OPENING | 2;
  bytes.set(sender.connectionId, 1);
  bytes[9] = packetNumber;
  sender.security.writeHello(bytes, handshakeAt);
  const { connectionId } = sender;
  const header = { from: "sender", kind: "opening", connectionId, packetNumber } as const;
  return {
    ...finish(sender.security.seal, bytes, framesAt, packetNumber),
    header: { ...header, handshakeAt, framesAt },
  };
}

/** A receiver's opening datagram. */
export function welcome(
  seal: ConnectionSeal,
  answer: Uint8Array,
  connectionId: Uint8Array,
  packetNumber = 0,
): Sealed {
  const framesAt = 10 + ANSWER_BYTES;
  const bytes = new Uint8Array(framesAt + FRAMES.length + seal.tagBytes);
  bytes[0] = KIND_OPENING | 0x12;
  bytes.set(connectionId, 1);
  bytes[9] = packetNumber;
  bytes.set(answer, 10);
  return finish(seal, bytes, framesAt, packetNumber);
}

export interface Asked {
  readonly from?: string;
  readonly isBusy?: boolean;
  readonly nowUs?: number;
}

export function admit(
  receiver: ReceiverHandshakes,
  { bytes, header }: ReturnType<typeof hello>,
  { from = "192.0.2.1:4000", isBusy = false, nowUs = 1_000_000 }: Asked = {},
): Admission {
  return receiver.admit(bytes, header, from, isBusy, instantUs(nowUs));
}

/** A connection that both sides have the keys of. */
export function connected() {
  const { security, book, ticket } = receiverWith();
  const sender = senderFor(ticket);
  const opening = hello(sender);
  const admission = admit(security, opening);
  if (admission.kind !== "admitted") throw new Error(`${admission.kind}, not admitted`);
  if (!opens(admission.seal, opening)) throw new Error("the HELLO's frames do not open");
  if (!sender.security.takeAnswer(admission.answer)) throw new Error("the answer is not taken");
  return { sender: sender.security.seal, receiver: admission.seal, book };
}
