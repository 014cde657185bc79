import { readPiece } from "./piece-head.js";
import { type JpegTables, readTables } from "./tables.js";

/** Bytes and their place in the file. */
export interface FilePart {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Puts the file together again: the parts in the tables, and those of each piece, in any order, are the whole file. */
export class JpegAssembler {
  readonly fileBytes: number;
  /** The parts that come with the tables. */
  readonly parts: readonly FilePart[];

  private constructor(private readonly tables: JpegTables) {
    this.fileBytes = tables.fileBytes;
    this.parts = tables.records;
  }

  /** Undefined when the tables, from a manifest, are no file's. */
  static of(tables: Uint8Array): JpegAssembler | undefined {
    const read = readTables(tables);
    return read === undefined || read.fileBytes === 0 ? undefined : new JpegAssembler(read);
  }

  /** Where a piece's bytes belong (views of them); neighbours may share a byte. Undefined when some lie outside the file. Never throws. */
  partsOf(piece: Uint8Array): readonly FilePart[] | undefined {
    return readPiece(this.tables, piece);
  }
}
