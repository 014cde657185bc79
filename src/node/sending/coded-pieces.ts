import { assert } from "../../base/assert.js";
import { type PictureShape, type Unit, UnitGrid } from "../../codec/picture-coder.js";
import { type DecodedPicture, noRoom } from "../pictures/decoded-picture.js";
import type { CoderPool, CodingJob } from "./coder-pool.js";
import type { CodedUnit } from "./picture-coding.js";
import { type Preview, previewErrors } from "./picture-preview.js";
import type { PiecePile } from "./piece-pile.js";
import type { Supply } from "./source.js";
import { isOfOddRows, sendingOrder } from "./unit-order.js";

/** What is to be coded, and how. */
export interface CodingPlan {
  readonly picture: DecodedPicture;
  readonly shape: PictureShape;
  readonly tables: Uint8Array;
  /** Its pieces come first. */
  readonly preview: Preview | undefined;
  /** The most bytes a piece may have. */
  readonly pieceBytes: number;
  /** Whether pieces are there as soon as they are coded; if not, all at once, and in a better order. */
  readonly isOpen: boolean;
  readonly cacheFolder: string;
  readonly pool: CoderPool;
}

/** The pieces of a picture while they are being coded: the same pieces with the same numbers for the same plan. */
export class CodedPieces {
  /** Fulfilled when all are there; rejects with LACUNA_CODER_FAILED or LACUNA_NO_SCRATCH_ROOM. */
  readonly complete: Promise<void>;
  private readonly pile: PiecePile;
  private readonly units: readonly Unit[];
  private readonly previewBytes: number;
  private oddRowsFrom: number | undefined;
  private isComplete = false;
  private isClosed = false;
  private job: CodingJob | undefined;
  private listener: () => void = () => undefined;

  constructor(private readonly plan: CodingPlan) {
    const { picture, preview, shape, tables } = plan;
    const units = UnitGrid.of(shape, tables)?.all();
    assert(units !== undefined, "the tables are for this picture");
    this.units = units;
    this.pile = picture.pile;
    for (const piece of preview?.pieces ?? []) this.pile.add(piece);
    this.previewBytes = this.pile.bytes;
    this.complete = this.code().catch((error: unknown) => {
      throw noRoom(error, plan.cacheFolder);
    });
    // Whoever waits for it is told.
    this.complete.catch(() => undefined);
  }

  get supply(): Supply {
    const { pile, oddRowsFrom, previewBytes, isComplete } = this;
    return {
      pieceCount: isComplete ? pile.count : undefined,
      available: pile.count,
      oddRowsFrom,
      previewBytes,
      exactBytes: pile.bytes - previewBytes,
    };
  }

  /** Calls back whenever there are more. */
  onGrowth(listener: () => void): void {
    this.listener = listener;
  }

  lengthOf(piece: number): number {
    return this.pile.lengthOf(piece);
  }

  /** As `PiecePile.read`. */
  read(piece: number, target: Uint8Array, offset: number): number | undefined {
    return this.pile.read(piece, target, offset);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.job?.end();
    await this.plan.picture.close();
  }

  private async code(): Promise<void> {
    const { picture, shape, preview, isOpen } = this.plan;
    const errors =
      preview === undefined ? [] : await previewErrors(picture.raster, shape, preview, this.units);
    if (this.isClosed) return;
    await (isOpen ? this.codeInOrder(errors) : this.codeThenOrder(errors));
    if (this.isClosed) return;
    this.isComplete = true;
    // Only the pieces are needed from now on.
    await picture.raster.close();
    this.listener();
  }

  /** Units go out as they are coded: those first that the preview shows worst. */
  private async codeInOrder(errors: readonly number[]): Promise<void> {
    const units = sendingOrder(this.units, errors).map((place) => this.units[place] as Unit);
    await this.run(units, (coded, place) => {
      this.add(units[place] as Unit, coded);
      this.listener();
    });
  }

  /** When all are coded, their bytes are known: those first that mend most of the preview for their bytes. */
  private async codeThenOrder(errors: readonly number[]): Promise<void> {
    const coded: CodedUnit[] = [];
    await this.run(this.units, (unit) => coded.push(unit));
    if (this.isClosed) return;
    const gains = errors.map((error, place) => {
      const { width, height } = this.units[place] as Unit;
      return (error * width * height) / Math.max(1, coded[place]?.bytes.length ?? 0);
    });
    for (const place of sendingOrder(this.units, gains)) {
      this.add(this.units[place] as Unit, coded[place] as CodedUnit);
    }
  }

  private run(
    units: readonly Unit[],
    take: (coded: CodedUnit, place: number) => void,
  ): Promise<void> {
    const { picture, shape, tables, pieceBytes, pool } = this.plan;
    const setup = { raster: picture.raster.place, shape, tables, pieceBytes };
    this.job = pool.code(setup, units, take);
    return this.job.done;
  }

  private add(unit: Unit, { bytes, lengths }: CodedUnit): void {
    if (isOfOddRows(unit)) this.oddRowsFrom ??= this.pile.count;
    let from = 0;
    for (const length of lengths) {
      this.pile.add(bytes.subarray(from, from + length));
      from += length;
    }
  }
}
