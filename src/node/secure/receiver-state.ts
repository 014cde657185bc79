import { ReceiverHandshakes } from "../../secure/receiver.js";
import { writeTicket } from "../../secure/ticket.js";
import type { ReceiverSecurity } from "../../wire/security.js";
import type { Address } from "../socket/address.js";
import { formatAddress } from "../socket/address.js";
import { ensureKeyPair, type StaticKeys } from "./keys.js";
import { noteReceiverAddress } from "./receiver-address.js";
import { ReplayFile } from "./replay-file.js";
import { cipherSuite } from "./suite.js";
import { TicketBook } from "./ticket-book.js";
import { type GateEvents, TicketGate } from "./ticket-gate.js";

/** Who this user's receivers are, and whom they let in, as it lies in the state folder. */
export class ReceiverState {
  readonly security: ReceiverSecurity;

  private constructor(
    private readonly folder: string,
    private readonly keys: StaticKeys,
    private readonly book: TicketBook,
    private readonly replays: ReplayFile,
    readonly gate: TicketGate,
  ) {
    const { seed: privateKey } = keys;
    const { table } = replays;
    const how = { privateKey, tickets: gate, replays: table };
    this.security = new ReceiverHandshakes(cipherSuite(), how);
  }

  /** Opens what is there, and makes what is not. Throws what `ensureKeyPair`, `TicketBook` and `ReplayFile` throw. */
  static async open(folder: string, events: GateEvents): Promise<ReceiverState> {
    const keys = await ensureKeyPair(folder, "receiver");
    const book = new TicketBook(folder);
    await book.ensureDefault(Date.now());
    const gate = new TicketGate(book, events);
    return new ReceiverState(folder, keys, book, new ReplayFile(folder), gate);
  }

  /**
   * The default ticket, for senders that reach this receiver at an address.
   *
   * Throws what changing the state folder throws.
   */
  async ticketAt(address: Address): Promise<string> {
    await noteReceiverAddress(this.folder, formatAddress(address));
    const { secret } = await this.book.ensureDefault(Date.now());
    const { host, port } = address;
    const { publicKey: receiverKey } = this.keys;
    return writeTicket(cipherSuite(), { host, port, receiverKey, secret });
  }

  /** Keeps what a restart must not forget. Throws what `writeStateFile` throws. */
  save(): Promise<void> {
    return this.replays.save();
  }
}
