import type { Manifest } from "../../wire/manifest.js";
import type { PeerIdentity } from "../../wire/security.js";
import type { Permit } from "../secure/ticket-gate.js";
import type { DiskClaim, DiskShare } from "./disk-share.js";
import { bytesOf, type FileLimits, refuseTooLarge, tookTooLong } from "./limits.js";
import type { PieceStore } from "./piece-store.js";
import { type NameOptions, neededBytes, refuseTakenName, takenBytes } from "./session-room.js";

/** What bounds the files of a receiver. */
export interface AllowanceHost extends NameOptions {
  readonly limits: FileLimits;
  readonly disk: DiskShare;
  /** What the ticket of who came by a connection allows. */
  permitFor(peer: PeerIdentity, manifest: Manifest): Permit;
}

/** What one image may take of this receiver: size, room on the disk, time. */
export class Allowance {
  private readonly permit: Permit;
  private claim: DiskClaim | undefined;

  /** @param peer who offers it */
  constructor(
    private readonly manifest: Manifest,
    private readonly host: AllowanceHost,
    peer: PeerIdentity,
  ) {
    this.permit = host.permitFor(peer, manifest);
  }

  /** Throws LACUNA_OVER_LIMIT, LACUNA_TICKET_REFUSED or LACUNA_NAME_TAKEN for what is not to come at all. */
  async refuse(): Promise<void> {
    refuseTooLarge(this.manifest, this.host.limits);
    this.permit.enter(bytesOf(this.manifest.content));
    await refuseTakenName(this.manifest, this.host);
  }

  /** Claims the room that is needed beside what the store holds. Throws LACUNA_DISK_FULL; an empty store is gone then. */
  async claimRoom(store: PieceStore): Promise<void> {
    const { manifest, host } = this;
    const needed = neededBytes(manifest, store.held.size, host.memoryMb);
    try {
      this.claim = await host.disk.claim(manifest.name, needed);
    } catch (error) {
      await (store.held.size === 0 ? store.discard() : store.close());
      throw error;
    }
  }

  /** A piece of that many bytes goes to the disk. */
  note(bytes: number): void {
    this.claim?.note(takenBytes(this.manifest, bytes));
  }

  /** Throws LACUNA_OVER_LIMIT, LACUNA_DISK_FULL or LACUNA_TICKET_REFUSED when it may go on no more. */
  async check(seconds: number): Promise<void> {
    this.permit.check();
    const { name } = this.manifest;
    const { maxSeconds } = this.host.limits;
    if (seconds > maxSeconds) throw tookTooLong(name, maxSeconds);
    if (this.claim !== undefined) await this.host.disk.check(name, this.claim);
  }

  /** It has come whole; resolves when that is noted. */
  spend(): Promise<void> {
    return this.permit.spend();
  }

  /** The image has ended. */
  release(): void {
    this.permit.leave();
    this.claim?.release();
  }
}
