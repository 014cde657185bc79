import type { Rect } from "../../base/geometry.js";
import { PieceDecoder } from "../../codec/picture-coder.js";
import { JpegPicture } from "../../jpeg/picture.js";
import { Approximation } from "../../picture/approximation.js";
import { Coverage } from "../../picture/coverage.js";
import { Partition, type PieceRect } from "../../picture/partition.js";
import { APPROXIMATE, EXACT, type ReducedView, type Sample } from "../../picture/reduced-view.js";
import type {
  CodedContent,
  JpegContent,
  PixelContent,
  PreviewContent,
  Size,
} from "../../wire/manifest.js";
import { bytesPerPixel } from "../memory.js";

/** What a piece tells, in pixels of the whole picture. */
export interface Read {
  readonly exact: readonly PieceRect[];
  /** Shown, but not as they will be at last. */
  readonly approximate: readonly PieceRect[];
  /** Pieces read before that could not be decoded then, and can be now: they are to be read again. */
  readonly ready?: readonly number[];
}

/** Reads pieces of one picture, in any order and any number of times. */
export interface PieceReader {
  /** Puts a piece's pixels where they are wanted, and tells which they are; undefined when the piece is refused. */
  read(piece: number, bytes: Uint8Array): Read | undefined;
}

/** Pieces that are plain pixels, cut by rule. */
export class RawReader implements PieceReader {
  private readonly partition: Partition;
  private readonly pixelBytes: number;

  constructor(
    content: PixelContent,
    private readonly view: ReducedView | undefined,
  ) {
    this.partition = Partition.of(content);
    this.pixelBytes = bytesPerPixel(content);
  }

  read(piece: number, bytes: Uint8Array): Read | undefined {
    if (piece >= this.partition.pieceCount) return undefined;
    const area = this.partition.rectOf(piece);
    if (bytes.length !== area.width * area.height * this.pixelBytes) return undefined;
    this.view?.placeExact(area, bytes);
    return { exact: [area], approximate: [] };
  }
}

/** Coded pieces, decoded into the raster, or into memory for one piece where there is none. */
export class CodedReader implements PieceReader {
  private readonly pixelBytes: number;

  private constructor(
    private readonly content: CodedContent,
    private readonly decoder: PieceDecoder,
    private readonly raster: Uint8Array | undefined,
    private readonly view: ReducedView | undefined,
  ) {
    this.pixelBytes = bytesPerPixel(content);
  }

  /** Undefined when the picture's tables are none that are known here. */
  static of(
    content: CodedContent,
    raster: Uint8Array | undefined,
    view: ReducedView | undefined,
  ): CodedReader | undefined {
    const decoder = PieceDecoder.of(content, content.tables);
    return decoder && new CodedReader(content, decoder, raster, view);
  }

  read(_piece: number, bytes: Uint8Array): Read | undefined {
    const exact =
      this.raster === undefined ? this.readAlone(bytes) : this.readInto(this.raster, bytes);
    return exact && { exact, approximate: [] };
  }

  private readInto(raster: Uint8Array, piece: Uint8Array): PieceRect[] | undefined {
    const { width, height } = this.content;
    const stride = width * this.pixelBytes;
    const areas = this.decoder.decode(
      piece,
      { bytes: raster, offset: 0, stride, width, height },
      0,
      0,
    );
    for (const area of areas ?? []) {
      const offset = area.y * stride + area.x * this.pixelBytes;
      this.view?.placeExact(area, raster, offset, stride * area.rowStep);
    }
    return areas;
  }

  private readAlone(piece: Uint8Array): PieceRect[] | undefined {
    const parts = this.decoder.decodeAlone(piece);
    return parts?.map(({ area, pixels }) => {
      this.view?.placeExact(area, pixels.bytes, pixels.offset, pixels.stride);
      return area;
    });
  }
}

/** Pieces of a JPEG file, drawn from its coefficients; a picture that is large for memory at a smaller scale. */
export class JpegReader implements PieceReader {
  /** Where anything of the file itself has been drawn. */
  private readonly seen: Coverage;

  private constructor(
    private readonly picture: JpegPicture,
    private readonly view: ReducedView | undefined,
  ) {
    this.seen = new Coverage(picture.width, picture.height);
  }

  /** Undefined when the tables are no JPEG's of that size, or memory is too short for the smallest scale. */
  static of(
    content: JpegContent,
    bytesMax: number,
    view: ReducedView | undefined,
  ): JpegReader | undefined {
    for (const scale of SCALES) {
      const picture = JpegPicture.of(content.tables, { scale, bytesMax });
      if (picture === undefined) continue;
      return hasSize(picture, content) ? new JpegReader(picture, view) : undefined;
    }
    return undefined;
  }

  read(piece: number, bytes: Uint8Array): Read | undefined {
    const placed = this.picture.place(bytes, piece);
    if (placed === undefined) return undefined;
    const exact = placed.exact.map(areaOf);
    const approximate = placed.shown
      .filter((rect) => !placed.exact.some((other) => isSame(rect, other)))
      .map(areaOf);
    for (const area of approximate) this.draw(area, APPROXIMATE, this.seen.add(area) > 0);
    for (const area of exact) this.draw(area, EXACT, false);
    return { exact, approximate, ready: placed.ready };
  }

  /** @param isFirst whether it is the first scan there: coarser than a preview, which stays then */
  private draw(area: PieceRect, state: typeof EXACT | typeof APPROXIMATE, isFirst: boolean): void {
    if (this.view === undefined) return;
    const around = grown(area, this.picture);
    const { rect, rgba } = rendered(this.picture, around);
    const { scale } = this.picture;
    const sample: Sample = (x, y, target, at) => {
      const isEmpty = target[at + 3] === 0;
      if (isFirst && !isEmpty) return false;
      const column = Math.floor(x / scale) - rect.x;
      const from = ((Math.floor(y / scale) - rect.y) * rect.width + column) * 4;
      for (let c = 0; c < 4; c += 1) target[at + c] = rgba[from + c] as number;
      return true;
    };
    this.view.place(area, state, sample, areaOf(around));
  }
}

/** The pieces of a preview: a small JPEG that stands for all that is not exact yet. */
export class PreviewReader implements PieceReader {
  private readonly approximation: Approximation;

  private constructor(
    private readonly picture: JpegPicture,
    source: Size,
    private readonly view: ReducedView | undefined,
  ) {
    this.approximation = new Approximation(source, picture.width, picture.height);
  }

  /** Undefined when the tables are no JPEG's of that size, or it is none that was made for showing in time. */
  static of(
    preview: PreviewContent,
    source: Size,
    view: ReducedView | undefined,
  ): PreviewReader | undefined {
    const picture = JpegPicture.of(preview.tables, { bytesMax: PREVIEW_BYTES_MAX });
    if (picture === undefined || !hasSize(picture, preview)) return undefined;
    const isSmall = picture.width <= source.width && picture.height <= source.height;
    return isSmall ? new PreviewReader(picture, source, view) : undefined;
  }

  read(piece: number, bytes: Uint8Array): Read | undefined {
    const placed = this.picture.place(bytes, piece);
    if (placed === undefined) return undefined;
    return { exact: [], approximate: placed.shown.map((rect) => this.show(rect)) };
  }

  private show(rect: Rect): PieceRect {
    const { rect: around, rgba } = rendered(this.picture, grown(rect, this.picture));
    const { known, changed } = this.approximation.put(rect, rgba, around);
    this.view?.place(known, APPROXIMATE, this.approximation.estimate, changed);
    return known;
  }
}

/** The pixels of a rectangle of the whole picture, at the picture's scale, as red, green, blue and alpha. */
function rendered(picture: JpegPicture, whole: Rect): { rect: Rect; rgba: Uint8Array } {
  const { scale, channels } = picture;
  const x = Math.floor(whole.x / scale);
  const y = Math.floor(whole.y / scale);
  const width = Math.ceil((whole.x + whole.width) / scale) - x;
  const height = Math.ceil((whole.y + whole.height) / scale) - y;
  const colours = new Uint8Array(width * height * channels);
  picture.render({ x, y, width, height }, colours);
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    for (let c = 0; c < 3; c += 1) {
      rgba[pixel * 4 + c] = colours[pixel * channels + (channels === 3 ? c : 0)] as number;
    }
  }
  return { rect: { x, y, width, height }, rgba };
}

/** Larger by a rendered pixel each way, as far as the picture goes: where colour is coarser, a neighbour changes it. */
function grown({ x, y, width, height }: Rect, picture: JpegPicture): Rect {
  const by = picture.scale;
  const left = Math.max(0, x - by);
  const top = Math.max(0, y - by);
  const right = Math.min(picture.width, x + width + by);
  const bottom = Math.min(picture.height, y + height + by);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

const areaOf = (rect: Rect): PieceRect => ({ ...rect, rowStep: 1 });

const isSame = (a: Rect, b: Rect): boolean =>
  a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;

const hasSize = (picture: Size, told: Size): boolean =>
  picture.width === told.width && picture.height === told.height;

const SCALES = [1, 2, 4, 8] as const;
/** Ours: a preview of some million pixels, its colours included. */
const PREVIEW_BYTES_MAX = 16 * 2 ** 20;
