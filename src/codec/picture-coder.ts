/** The coder of pictures as its hosts see it: analyse samples, cut units, code each alone, decode each piece alone. */
export { type Analysis, analyse, sampleAreas } from "./analyse.js";
export { PieceDecoder } from "./piece-decoder.js";
export { PIECE_BYTES_MIN, UnitEncoder } from "./unit-encoder.js";
export { type PictureShape, type Unit, UnitGrid } from "./units.js";
