import type { Content } from "../wire/manifest.js";
import { type MemoryLimits, rasterBytes } from "./memory.js";

/** Memory that several pieces of work share: one for which there is not enough left waits, first come, first served. */
export class MemoryBudget {
  private free: number;
  private readonly waiting: { readonly bytes: number; readonly begin: () => void }[] = [];

  constructor(private readonly bytes: number) {
    this.free = bytes;
  }

  /** Does the work once there are so many bytes for it; what asks for more than there are gets all. */
  async use<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const taken = Math.min(bytes, this.bytes);
    await new Promise<void>((begin) => {
      this.waiting.push({ bytes: taken, begin });
      this.admit();
    });
    try {
      return await work();
    } finally {
      this.free += taken;
      this.admit();
    }
  }

  private admit(): void {
    for (let [next] = this.waiting; next !== undefined; [next] = this.waiting) {
      if (next.bytes > this.free) return;
      this.waiting.shift();
      this.free -= next.bytes;
      next.begin();
    }
  }
}

/** What making the file of a received image takes beside Node itself. */
export function savingBytes(content: Content, limits: MemoryLimits): number {
  if (content.mode === "file") return 0;
  const bytes = rasterBytes(content);
  return bytes <= limits.rasterBytes ? bytes * SMALL_SHARE : LARGE_BYTES;
}

/** Ours: the raster, its file, and what is read back of it, at the worst. */
const SMALL_SHARE = 2.5;
/** The library's rows, and bands of ours. Measured on 200 Mpixel: 70 to 90 MB. */
const LARGE_BYTES = 90_000_000;
