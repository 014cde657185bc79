import { styleText } from "node:util";
import { displayWidth, fitted } from "./text.js";

/** What a terminal can show. */
export interface Look {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
  /** In which colours a picture can be drawn: any, the 256 of xterm, or none. */
  readonly pictures: "true" | "256" | "none";
  readonly glyphs: Glyphs;
}

export interface Glyphs {
  readonly ellipsis: string;
  readonly times: string;
  readonly bar: { readonly done: string; readonly open: string };
  /** From nothing present to all present; the ends mean exactly none and exactly all. */
  readonly shades: readonly [string, string, string, string, string];
  /** Nothing exact, but a preview. */
  readonly approximate: string;
  readonly frame: Record<
    "topLeft" | "topRight" | "bottomLeft" | "bottomRight" | "across" | "down",
    string
  >;
}

export type Tone = "good" | "warn" | "bad" | "strong" | "faint";

/** A word or phrase that is never broken across lines. */
export interface Item {
  readonly text: string;
  readonly tone?: Tone;
}

export function painted(look: Look, tone: Tone | undefined, text: string): string {
  if (!look.colour || tone === undefined) return text;
  // Not asking standard output whether it has colours: this text is for standard error.
  return styleText(STYLES[tone], text, { validateStream: false });
}

/** Sets items in lines of at most `columns`, two spaces apart; lines after the first are indented. */
export function flow(items: readonly Item[], look: Look): string[] {
  const lines: string[] = [];
  let line = "";
  let width = 0;
  for (const { text, tone } of items) {
    if (width > 0 && width + GAP + displayWidth(text) > look.columns) {
      lines.push(line);
      line = "";
      width = 0;
    }
    const indent = lines.length === 0 ? 0 : Math.min(GAP, look.columns - 1);
    const before = width === 0 ? indent : GAP;
    const shown = fitted(text, look.columns - before, look.glyphs.ellipsis);
    line += " ".repeat(before) + painted(look, tone, shown);
    width += before + displayWidth(shown);
  }
  if (width > 0) lines.push(line);
  return lines;
}

/** What `stream` can show, by its own word and the environment's. */
export function lookOf(
  stream: { columns?: number; rows?: number; getColorDepth?: (env?: object) => number },
  env: Readonly<Record<string, string | undefined>>,
): Look {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG;
  const unicode = process.platform === "win32" || locale === undefined || /utf-?8/i.test(locale);
  const depth = stream.getColorDepth?.(env) ?? 1;
  return {
    columns: stream.columns || 80,
    rows: stream.rows || 24,
    colour: depth > 1,
    pictures: !unicode || depth < 8 ? "none" : depth < 24 ? "256" : "true",
    glyphs: unicode ? UNICODE : ASCII,
  };
}

/** For logs: nothing is broken, cut or coloured. */
export function plainLook(look: Look): Look {
  return { ...look, columns: Number.POSITIVE_INFINITY, colour: false, pictures: "none" };
}

export const UNICODE: Glyphs = {
  ellipsis: "…",
  times: "×",
  bar: { done: "█", open: "░" },
  shades: [" ", "░", "▒", "▓", "█"],
  approximate: "≈",
  frame: {
    topLeft: "┌",
    topRight: "┐",
    bottomLeft: "└",
    bottomRight: "┘",
    across: "─",
    down: "│",
  },
};

export const ASCII: Glyphs = {
  ellipsis: "..",
  times: "x",
  bar: { done: "#", open: "." },
  shades: [" ", ".", ":", "+", "#"],
  approximate: "~",
  frame: {
    topLeft: "+",
    topRight: "+",
    bottomLeft: "+",
    bottomRight: "+",
    across: "-",
    down: "|",
  },
};

/** Columns between items, and before the first of a continued line. */
const GAP = 2;
const STYLES = {
  good: "green",
  warn: "yellow",
  bad: "red",
  strong: "bold",
  faint: "dim",
} as const;
