import { factsOf } from "./image-facts.js";
import type { Preview } from "./picture-preview.js";
import type { CountedManifest, Source } from "./source.js";

/** Numbered pieces that can all be read from the start. */
export interface PieceReader {
  readonly pieceCount: number;
  pieceLength(piece: number): number;
  /** Copies a piece to `target` from `offset` on; returns its length. */
  readPiece(piece: number, target: Uint8Array, offset: number): number;
}

/** The same pieces, numbered behind those of the preview, if there is one. */
export function behindPreview(preview: Preview | undefined, exact: PieceReader): PieceReader {
  if (preview === undefined) return exact;
  const { pieces } = preview;
  return {
    pieceCount: pieces.length + exact.pieceCount,
    pieceLength: (piece) => pieces[piece]?.length ?? exact.pieceLength(piece - pieces.length),
    readPiece: (piece, target, offset) => {
      const shown = pieces[piece];
      if (shown === undefined) return exact.readPiece(piece - pieces.length, target, offset);
      target.set(shown, offset);
      return shown.length;
    },
  };
}

/** An image whose pieces can all be read from the start. */
export interface ReadyPieces<M extends CountedManifest> extends Omit<PieceReader, "pieceCount"> {
  readonly manifest: M;
  /** The first piece of the odd rows, where they go by themselves; they come last. */
  readonly oddRowsFrom?: number | undefined;
  /** Of all pieces behind the preview's. */
  readonly exactBytes: number;
  readonly preview?: Preview | undefined;
  close(): void;
}

export function readySource<M extends CountedManifest>(
  { manifest, oddRowsFrom, exactBytes, preview, pieceLength, readPiece, close }: ReadyPieces<M>,
  notes: readonly string[],
  why: string,
): Source<M> {
  const { pieceCount } = manifest;
  const previewBytes = (preview?.pieces ?? []).reduce((sum, piece) => sum + piece.length, 0);
  return {
    manifest,
    facts: factsOf(manifest),
    notes,
    why,
    supply: { pieceCount, available: pieceCount, oddRowsFrom, previewBytes, exactBytes },
    complete: Promise.resolve(),
    onGrowth: () => undefined,
    pieceLength,
    readPiece,
    close,
  };
}
