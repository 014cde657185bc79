import type { Random } from "../base/random.js";
import type { ImageSource } from "../protocol/outgoing-image.js";
import type { Manifest, Metadata } from "../wire/manifest.js";
import { encodeManifest } from "../wire/manifest-bytes.js";
import type { SimulatedImage } from "./plan.js";

export type SimulatedSource = ImageSource & { readonly bytes: Uint8Array };

/** A source whose every byte is drawn; its digest is made up, for the receiver compares the bytes themselves. */
export function sourceOf(image: SimulatedImage, random: Random): SimulatedSource {
  const { pieceCount, pieceBytes } = image;
  const bytes = noise(pieceCount * pieceBytes - random.between(0, pieceBytes - 1), random);
  const digest = random.bytes(32);
  const pieceLength = (piece: number): number =>
    Math.min(pieceBytes, bytes.length - piece * pieceBytes);
  return {
    bytes,
    digest,
    pieceCount,
    manifest: manifestOf(image, digest, bytes.length, random),
    withheld: image.withheld ?? [],
    pieceLength,
    readPiece(piece, target, offset) {
      const start = piece * pieceBytes;
      target.set(bytes.subarray(start, start + pieceLength(piece)), offset);
    },
  };
}

/** A file's manifest; one with a colour profile, which takes several datagrams, when so much is asked for. */
function manifestOf(
  image: SimulatedImage,
  digest: Uint8Array,
  bytes: number,
  random: Random,
): Uint8Array {
  const { pieceCount, pieceBytes, profileBytes = 0 } = image;
  const head = { name: "simulated", digest, pieceCount, pieceBytes };
  if (profileBytes === 0) {
    return encodeManifest({ ...head, content: { mode: "file", bytes } });
  }
  const metadata: Metadata[] = [{ kind: "icc", bytes: noise(profileBytes, random) }];
  const content: Manifest["content"] = {
    mode: "pixels",
    width: pieceCount,
    height: pieceBytes,
    tileWidth: 1,
    tileHeight: pieceBytes,
    channels: 1,
    bits: 8,
    colour: "gray",
    fields: 1,
    order: "raster",
    format: "png",
    metadata,
  };
  return encodeManifest({ ...head, content });
}

/** Bytes without a pattern, four at a time: a suite of thousands of runs draws gigabytes. */
function noise(length: number, random: Random): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = random.uint32() | 1;
  for (let i = 0; i < words.length; i += 1) {
    // xorshift32, G. Marsaglia, Journal of Statistical Software 8 (14), 2003.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, length);
}
