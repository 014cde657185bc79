import { statfs } from "node:fs/promises";
import { LacunaError } from "../errors.js";

/** What one file may still take of the disk. */
export class DiskClaim {
  private taken = 0;

  constructor(
    private readonly bytes: number,
    private readonly onRelease: (claim: DiskClaim) => void,
  ) {}

  /** Of what it claimed, what is not on the disk yet. */
  get openBytes(): number {
    return Math.max(0, this.bytes - this.taken);
  }

  /** It has grown beyond what its manifest told. */
  get isExceeded(): boolean {
    return this.taken > this.bytes;
  }

  note(bytes: number): void {
    this.taken += bytes;
  }

  release(): void {
    this.onRelease(this);
  }
}

/**
 * Shares out a disk among the files that are coming: what they will need together fits, and a reserve stays free for
 * everything else on the machine.
 */
export class DiskShare {
  private readonly claims = new Set<DiskClaim>();

  /** @param keepFreeBytes `KEPT_SHARE` of the disk, and no more than `KEPT_BYTES_MAX`, when undefined */
  constructor(
    private readonly folder: string,
    private readonly keepFreeBytes: number | undefined,
  ) {}

  /** Throws LACUNA_DISK_FULL, or what the file system says. */
  async claim(name: string, bytes: number): Promise<DiskClaim> {
    const claim = new DiskClaim(bytes, (one) => this.claims.delete(one));
    // Before the disk is asked: two that ask at the same time see each other.
    this.claims.add(claim);
    try {
      const room = await this.room();
      if (room >= 0) return claim;
      const free = Math.max(0, room + bytes);
      const message = `${name} needs ${bytes} bytes; ${this.folder} has room for ${free}`;
      throw new LacunaError("LACUNA_DISK_FULL", message, { name, bytes, free });
    } catch (error) {
      claim.release();
      throw error;
    }
  }

  /** Stops a file that has grown beyond its claim when the disk has no room for that. Throws as `claim` does. */
  async check(name: string, claim: DiskClaim): Promise<void> {
    if (!claim.isExceeded || (await this.room()) >= 0) return;
    const message = `${name} is longer than its sender told, and ${this.folder} has no room for it`;
    throw new LacunaError("LACUNA_DISK_FULL", message, { name });
  }

  /** Bytes that nobody has claimed; below zero when there are not enough. */
  private async room(): Promise<number> {
    const { bavail, blocks, bsize } = await statfs(this.folder);
    const kept = this.keepFreeBytes ?? Math.min(blocks * bsize * KEPT_SHARE, KEPT_BYTES_MAX);
    let claimed = 0;
    for (const { openBytes } of this.claims) claimed += openBytes;
    return Math.floor(bavail * bsize - kept - claimed);
  }
}

/** Ours. */
const KEPT_SHARE = 0.05;
const KEPT_BYTES_MAX = 1_000_000_000;
