import { EntropyBytes } from "./entropy-bytes.js";
import { Headers } from "./headers.js";
import { MARKER_PREFIX, Marker } from "./marker.js";
import { headBytesMax } from "./piece-head.js";
import { NonzeroMaps } from "./progressive-walk.js";
import { cutScan, type Run } from "./runs.js";
import { isTableMarker, type Segment, segmentAt } from "./tables.js";

/** Ours: so few bytes are cheaper in the manifest than as a piece of their own. */
const KEPT_BYTES_MAX = 64;

/** Bytes of the file outside the runs. */
export interface FileRange {
  readonly start: number;
  readonly end: number;
  /** Where they go: marker segments for the manifest, other bytes for it, or pieces of plain bytes. */
  readonly use: "segments" | "opaque" | "pieces";
}

/** A whole JPEG file: what its headers say, its runs in the file's order, and all other bytes. */
export interface FileMap {
  readonly headers: Headers;
  readonly runs: readonly Run[];
  /** In the file's order; together with the runs they cover every byte. */
  readonly ranges: readonly FileRange[];
}

/** Reads and cuts a file, for pieces of at most `pieceBytes`. Returns why it is unusual, if it is. Never throws. */
export function mapFile(source: Uint8Array, pieceBytes: number, asFile: boolean): FileMap | string {
  return new FileMapper(source, pieceBytes, asFile ? source.length : 0).map();
}

class FileMapper {
  private readonly headers = new Headers();
  private readonly runs: Run[] = [];
  private readonly ranges: FileRange[] = [];
  /** Of a progressive file. */
  private maps: NonzeroMaps | undefined;
  /** For the data of one scan after another. */
  private readonly scratch: Uint8Array;

  constructor(
    private readonly source: Uint8Array,
    private readonly pieceBytes: number,
    /** 0 for a preview. */
    private readonly fileBytes: number,
  ) {
    this.scratch = EntropyBytes.scratch(source.length);
  }

  map(): FileMap | string {
    const { source, headers, runs, ranges } = this;
    let at = 0;
    let ended = false;
    if (segmentAt(source, 0)?.marker !== Marker.startOfImage) return "no JPEG's beginning";
    while (!ended && at < source.length) {
      const segment = segmentAt(source, at);
      if (segment === undefined) {
        if (headers.frame === undefined) return "a damaged header";
        at = this.skip(at);
        continue;
      }
      const wrong = headers.take(segment.marker, segment.body);
      if (wrong !== undefined) return wrong;
      this.note(at, segment.end, useOf(segment, segment.end - at));
      at = segment.end;
      ended = segment.marker === Marker.endOfImage;
      if (segment.marker !== Marker.startOfScan) continue;
      const end = this.scan(at);
      if (typeof end === "string") return end;
      at = end;
    }
    if (headers.frame === undefined || headers.scans.length === 0) return "no picture";
    if (!headers.complete) return "components without a scan";
    this.note(at, source.length, "pieces");
    return { headers, runs, ranges };
  }

  /** Cuts the scan whose data begin here; returns where they end. */
  private scan(start: number): number | string {
    const { headers, source } = this;
    const number = headers.scans.length - 1;
    const { frame } = headers;
    const scan = headers.scans[number];
    if (frame === undefined || scan === undefined) return "a damaged scan header";
    const capacity = this.pieceBytes - headBytesMax(this.fileBytes, frame, scan);
    if (frame.progressive) this.maps ??= new NonzeroMaps();
    const cut = cutScan(source, start, scan, number, capacity, this.maps, this.scratch);
    if (typeof cut === "string") return cut;
    for (const run of cut.runs) this.runs.push(run);
    this.note(cut.end, cut.sourceEnd, "pieces");
    return cut.sourceEnd;
  }

  /** Bytes that are no segment, up to what may be the next. */
  private skip(start: number): number {
    const { source } = this;
    const prefix = source.indexOf(MARKER_PREFIX, start + 1);
    const end = prefix < 0 ? source.length : prefix;
    this.note(start, end, "pieces");
    return end;
  }

  /** Ranges of one use that touch are one. */
  private note(start: number, end: number, use: FileRange["use"]): void {
    if (start === end) return;
    const last = this.ranges.at(-1);
    if (last?.end === start && last.use === use) {
      this.ranges[this.ranges.length - 1] = { start: last.start, end, use };
    } else this.ranges.push({ start, end, use });
  }
}

function useOf({ marker }: Segment, bytes: number): FileRange["use"] {
  return isTableMarker(marker) || bytes <= KEPT_BYTES_MAX ? "segments" : "pieces";
}

/** Few bytes that would make a piece of their own go with the manifest. */
export function settled(ranges: readonly FileRange[]): FileRange[] {
  return ranges.map((range) =>
    range.use === "pieces" && range.end - range.start <= KEPT_BYTES_MAX
      ? { ...range, use: "opaque" }
      : range,
  );
}
