import {
  BLOCK_SIDE,
  type Component,
  type Frame,
  type JpegColour,
  type Scan,
  type ScanComponent,
} from "./frame.js";
import { HuffmanTable, standardTable } from "./huffman.js";
import { Marker } from "./marker.js";
import { ScanScript } from "./scan-script.js";

/** Slots for tables of each kind. ITU-T T.81 section B.2.4. */
const SLOTS = 4;

const BLOCK_COEFFICIENTS = 64;

/** Blocks of an MCU, at most. ITU-T T.81 section B.2.3. */
const MCU_BLOCKS_MAX = 10;

/** Ours: what progressive encoders write is about ten, and each costs a receiver a map of what it holds. */
const SCANS_MAX = 64;

/**
 * What the marker segments of a JPEG file have said so far, told one by one in the file's order.
 *
 * A file's segments and those that a manifest keeps are read by the same rules.
 */
export class Headers {
  frame: Frame | undefined;
  readonly scans: Scan[] = [];
  /** The application segments' word on colour. */
  private jfif = false;
  private adobeTransform: number | undefined;
  private readonly quants: (Uint16Array | undefined)[] = [];
  private readonly dcTables: (HuffmanTable | undefined)[] = [];
  private readonly acTables: (HuffmanTable | undefined)[] = [];
  private restartInterval = 0;
  private script: ScanScript | undefined;

  /** Takes a segment's body (what follows its length). Returns why the file is unusual, if it is. */
  take(marker: number, body: Uint8Array): string | undefined {
    switch (marker) {
      case Marker.quantizationTables:
        return this.takeQuants(body) ? undefined : "a damaged quantization table";
      case Marker.huffmanTables:
        return this.takeHuffmans(body) ? undefined : "a damaged Huffman table";
      case Marker.restartInterval:
        if (body.length !== 2) return "a damaged restart interval";
        this.restartInterval = u16(body, 0);
        return undefined;
      case Marker.startOfScan:
        return this.takeScan(body);
      case Marker.application0:
        if (startsWith(body, "JFIF\0") && body.length >= 14) this.jfif = true;
        return undefined;
      case Marker.application14:
        if (startsWith(body, "Adobe") && body.length >= 12) this.adobeTransform = body[11];
        return undefined;
      case Marker.numberOfLines:
        return "its height told after its first scan (DNL)";
      case Marker.arithmeticConditioning:
      case Marker.jpegExtensions:
        return "arithmetic coding";
      default:
        return isFrame(marker) ? this.takeFrame(marker, body) : undefined;
    }
  }

  /** How the components become colours, as libjpeg decides it. */
  get colour(): JpegColour | undefined {
    const ids = this.frame?.components.map(({ id }) => id) ?? [];
    if (ids.length === 1) return "gray";
    if (ids.length === 4) {
      if (this.adobeTransform === undefined) return "cmyk";
      return this.adobeTransform === 2 ? "ycck" : "inverted cmyk";
    }
    if (ids.length !== 3) return undefined;
    if (this.jfif) return "ycc";
    if (this.adobeTransform !== undefined) return this.adobeTransform === 0 ? "rgb" : "ycc";
    return String.fromCharCode(...ids) === "RGB" ? "rgb" : "ycc";
  }

  /** Whether the scans so far tell every component, roughly at least. */
  get complete(): boolean {
    return this.script?.complete ?? false;
  }

  private takeQuants(body: Uint8Array): boolean {
    for (let at = 0; at < body.length; ) {
      const head = body[at] as number;
      const wide = head >>> 4;
      const end = at + 1 + BLOCK_COEFFICIENTS * (wide + 1);
      if (wide > 1 || (head & 15) >= SLOTS || end > body.length) return false;
      const quant = new Uint16Array(BLOCK_COEFFICIENTS);
      for (let k = 0; k < BLOCK_COEFFICIENTS; k += 1) {
        quant[k] = wide === 1 ? u16(body, at + 1 + 2 * k) : (body[at + 1 + k] as number);
      }
      this.quants[head & 15] = quant;
      at = end;
    }
    return true;
  }

  private takeHuffmans(body: Uint8Array): boolean {
    for (let at = 0; at < body.length; ) {
      const head = body[at] as number;
      const counts = body.subarray(at + 1, at + 17);
      const symbols = counts.reduce((sum, count) => sum + count, 0);
      const end = at + 17 + symbols;
      if (head >>> 4 > 1 || (head & 15) >= SLOTS || end > body.length) return false;
      const table = HuffmanTable.of(counts, body.slice(at + 17, end));
      if (table === undefined) return false;
      (head >>> 4 === 0 ? this.dcTables : this.acTables)[head & 15] = table;
      at = end;
    }
    return true;
  }

  private takeFrame(marker: number, body: Uint8Array): string | undefined {
    const other = otherProcess(marker);
    if (other !== undefined) return other;
    if (this.frame !== undefined) return "two frames";
    const count = body[5] ?? 0;
    if (body.length < 6 + 3 * count) return "a damaged frame header";
    if (body[0] !== 8) return `${body[0]} bits a sample`;
    const [height, width] = [u16(body, 1), u16(body, 3)];
    if (height === 0) return "its height told after its first scan (DNL)";
    if (width === 0) return "a damaged frame header";
    if (count !== 1 && count !== 3 && count !== 4) return `${count} components`;
    const factors: Factors[] = [];
    for (let i = 0; i < count; i += 1) {
      const id = body[6 + 3 * i] as number;
      const sampling = body[7 + 3 * i] as number;
      const quantSlot = body[8 + 3 * i] as number;
      const [h, v] = [sampling >>> 4, sampling & 15];
      if (h < 1 || h > 4 || v < 1 || v > 4 || quantSlot >= SLOTS) return "a damaged frame header";
      if (factors.some((factor) => factor.id === id)) return "two components of one name";
      factors.push({ id, h, v, quantSlot });
    }
    const hMax = Math.max(...factors.map(({ h }) => h));
    const vMax = Math.max(...factors.map(({ v }) => v));
    if (factors.some(({ h, v }) => hMax % h !== 0 || vMax % v !== 0)) {
      return "sampling factors that do not divide each other";
    }
    this.frame = frameOf(marker === Marker.progressive, width, height, factors, hMax, vMax);
    return undefined;
  }

  private takeScan(body: Uint8Array): string | undefined {
    const { frame } = this;
    const count = body[0] ?? 0;
    if (frame === undefined || count < 1 || count > 4 || body.length !== 4 + 2 * count) {
      return "a damaged scan header";
    }
    if (this.scans.length === SCANS_MAX) return `more than ${SCANS_MAX} scans`;
    const components: ScanComponent[] = [];
    for (let i = 0; i < count; i += 1) {
      const tables = body[2 + 2 * i] as number;
      const index = frame.components.findIndex(({ id }) => id === body[1 + 2 * i]);
      const component = frame.components[index];
      if (component === undefined || components.some((other) => other.index >= index)) {
        return "a damaged scan header";
      }
      component.quant ??= this.quants[component.quantSlot];
      if (component.quant === undefined) return "a quantization table missing";
      const dc = this.tableOf("dc", tables >>> 4);
      components.push({ component, index, dc, ac: this.tableOf("ac", tables & 15) });
    }
    const bits = body[3 + 2 * count] as number;
    const rest = {
      bandStart: body[1 + 2 * count] as number,
      bandEnd: body[2 + 2 * count] as number,
      high: bits >>> 4,
      low: bits & 15,
    };
    const scan = scanOf(frame, components, rest, this.restartInterval);
    const wrong = wrongInScan(frame, scan);
    if (wrong !== undefined) return wrong;
    this.script ??= new ScanScript(frame);
    if (!this.script.take(scan)) return "scans that do not follow from each other";
    this.scans.push(scan);
    return undefined;
  }

  /** Files without tables, as those cut from videos, mean the standard ones. */
  private tableOf(kind: "dc" | "ac", slot: number): HuffmanTable | undefined {
    return (kind === "dc" ? this.dcTables : this.acTables)[slot] ?? standardTable(kind, slot);
  }
}

type Factors = Pick<Component, "id" | "h" | "v" | "quantSlot">;

const isFrame = (marker: number): boolean =>
  marker >= Marker.baseline && marker <= Marker.lastFrame;

function otherProcess(marker: number): string | undefined {
  if (marker <= Marker.progressive) return undefined;
  if (marker >= 0xc9) return "arithmetic coding";
  return marker === 0xc3 ? "lossless coding" : "hierarchical coding";
}

function frameOf(
  progressive: boolean,
  width: number,
  height: number,
  factors: readonly Factors[],
  hMax: number,
  vMax: number,
): Frame {
  const mcusAcross = Math.ceil(width / (BLOCK_SIDE * hMax));
  const mcusDown = Math.ceil(height / (BLOCK_SIDE * vMax));
  const components = factors.map((factor): Component => {
    const samplesAcross = Math.ceil((width * factor.h) / hMax);
    const samplesDown = Math.ceil((height * factor.v) / vMax);
    return {
      ...factor,
      width: samplesAcross,
      height: samplesDown,
      blocksAcross: Math.ceil(samplesAcross / BLOCK_SIDE),
      blocksDown: Math.ceil(samplesDown / BLOCK_SIDE),
      blockStride: mcusAcross * factor.h,
      blockRows: mcusDown * factor.v,
      quant: undefined,
    };
  });
  return { progressive, width, height, components, hMax, vMax, mcusAcross, mcusDown };
}

function scanOf(
  frame: Frame,
  components: readonly ScanComponent[],
  rest: Pick<Scan, "bandStart" | "bandEnd" | "high" | "low">,
  restartInterval: number,
): Scan {
  const only = components.length === 1 ? components[0]?.component : undefined;
  const unitsAcross = only?.blocksAcross ?? frame.mcusAcross;
  const unitsDown = only?.blocksDown ?? frame.mcusDown;
  return {
    ...rest,
    components,
    restartInterval,
    unitsAcross,
    unitsDown,
    units: unitsAcross * unitsDown,
    unitWidth: (BLOCK_SIDE * frame.hMax) / (only?.h ?? 1),
    unitHeight: (BLOCK_SIDE * frame.vMax) / (only?.v ?? 1),
  };
}

/** ITU-T T.81 sections B.2.3 and G.1.1.1. */
function wrongInScan(frame: Frame, scan: Scan): string | undefined {
  const { components, bandStart, bandEnd, high, low } = scan;
  const blocks = components.reduce((sum, { component: { h, v } }) => sum + h * v, 0);
  if (components.length > 1 && blocks > MCU_BLOCKS_MAX) return "MCUs of too many blocks";
  const damaged = "a damaged scan header";
  if (!frame.progressive) {
    if (components.some(({ dc, ac }) => dc === undefined || ac === undefined)) {
      return "a Huffman table missing";
    }
    return bandStart === 0 && bandEnd === 63 && high === 0 && low === 0 ? undefined : damaged;
  }
  const dcScan = bandStart === 0;
  if (dcScan ? bandEnd !== 0 : bandEnd < bandStart || bandEnd > 63) return damaged;
  if (!dcScan && components.length > 1) return damaged;
  if (low > 13 || (high !== 0 && high !== low + 1)) return damaged;
  const tables = components.map(({ dc, ac }) => (dcScan ? (high === 0 ? dc : ac) : ac));
  return tables.includes(undefined) && !(dcScan && high > 0)
    ? "a Huffman table missing"
    : undefined;
}

const u16 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 8) | (bytes[at + 1] as number);

function startsWith(body: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (body[i] !== text.charCodeAt(i)) return false;
  return true;
}
