import { viewOf } from "../wire/bytes.js";
import { KIND_EARLY, KIND_SEALED, statelessDatagram } from "../wire/datagram.js";
import {
  ANSWER_BYTES,
  CHALLENGE_BYTES,
  type ConnectionSeal,
  HELLO_BYTES,
  RESET_TOKEN_BYTES,
  type ReceiverSecurity,
  type SenderSecurity,
} from "../wire/security.js";

/**
 * What simulations seal by: a checksum in a tag as long as an AEAD's, and a handshake of as many bytes that lets everybody
 * in. They are about loss and time; whoever looks on, or meddles, can read and write every datagram.
 */
export class ChecksumSealing {
  /** Of every connection, both ways. */
  readonly seal: ConnectionSeal;
  private challenges = 0;

  /** @param crc32c Castagnoli's polynomial; RFC 3720 appendix B.4 */
  constructor(private readonly crc32c: (bytes: Uint8Array) => number) {
    this.seal = this.sealBy(() => KIND_SEALED);
  }

  sender(): SenderSecurity {
    let isAnswered = false;
    return {
      seal: this.sealBy(() => (isAnswered ? KIND_SEALED : KIND_EARLY)),
      writeHello: (datagram, start) => {
        datagram.fill(HELLO_BYTE, start, start + HELLO_BYTES);
      },
      takeAnswer: (message) => {
        isAnswered = isAnswered || consistsOf(message, ANSWER_BYTE);
        return consistsOf(message, ANSWER_BYTE);
      },
      takeCookie: () => false,
    };
  }

  receiver(): ReceiverSecurity {
    return {
      admit: (datagram, { handshakeAt }) => {
        const hello = viewOf(datagram, handshakeAt, HELLO_BYTES);
        if (!consistsOf(hello, HELLO_BYTE)) return { kind: "dropped" };
        const answer = new Uint8Array(ANSWER_BYTES).fill(ANSWER_BYTE);
        const peer = { key: new Uint8Array(32), ticket: new Uint8Array(8) };
        return { kind: "admitted", seal: this.seal, answer, peer };
      },
      resetToken: (connectionId) => this.tokenOf(connectionId),
      challenge: () => {
        this.challenges += 1;
        return new Uint8Array(CHALLENGE_BYTES).fill(this.challenges);
      },
    };
  }

  /** What a receiver that has lost a connection says. */
  reset(connectionId: Uint8Array): Uint8Array {
    return statelessDatagram(connectionId, this.tokenOf(connectionId));
  }

  private tokenOf(connectionId: Uint8Array): Uint8Array {
    return new Uint8Array(RESET_TOKEN_BYTES).fill(this.crc32c(connectionId) & 0xff);
  }

  private sealBy(mark: () => number): ConnectionSeal {
    return {
      tagBytes: TAG_BYTES,
      get mark() {
        return mark();
      },
      isSpent: false,
      seal: (datagram, _start, end) => {
        new DataView(datagram.buffer, datagram.byteOffset + end).setUint32(
          0,
          this.of(datagram, end),
        );
        datagram.fill(0, end + CRC_BYTES, end + TAG_BYTES);
      },
      open: (datagram, _start, end) => {
        const tag = new DataView(datagram.buffer, datagram.byteOffset + end);
        if (tag.getUint32(0) !== this.of(datagram, end)) return false;
        return consistsOf(viewOf(datagram, end + CRC_BYTES, TAG_BYTES - CRC_BYTES), 0);
      },
    };
  }

  private of(datagram: Uint8Array, end: number): number {
    return this.crc32c(viewOf(datagram, 0, end)) >>> 0;
  }
}

const consistsOf = (bytes: Uint8Array, value: number): boolean =>
  bytes.every((byte) => byte === value);

const HELLO_BYTE = 0x48;
const ANSWER_BYTE = 0x41;
const CRC_BYTES = 4;
/** As of AES-GCM and ChaCha20-Poly1305. */
const TAG_BYTES = 16;
