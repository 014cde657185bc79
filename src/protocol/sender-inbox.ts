import { sameBytes, sameSecret, viewOf } from "../wire/bytes.js";
import { openDatagram, readHeader, type StatelessHeader } from "../wire/datagram.js";
import { type Frame, readFrames } from "../wire/frames/frame.js";
import {
  ANSWER_BYTES,
  COOKIE_BYTES,
  RESET_TOKEN_BYTES,
  type SenderSecurity,
} from "../wire/security.js";

export interface FramesArrival {
  readonly kind: "frames";
  readonly packetNumber: number;
  readonly frames: readonly Frame[];
}

/** What a datagram that came to a sender is. */
export type Arrival =
  | FramesArrival
  /** The receiver is busy, and wants HELLO again, with the cookie that it gave. */
  | { readonly kind: "cookie" }
  /** The receiver has lost the connection. */
  | { readonly kind: "reset" };

/** Reads what comes to a sender; only what its receiver has sealed, or can have said, passes. */
export class SenderInbox {
  /** Datagrams that were not the receiver's. */
  malformed = 0;
  /** Datagrams with a packet number that had come before. */
  repeated = 0;
  /** Answers that were not by who was asked. */
  falseAnswers = 0;
  /** RESET_TOKEN_BYTES, once the receiver has told them. */
  resetToken: Uint8Array | undefined;

  constructor(
    private readonly security: SenderSecurity,
    private readonly connectionId: Uint8Array,
  ) {}

  /**
   * Reads a datagram, decrypting it in its place; undefined when it is to be ignored.
   *
   * @param isDuplicate whether a packet of that number came before
   * @param isConnecting whether the receiver has not answered yet
   */
  read(
    bytes: Uint8Array,
    isDuplicate: (packetNumber: number) => boolean,
    isConnecting: boolean,
  ): Arrival | undefined {
    const header = readHeader(bytes);
    if (typeof header === "string" || header.from !== "receiver") return this.reject();
    if (!sameBytes(header.connectionId, this.connectionId)) return this.reject();
    if (header.kind === "stateless") return this.readStateless(bytes, header, isConnecting);
    const { packetNumber } = header;
    if (isDuplicate(packetNumber)) {
      this.repeated += 1;
      return undefined;
    }
    if (header.kind === "opening") {
      if (!this.security.takeAnswer(viewOf(bytes, header.handshakeAt, ANSWER_BYTES))) {
        this.falseAnswers += 1;
        return this.reject();
      }
    }
    const reader = openDatagram(bytes, header, this.security.seal);
    const frames = reader && readFrames(reader, bytes);
    return frames === undefined ? this.reject() : { kind: "frames", packetNumber, frames };
  }

  private readStateless(
    bytes: Uint8Array,
    { bodyAt }: StatelessHeader,
    isConnecting: boolean,
  ): Arrival | undefined {
    const body = viewOf(bytes, bodyAt, bytes.length - bodyAt);
    if (isConnecting && body.length === COOKIE_BYTES) {
      return this.security.takeCookie(body) ? { kind: "cookie" } : this.reject();
    }
    const { resetToken } = this;
    if (resetToken === undefined || body.length !== RESET_TOKEN_BYTES) return this.reject();
    return sameSecret(body, resetToken) ? { kind: "reset" } : this.reject();
  }

  private reject(): undefined {
    this.malformed += 1;
    return undefined;
  }
}
