import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as congestion from "../../src/protocol/congestion.js";
import * as limits from "../../src/protocol/limits.js";
import * as pathMtu from "../../src/protocol/path-mtu.js";
import * as recovery from "../../src/protocol/recovery.js";
import * as rtt from "../../src/protocol/rtt.js";
import * as startup from "../../src/protocol/startup.js";
import * as bytes from "../../src/wire/bytes.js";
import * as datagram from "../../src/wire/datagram.js";
import * as fields from "../../src/wire/fields.js";
import * as ack from "../../src/wire/frames/ack.js";
import * as end from "../../src/wire/frames/end.js";
import * as frame from "../../src/wire/frames/frame.js";
import * as gaps from "../../src/wire/frames/gaps.js";
import * as image from "../../src/wire/frames/image.js";
import * as parity from "../../src/wire/frames/parity.js";
import { FrameType } from "../../src/wire/frames/type.js";
import { IMAGE_FORMATS, METADATA_KINDS, PIECE_ORDERS } from "../../src/wire/manifest.js";
import * as manifestBytes from "../../src/wire/manifest-bytes.js";
import * as manifestContent from "../../src/wire/manifest-content.js";
import * as security from "../../src/wire/security.js";
import { hex } from "./crc.js";
import { readGolden } from "./golden.js";

const root = new URL("../../", import.meta.url);
const doc = readFileSync(new URL("docs/protocol.md", root), "utf8");

/** The part under a heading, up to the next of the same depth. */
function section(heading: string): string {
  const start = doc.indexOf(`\n${heading}`);
  if (start < 0) throw new Error(`docs/protocol.md has no "${heading}"`);
  const depth = heading.indexOf(" ");
  const next = doc.slice(start + 1).search(new RegExp(`\\n#{1,${depth}} `));
  return next < 0 ? doc.slice(start) : doc.slice(start, start + 1 + next);
}

/** The first two cells of each row of the section's tables. */
const rows = (text: string): Map<string, string> =>
  new Map([...text.matchAll(/^\| ([^|]+) \| ([^|]+) \|/gm)].map((m) => [m[1] ?? "", m[2] ?? ""]));

const limitRows = rows(section("### 6.9 Every timer and limit"));

/** As the table writes it: durations in s or ms, other numbers with commas. */
function shown(name: string, value: number): string {
  if (!name.endsWith("_US")) return value.toLocaleString("en-US");
  return value % 1_000_000 === 0 ? `${value / 1_000_000} s` : `${value / 1_000} ms`;
}

const modules = [
  security,
  congestion,
  limits,
  pathMtu,
  recovery,
  rtt,
  startup,
  bytes,
  datagram,
  ack,
  end,
  frame,
  gaps,
  image,
  parity,
];
const exported = [...modules, fields, manifestBytes, manifestContent]
  .flatMap((module) => Object.entries(module) as [string, unknown][])
  .filter((entry): entry is [string, number] => typeof entry[1] === "number");

/** The constants of src/protocol that are not exported: name and expression. */
const inner = readdirSync(new URL("src/protocol", root))
  .map((file) => readFileSync(new URL(`src/protocol/${file}`, root), "utf8"))
  .flatMap((text) => [...text.matchAll(/^const ([A-Z][A-Z0-9_]+) = ([^;]+);/gm)])
  .map((match) => ({ name: match[1] ?? "", expression: match[2] ?? "" }));

/** Sums and differences of products and quotients of numbers, durations and other constants. */
function evaluate(expression: string): number {
  const terms = expression.split(/ (?=[+-] )/);
  return terms.reduce((total, term) => {
    const [, sign, product] = /^([+-] )?(.+)$/s.exec(term) ?? [];
    const value = (product ?? "").split(/ (?=[*/] )/).reduce((left, factor) => {
      const right = atom(factor.replace(/^[*/] /, ""));
      return factor.startsWith("/") ? left / right : left * right;
    }, 1);
    return sign === "- " ? total - value : total + value;
  }, 0);
}

function atom(text: string): number {
  const duration = /^(milliseconds|seconds)\((.+)\)$/.exec(text);
  if (duration !== null) {
    return atom(duration[2] ?? "") * (duration[1] === "seconds" ? 1_000_000 : 1_000);
  }
  const found = exported.find(([name]) => name === text)?.[1];
  if (found !== undefined) return found;
  const named = inner.find(({ name }) => name === text);
  if (named !== undefined) return evaluate(named.expression);
  const value = Number(text.replaceAll("_", ""));
  if (text.trim() === "" || Number.isNaN(value)) throw new Error(`cannot evaluate "${text}"`);
  return value;
}

describe("docs/protocol.md has, with its true value,", () => {
  test.each(exported)("the limit %s", (name, value) => {
    expect(limitRows.get(`\`${name}\``)).toBe(shown(name, value));
  });

  test.each(inner)("the protocol's own $name", ({ name, expression }) => {
    expect(limitRows.get(`\`${name}\``)).toBe(shown(name, evaluate(expression)));
  });

  test.each(Object.entries(FrameType))("the frame type %s", (kind, type) => {
    const number = `0x${type.toString(16).padStart(2, "0")}`;
    expect(section("## 5. Frames")).toMatch(
      new RegExp(`^### 5\\.${type + 1} ${kind.toUpperCase()} \\(${number}\\)`, "m"),
    );
  });

  test("every outcome and every reason, and no others", () => {
    const names = (list: readonly string[]) => list.map((name, i) => [`${i}`, `\`${name}\``]);
    const text = section("## 8. Outcomes and reasons");
    const numbered = (part: string) => [...rows(part)].filter(([number]) => /^\d+$/.test(number));
    const [outcomes = "", reasons = ""] = text.split("Reasons stand in");
    expect(numbered(outcomes)).toEqual(names(end.OUTCOMES));
    expect(numbered(reasons)).toEqual(names(end.REASONS));
  });

  test("every field of the manifest, and no others", () => {
    const tagOf = { ...manifestBytes.CommonField, ...manifestContent.ContentField };
    // As people write them: previewTables as "preview tables".
    const words = (name: string) =>
      name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    const tags = Object.entries(tagOf).map(([name, tag]) => [`${tag}`, words(name)]);
    const told = [...rows(section("## 7. Manifest"))].filter(([tag]) => /^\d+$/.test(tag));
    expect(told).toEqual(tags);
  });

  test("every image format, order of pieces and kind of metadata", () => {
    const text = section("## 7. Manifest");
    for (const list of [IMAGE_FORMATS, PIECE_ORDERS, METADATA_KINDS]) {
      list.forEach((name, i) => {
        expect(text).toMatch(new RegExp(`\\b${name} \\(${i}\\)`));
      });
    }
  });

  test("no limit that is not there any more", () => {
    const known = [...exported.map(([name]) => name), ...inner.map(({ name }) => name)];
    const told = [...limitRows.keys()].filter((name) => name.startsWith("`"));
    expect(told.map((name) => name.slice(1, -1)).sort()).toEqual([...new Set(known)].sort());
  });
});

describe("docs/protocol.md tells every byte of the golden datagram", () => {
  test.each(readGolden())("$title", ({ title, bytes: golden }) => {
    const text = section(`### ${title}`);
    const lines = [...text.matchAll(/^ {4} *([0-9a-f{}]+(?: [0-9a-f{}]+)*)(?: |$)/gm)];
    const told = lines
      .map((line) => (line[1] ?? "").replaceAll(" ", ""))
      .join("")
      .replaceAll(/00\{(\d+)\}/g, (_, count) => "00".repeat(Number(count)));
    expect(told).toBe(hex(golden));
  });
});

test("every section that the code cites is there", () => {
  const folders = ["src/wire", "src/wire/frames", "src/protocol", "src/picture", "src/node"];
  const cited = folders
    .flatMap((folder) =>
      readdirSync(new URL(folder, root))
        .filter((file) => file.endsWith(".ts"))
        .map((file) => readFileSync(new URL(`${folder}/${file}`, root), "utf8")),
    )
    .flatMap((text) => [...text.matchAll(/docs\/protocol\.md sections? (\d+)(?: and (\d+))?/g)])
    .flatMap((match) => [match[1], match[2]].filter((number) => number !== undefined));
  expect(cited.length).toBeGreaterThan(5);
  for (const number of cited) expect(doc).toMatch(new RegExp(`^## ${number}\\. `, "m"));
});
