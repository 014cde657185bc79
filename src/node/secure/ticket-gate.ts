import type { TicketBook as Admitting, TicketRefusal } from "../../secure/receiver.js";
import { ticketPskOf } from "../../secure/ticket-keys.js";
import type { Manifest } from "../../wire/manifest.js";
import type { PeerIdentity } from "../../wire/security.js";
import { LacunaError } from "../errors.js";
import { TICKET_WORDS } from "../sending/refusal.js";
import { cipherSuite } from "./suite.js";
import type { TicketBook, TicketJudgement } from "./ticket-book.js";

/** A sender that has a ticket, but was not let in by it. */
export interface Refused {
  /** The ticket's name. */
  readonly ticket: string;
  /** The sender's public key, base64url. */
  readonly sender: string;
  readonly reason: TicketRefusal;
}

export interface GateEvents {
  /** Told at most once a minute of a sender. */
  onRefused(refused: Refused): void;
  /** The book cannot be read or written. While it cannot be read, nobody comes in. */
  onError(error: unknown): void;
}

/** What a sender's ticket lets one file do. */
export interface Permit {
  /** The file asks to come. Throws LACUNA_TICKET_REFUSED, or LACUNA_OVER_LIMIT for one that is too large. */
  enter(bytes: number): void;
  /** Throws LACUNA_TICKET_REFUSED when the ticket was revoked meanwhile. */
  check(): void;
  /** It has come whole. Never rejects. */
  spend(): Promise<void>;
  /** It has ended, or was not let in. */
  leave(): void;
}

/** Lets senders in by the tickets of the book, and counts what comes by them. */
export class TicketGate implements Admitting {
  /** Files under way, by ticket: a file that comes over two connections is one. */
  private readonly coming = new Map<string, Map<string, number>>();
  /** Who has brought files lately, by ticket and key. */
  private readonly spenders = new Set<string>();
  /** When something was last told. */
  private readonly told = new Map<string, number>();

  constructor(
    private readonly book: TicketBook,
    private readonly events: GateEvents,
  ) {}

  find(ticketId: Uint8Array): { readonly psk: Uint8Array } | undefined {
    const record = this.look(() => this.book.byTicketId(ticketId));
    return record && { psk: ticketPskOf(cipherSuite(), record.secret) };
  }

  admit(ticketId: Uint8Array, senderKey: Uint8Array): "admitted" | TicketRefusal {
    const judgement = this.judge({ ticket: ticketId, key: senderKey });
    if (judgement === undefined) return "ticketRevoked";
    const { record, refusal } = judgement;
    if (refusal === undefined || this.mayAsk(refusal, ticketId, senderKey)) return "admitted";
    this.tellRefused({ ticket: record.name, sender: textOf(senderKey), reason: refusal });
    return refusal;
  }

  noteUse(ticketId: Uint8Array, senderKey: Uint8Array): void {
    this.book.admit(ticketId, senderKey).catch((error: unknown) => this.tellError(error));
  }

  /** What the ticket that a sender came in by lets an image do. */
  permitFor(peer: PeerIdentity, { name, digest }: Manifest): Permit {
    const ticket = Buffer.from(peer.ticket).toString("hex");
    const file = Buffer.from(digest).toString("hex");
    let isIn = false;
    let spent = Promise.resolve();
    return {
      enter: (bytes) => {
        this.refuse(peer, name, bytes, file);
        isIn = true;
        const files = this.coming.get(ticket) ?? new Map<string, number>();
        this.coming.set(ticket, files.set(file, (files.get(file) ?? 0) + 1));
      },
      check: () => {
        if (this.judge(peer)?.refusal === "ticketRevoked") throw refusedBy("ticketRevoked", name);
      },
      spend: () => {
        this.noteSpender(ticket, peer.key);
        spent = this.book.spend(peer.ticket).catch((error: unknown) => this.tellError(error));
        return spent;
      },
      leave: () => {
        if (!isIn) return;
        isIn = false;
        // Until it is counted in the book, it counts here.
        void spent.then(() => this.leave(ticket, file));
      },
    };
  }

  /** Who has used a ticket up may not know yet that its last file is safe, and comes to ask. */
  private mayAsk(refusal: TicketRefusal, ticketId: Uint8Array, senderKey: Uint8Array): boolean {
    if (refusal !== "ticketUsedUp") return false;
    return this.spenders.has(`${Buffer.from(ticketId).toString("hex")} ${textOf(senderKey)}`);
  }

  private noteSpender(ticket: string, senderKey: Uint8Array): void {
    this.spenders.add(`${ticket} ${textOf(senderKey)}`);
    for (const oldest of this.spenders) {
      if (this.spenders.size <= SPENDERS_MAX) break;
      this.spenders.delete(oldest);
    }
  }

  private refuse(peer: PeerIdentity, name: string, bytes: number, file: string): void {
    const judgement = this.judge(peer);
    if (judgement === undefined) throw refusedBy("ticketRevoked", name);
    const { record, refusal } = judgement;
    if (refusal !== undefined) throw refusedBy(refusal, name);
    const { uses, maxBytes } = record.limits;
    if (maxBytes !== undefined && bytes > maxBytes) {
      const message = `${name} has ${bytes} bytes; the ticket ${record.name} allows ${maxBytes}`;
      throw new LacunaError("LACUNA_OVER_LIMIT", message, { name, reason: "tooLarge", bytes });
    }
    const others = this.coming.get(Buffer.from(peer.ticket).toString("hex")) ?? new Map();
    const count = others.has(file) ? others.size - 1 : others.size;
    if (uses !== undefined && record.used + count >= uses) throw refusedBy("ticketUsedUp", name);
  }

  private leave(ticket: string, file: string): void {
    const files = this.coming.get(ticket);
    const left = (files?.get(file) ?? 0) - 1;
    if (left > 0) files?.set(file, left);
    else files?.delete(file);
    if (files?.size === 0) this.coming.delete(ticket);
  }

  private judge({ ticket, key }: PeerIdentity): TicketJudgement | undefined {
    return this.look(() => this.book.judge(ticket, key, Date.now()));
  }

  /** A book that cannot be read lets nobody in. */
  private look<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.tellError(error);
      return undefined;
    }
  }

  private tellRefused(refused: Refused): void {
    const { ticket, sender, reason } = refused;
    if (this.isNews(`${ticket} ${sender} ${reason}`)) this.events.onRefused(refused);
  }

  private tellError(error: unknown): void {
    if (this.isNews(String(error))) this.events.onError(error);
  }

  /** Whether it was not said within the last minute: strangers may cause it as often as they like. */
  private isNews(what: string): boolean {
    const now = performance.now();
    if (now - (this.told.get(what) ?? Number.NEGATIVE_INFINITY) < TELL_EVERY_MS) return false;
    this.told.delete(what);
    this.told.set(what, now);
    for (const oldest of this.told.keys()) {
      if (this.told.size <= TOLD_MAX) break;
      this.told.delete(oldest);
    }
    return true;
  }
}

function refusedBy(reason: TicketRefusal, name: string): LacunaError {
  return new LacunaError("LACUNA_TICKET_REFUSED", `${name}: ${TICKET_WORDS[reason]}`, {
    name,
    reason,
  });
}

const textOf = (key: Uint8Array): string => Buffer.from(key).toString("base64url");

const TELL_EVERY_MS = 60_000;
const TOLD_MAX = 256;
const SPENDERS_MAX = 1_024;
