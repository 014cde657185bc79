import { SenderHandshake } from "../../secure/sender.js";
import type { KeyPair } from "../../secure/suite.js";
import type { Ticket } from "../../secure/ticket.js";
import type { SenderSecurity } from "../../wire/security.js";
import type { SendOptions } from "../api-types.js";
import {
  type Address,
  parseAddress,
  type ResolvedAddress,
  resolveAddress,
} from "../socket/address.js";
import { findDestination } from "./destination.js";
import { ensureKeyPair } from "./keys.js";
import { nextHandshakeTime } from "./sender-clock.js";
import { cipherSuite } from "./suite.js";

/** Who this user's senders are, and the receiver that one of them is to reach. */
export class SenderState {
  private constructor(
    private readonly folder: string,
    private readonly identity: KeyPair,
    private readonly ticket: Ticket,
    /** Where datagrams are sent to. */
    readonly address: Address,
  ) {}

  /** Throws what `findDestination` and `ensureKeyPair` throw, and LACUNA_BAD_ADDRESS for `via`. */
  static async open(
    folder: string,
    { to, via }: Pick<SendOptions, "to" | "via">,
  ): Promise<SenderState> {
    const ticket = findDestination(to, folder);
    const address = via === undefined ? ticket : parseAddress(via);
    const { seed } = await ensureKeyPair(folder, "sender");
    return new SenderState(folder, cipherSuite().keyPair(seed), ticket, address);
  }

  /**
   * The address as the name service tells it now.
   *
   * @param waits give undefined while nothing is known of the name, instead of throwing LACUNA_UNKNOWN_HOST
   */
  async resolve(waits: boolean): Promise<ResolvedAddress | undefined> {
    try {
      return await resolveAddress(this.address);
    } catch (error) {
      if (waits) return undefined;
      throw error;
    }
  }

  /** A handshake for a new connection. Throws what `nextHandshakeTime` throws. */
  async handshake(connectionId: Uint8Array): Promise<SenderSecurity> {
    const { identity, ticket } = this;
    const timestampUs = await nextHandshakeTime(this.folder, Date.now());
    return new SenderHandshake(cipherSuite(), { identity, ticket, connectionId, timestampUs });
  }
}
