import { viewOf } from "../wire/bytes.js";
import { type Aead, type CipherSuite, label, NONCE_BYTES } from "./suite.js";

const TWO_POW_32 = 0x1_0000_0000;

/** The keys of one direction in one phase, and the way to the next. RFC 9001 sections 5.1, 5.3 and 6.1. */
export class PacketKeys {
  readonly #secret: Uint8Array;
  readonly #iv: Uint8Array;
  readonly #aead: Aead;
  /** Written for each packet: none is kept. */
  readonly #nonce = new Uint8Array(NONCE_BYTES);

  /** @param secret 32 bytes */
  constructor(
    private readonly suite: CipherSuite,
    secret: Uint8Array,
  ) {
    this.#secret = secret;
    this.#iv = suite.hmac(secret, label("lacuna iv")).subarray(0, NONCE_BYTES);
    this.#aead = suite.aead(suite.hmac(secret, label("lacuna key")));
  }

  /** The keys of the phase after this one. */
  next(): PacketKeys {
    return new PacketKeys(this.suite, this.suite.hmac(this.#secret, label("lacuna ku")));
  }

  seal(datagram: Uint8Array, start: number, end: number, packetNumber: number): void {
    const nonce = this.nonceOf(packetNumber);
    this.#aead.seal(nonce, viewOf(datagram, 0, start), datagram, start, end);
  }

  open(datagram: Uint8Array, start: number, end: number, packetNumber: number): boolean {
    const nonce = this.nonceOf(packetNumber);
    return this.#aead.open(nonce, viewOf(datagram, 0, start), datagram, start, end);
  }

  /** The iv, its last eight bytes exclusive-or the packet number. */
  private nonceOf(packetNumber: number): Uint8Array {
    const nonce = this.#nonce;
    nonce.set(this.#iv);
    mixNumber(nonce, 4, Math.floor(packetNumber / TWO_POW_32));
    mixNumber(nonce, 8, packetNumber % TWO_POW_32);
    return nonce;
  }
}

function mixNumber(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (bytes[at] as number) ^ (value >>> 24);
  bytes[at + 1] = (bytes[at + 1] as number) ^ ((value >>> 16) & 0xff);
  bytes[at + 2] = (bytes[at + 2] as number) ^ ((value >>> 8) & 0xff);
  bytes[at + 3] = (bytes[at + 3] as number) ^ (value & 0xff);
}
