/** The pixels of an arriving picture, decoded beside the socket while its pieces come: whoever finishes it need not decode again. */
export interface LiveRaster {
  /** Raster order, samples interleaved as the manifest says, in memory that another thread writes; 0 where nothing is decoded. */
  readonly raster: Uint8Array;
  /** Whether every pixel of the picture is decoded. It becomes true once, and never false again. */
  readonly isComplete: boolean;
  /**
   * Resolves when all pieces offered so far are decoded, refused, or never will be, because the thread has died. Never
   * rejects. Only `isComplete` tells which.
   */
  settled(): Promise<void>;
}
