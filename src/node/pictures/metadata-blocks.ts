import type { Metadata } from "../../wire/manifest.js";

/** Pixels per inch. */
export interface Density {
  readonly across: number;
  readonly down: number;
}

/** Drops the largest blocks until the rest is at most `METADATA_BYTES_MAX` together, with a note for each. */
export function limitMetadata(found: readonly Metadata[]): {
  metadata: Metadata[];
  notes: string[];
} {
  const metadata = found.filter((block) => block.bytes.length > 0);
  const notes: string[] = [];
  let bytes = metadata.reduce((sum, block) => sum + block.bytes.length, 0);
  while (bytes > METADATA_BYTES_MAX) {
    const sizes = metadata.map((block) => block.bytes.length);
    const [largest] = metadata.splice(sizes.indexOf(Math.max(...sizes)), 1);
    if (largest === undefined) break;
    bytes -= largest.bytes.length;
    notes.push(
      `left out the ${largest.kind.toUpperCase()} block: ${largest.bytes.length} bytes are too many`,
    );
  }
  return { metadata, notes };
}

export function blockOf(
  metadata: readonly Metadata[],
  kind: Metadata["kind"],
): Uint8Array | undefined {
  return metadata.find((block) => block.kind === kind)?.bytes;
}

/** The density among the blocks; `undefined` when there is none, or one that no file can mean. */
export function densityOf(metadata: readonly Metadata[]): Density | undefined {
  const bytes = blockOf(metadata, "density");
  if (bytes === undefined || bytes.length !== DENSITY_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const density = { across: view.getFloat64(0), down: view.getFloat64(8) };
  return isDensity(density.across) && isDensity(density.down) ? density : undefined;
}

/** Two IEEE doubles, big-endian: pixels per inch across and down. */
export function densityBytes({ across, down }: Density): Uint8Array {
  const bytes = new Uint8Array(DENSITY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, across);
  view.setFloat64(8, down);
  return bytes;
}

export function isDensity(value: number): boolean {
  return Number.isFinite(value) && value > 0 && value <= DENSITY_MAX;
}

/** JPEG and WebP put a name before the block; the block itself begins with its byte order. EXIF 2.32 section 4.7.2. */
export function withoutExifName(exif: Uint8Array): Uint8Array {
  const named = EXIF_NAME.every((byte, index) => exif[index] === byte);
  return named ? exif.subarray(EXIF_NAME.length) : exif;
}

/** "Exif", 0, 0. */
const EXIF_NAME = [0x45, 0x78, 0x69, 0x66, 0, 0];

const DENSITY_BYTES = 16;
/** Ours: a pixel finer than a nanometre is not meant. */
const DENSITY_MAX = 25_400_000;

/** Ours: the manifest, which is sent before the first piece, stays under 2 MiB with all its other parts. */
export const METADATA_BYTES_MAX = 1.5 * 2 ** 20;
