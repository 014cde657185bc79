import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PURE_ROOMS = ["base", "codec", "fec", "jpeg", "wire", "secure", "picture", "protocol", "sim"];
const LINES_MAX = 410;

function filesIn(folder: string, ending: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

const textOf = (path: string): string => readFileSync(path, "utf8");

test("the pure rooms have no clock and no luck of their own", () => {
  const impure = /\bDate\b|Math\.random|\bperformance\b|\bcrypto\b|\bprocess\b|from "node:/;
  const files = PURE_ROOMS.flatMap((room) => filesIn(`src/${room}`, /\.ts$/));
  expect(files.length).toBeGreaterThan(40);
  expect(files.filter((path) => impure.test(code(textOf(path))))).toEqual([]);
});

test("a room uses only the rooms that its tsconfig names", () => {
  for (const room of readdirSync(join(ROOT, "src"))) {
    const config = JSON.parse(textOf(join(ROOT, "src", room, "tsconfig.json"))) as {
      references: { path: string }[];
    };
    const allowed = new Set(config.references.map(({ path }) => path.replace("../", "")));
    for (const path of filesIn(`src/${room}`, /\.ts$/)) {
      for (const [, used] of textOf(path).matchAll(/from "\.\.\/(?:\.\.\/)?([a-z]+)\//g)) {
        const inside = filesIn(`src/${room}`, /./).some((p) => p.includes(`/${room}/${used}/`));
        if (!inside) expect(allowed, `${path} uses ${used}`).toContain(used);
      }
    }
  }
});

test("no test is left out or run alone", () => {
  const files = filesIn("test", /\.test\.ts$/);
  expect(files.length).toBeGreaterThan(20);
  const lonely = /\b(test|describe|it)\.(only|skip|todo)\b/;
  expect(files.filter((path) => lonely.test(textOf(path)))).toEqual([]);
});

test("no source file has grown into two", () => {
  const files = [
    ...filesIn("src", /\.ts$/),
    ...filesIn("kernels", /\.ts$/),
    ...filesIn("web/src", /\.tsx?$/),
  ];
  const long = files.filter((path) => textOf(path).split("\n").length > LINES_MAX);
  expect(long).toEqual([]);
});

test("ARCHITECTURE.md lists exactly the rooms that there are", () => {
  const listed = [...textOf(join(ROOT, "ARCHITECTURE.md")).matchAll(/^\| `src\/(\w+)` /gm)];
  const there = readdirSync(join(ROOT, "src")).filter((name) =>
    statSync(join(ROOT, "src", name)).isDirectory(),
  );
  expect(listed.map(([, room]) => room).sort()).toEqual(there.sort());
});

test("docs/faults.md names tests that there are", () => {
  const named = [...textOf(join(ROOT, "docs/faults.md")).matchAll(/`(test\/[^`]+)`/g)];
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter(([, path]) => !existsSync(join(ROOT, path as string)))).toEqual([]);
});

/** The text without its comments. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}
