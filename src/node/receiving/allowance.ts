import type { Manifest } from "../../wire/manifest.js";
import type { DiskClaim, DiskShare } from "./disk-share.js";
import { type FileLimits, refuseTooLarge, tookTooLong } from "./limits.js";
import type { PieceStore } from "./piece-store.js";
import { type NameOptions, neededBytes, refuseTakenName, takenBytes } from "./session-room.js";

/** What bounds the files of a receiver. */
export interface AllowanceHost extends NameOptions {
  readonly limits: FileLimits;
  readonly disk: DiskShare;
}

/** What one image may take of this receiver: size, room on the disk, time. */
export class Allowance {
  private claim: DiskClaim | undefined;

  constructor(
    private readonly manifest: Manifest,
    private readonly host: AllowanceHost,
  ) {}

  /** Throws LACUNA_OVER_LIMIT or LACUNA_NAME_TAKEN for what is not to come at all. */
  async refuse(): Promise<void> {
    refuseTooLarge(this.manifest, this.host.limits);
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

  /** Throws LACUNA_OVER_LIMIT or LACUNA_DISK_FULL when the image takes more than it may. */
  async check(seconds: number): Promise<void> {
    const { name } = this.manifest;
    const { maxSeconds } = this.host.limits;
    if (seconds > maxSeconds) throw tookTooLong(name, maxSeconds);
    if (this.claim !== undefined) await this.host.disk.check(name, this.claim);
  }

  /** The image has ended. */
  release(): void {
    this.claim?.release();
  }
}
