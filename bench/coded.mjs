import { stat } from "node:fs/promises";
import { dist } from "./record.mjs";

const [{ analyse, PieceDecoder, sampleAreas, UnitEncoder, UnitGrid }, { bytesPerPixel, newView }] =
  await Promise.all(["codec/picture-coder.js", "codec/pixels.js"].map(dist));
const { decodePixels, describeImage } = await dist("node/pictures/image-file.js");

const NO_LIMITS = { decoderBytes: Number.POSITIVE_INFINITY };

/** The pixels of a picture file and what they are. */
export async function readPicture(path) {
  const described = await describeImage(path, NO_LIMITS);
  const { width, height, channels, bits, colour } = described;
  const shape = { width, height, channels, bits, colour, fields: 1 };
  const bytes = await decodePixels(path, described);
  const fileBytes = described.format === "png" ? (await stat(path)).size : undefined;
  return { shape, bytes, fileBytes };
}

/**
 * Codes a picture, decodes every piece alone, and compares. Times are of this thread's processor, the shortest of `rounds`.
 * Throws where a pixel differs or is covered twice.
 */
export function codePicture({ shape, bytes }, pieceBytes, rounds) {
  const picture = viewOf(shape, bytes);
  const best = { analyse: Infinity, encode: Infinity, decode: Infinity };
  const timed = (name, work) => {
    const before = process.cpuUsage();
    const result = work();
    const { user, system } = process.cpuUsage(before);
    best[name] = Math.min(best[name], (user + system) / 1e6);
    return result;
  };
  let outcome;
  for (let round = 0; round < rounds; round += 1) {
    const analysis = timed("analyse", () =>
      analyse(
        shape,
        sampleAreas(shape).map((area) => partOf(picture, area, shape)),
      ),
    );
    const pieces = timed("encode", () => encode(shape, picture, analysis.tables, pieceBytes));
    const target = newView(shape.width, shape.height, bytesPerPixel(shape));
    timed("decode", () => decode(shape, pieces, analysis.tables, target));
    if (Buffer.compare(target.bytes, bytes) !== 0) throw new Error("other pixels came out");
    outcome = { analysis, pieces };
  }
  const { analysis, pieces } = outcome;
  const pieceSum = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return {
    note: analysis.note,
    estimatedBytes: analysis.estimatedBytes,
    tables: analysis.tables.length,
    pieces: pieces.length,
    bytes: pieceSum + analysis.tables.length,
    fill: pieceSum / (pieces.length * pieceBytes),
    seconds: best,
  };
}

function encode(shape, picture, tables, pieceBytes) {
  const pieces = [];
  const encoder = new UnitEncoder(shape, tables, pieceBytes);
  for (const unit of UnitGrid.of(shape, tables).all()) {
    encoder.encode(partOf(picture, unit, shape), unit, (piece) => pieces.push(piece));
  }
  return pieces;
}

/** The last piece first: none may need another. */
function decode(shape, pieces, tables, target) {
  const decoder = PieceDecoder.of(shape, tables);
  let covered = 0;
  for (let index = pieces.length - 1; index >= 0; index -= 1) {
    const areas = decoder.decode(pieces[index], target, 0, 0);
    if (areas === undefined) throw new Error("a piece was refused");
    for (const { width, height } of areas) covered += width * height;
  }
  if (covered !== shape.width * shape.height) throw new Error("pieces are no partition");
}

const viewOf = (shape, bytes) => ({
  bytes,
  offset: 0,
  stride: shape.width * bytesPerPixel(shape),
  width: shape.width,
  height: shape.height,
});

const partOf = (picture, area, shape) => ({
  bytes: picture.bytes,
  offset: area.y * picture.stride + area.x * bytesPerPixel(shape),
  stride: picture.stride * area.rowStep,
  width: area.width,
  height: area.height,
});
