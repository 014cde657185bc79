import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ERRORS } from "../../src/node/errors.js";

const DOCUMENT = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");

interface Entry {
  readonly code: string;
  readonly sentence: string;
  readonly remedy: string;
  readonly exit: number;
}

function entries(): Entry[] {
  const sections = DOCUMENT.split(/^## /m).slice(1);
  return sections.map((section) => ({
    code: section.split("\n")[0] ?? "",
    sentence: section.split("\n\n")[1] ?? "",
    remedy: /^- Try: (.*)$/m.exec(section)?.[1] ?? "",
    exit: Number(/^- Exit code: (\d+)$/m.exec(section)?.[1]),
  }));
}

test("docs/errors.md lists exactly the codes of the program, with their remedies and exit codes", () => {
  const written = entries().map(({ code, remedy, exit }) => [code, { exit, remedy }] as const);
  expect(Object.fromEntries(written)).toEqual(ERRORS);
  expect(written).toHaveLength(Object.keys(ERRORS).length);
});

test("every code is explained in a sentence of its own", () => {
  const sentences = entries().map((entry) => entry.sentence);
  for (const sentence of sentences) expect(sentence).toMatch(/^(?:[A-Z]|`).{15,}\.$/s);
  expect(new Set(sentences).size).toBe(sentences.length);
});
