import { type Manifest, toldPieces } from "../../wire/manifest.js";
import type { ImageFacts } from "../events.js";
import { rasterBytes } from "../memory.js";

/** What an offer and a plan tell of an image. Of coded pixels, bytes are the most that there may be. */
export function factsOf(manifest: Manifest): ImageFacts {
  const { content, name } = manifest;
  const pieces = toldPieces(manifest);
  switch (content.mode) {
    case "file":
      return { name, mode: "file", ...NO_SHAPE, bytes: content.bytes, pieces };
    case "jpeg": {
      const { width, height, channels, bits, bytes } = content;
      return { name, mode: "jpeg", width, height, channels, bits, bytes, pieces };
    }
    case "coded":
    case "pixels": {
      const { width, height, channels, bits } = content;
      const bytes = content.mode === "coded" ? pieces * manifest.pieceBytes : rasterBytes(content);
      return { name, mode: "pixels", width, height, channels, bits, bytes, pieces };
    }
  }
}

const NO_SHAPE = { width: 0, height: 0, channels: 0, bits: 0 };
