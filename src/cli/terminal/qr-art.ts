import { styleText } from "node:util";
import { encode } from "uqr";
import { type Look, UNICODE } from "./look.js";

/**
 * A text as a QR code (ISO/IEC 18004) for a camera, two rows of modules to a line; none when the terminal is too small
 * for it or has no block characters.
 */
export function qrArt(text: string, look: Look): string[] {
  if (look.glyphs !== UNICODE) return [];
  const { data, size } = encode(text, { ecc: "L", border: QUIET_MODULES });
  const lines = Array.from({ length: Math.ceil(size / 2) }, (_, line) => line);
  if (size > look.columns || lines.length + LINES_AROUND > look.rows) return [];
  // Below an odd last row the quiet zone goes on.
  const isDark = (column: number, row: number): boolean => data[row]?.[column] === true;
  return lines.map((line) => {
    const columns = Array.from({ length: size }, (_, column) => column);
    const modules = columns.map((x) => [isDark(x, 2 * line), isDark(x, 2 * line + 1)] as const);
    if (look.colour) return painted(modules.map(([top, low]) => block(top, low)).join(""));
    // Light on dark, as most terminals are.
    return modules.map(([top, low]) => block(!top, !low)).join("");
  });
}

function block(top: boolean, low: boolean): string {
  if (top) return low ? "█" : "▀";
  return low ? "▄" : " ";
}

function painted(line: string): string {
  return styleText(["black", "bgWhiteBright"], line, { validateStream: false });
}

/** Cameras find a code with less than the four that the standard asks for. */
const QUIET_MODULES = 2;
/** What stands beside it in the same window. A ticket's code just fits one of 24 rows. */
const LINES_AROUND = 2;
