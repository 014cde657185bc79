/**
 * Text from elsewhere (file names, a peer's words) without what could move the cursor, change
 * colours or turn the line's direction: each such character becomes "?".
 */
export function cleaned(text: string): string {
  return text.replace(UNSAFE, "?");
}

/** Columns that the text takes in a terminal: wide characters two, combining marks none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (NO_WIDTH.test(character)) continue;
    width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

/** The text, cut in its middle when it is wider than `columns`, so that a name keeps its ending. */
export function fitted(text: string, columns: number, ellipsis: string): string {
  if (displayWidth(text) <= columns) return text;
  const room = columns - displayWidth(ellipsis);
  if (room < 1) return ellipsis.slice(0, Math.max(0, columns));
  const characters = [...text];
  const tail = widest(characters.reverse(), Math.min(TAIL_COLUMNS, Math.floor(room / 3)));
  const head = widest(characters.reverse(), room - displayWidth(tail.join("")));
  return head.join("") + ellipsis + tail.reverse().join("");
}

/** Sets words in lines of at most `columns`; a longer word has a line of its own. */
export function wrapped(words: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || displayWidth(longer) <= columns) {
      line = longer;
      continue;
    }
    lines.push(line);
    line = word;
  }
  return [...lines, line];
}

/** As many of the first characters as fit. */
function widest(characters: readonly string[], columns: number): string[] {
  const out: string[] = [];
  let width = 0;
  for (const character of characters) {
    width += displayWidth(character);
    if (width > columns) break;
    out.push(character);
  }
  return out;
}

/** Room for an ending such as ".partial.png". */
const TAIL_COLUMNS = 12;
/** Controls, line and paragraph separators, and everything that only formats (bidirectional marks among them). */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const NO_WIDTH = /^[\p{M}\p{Cf}]$/u;
/** East Asian wide and full-width blocks, and emoji; Unicode Standard Annex 11, in broad strokes. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;
