import { expect, test } from "vitest";
import { memoryLimits } from "../../src/node/memory.js";
import { MemoryBudget, savingBytes } from "../../src/node/memory-budget.js";
import type { PixelContent } from "../../src/wire/manifest.js";

/** Work that ends when it is told to, and notes that it has begun. */
function job(name: string, begun: string[]) {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const work = async (): Promise<string> => {
    begun.push(name);
    await ended;
    return name;
  };
  return { end, work };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test("work begins in its turn, when there is memory for it", async () => {
  const budget = new MemoryBudget(100);
  const begun: string[] = [];
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => job(name, begun));
  if (!a || !b || !c || !d) throw new Error("four jobs");
  const first = budget.use(60, a.work);
  const second = budget.use(50, b.work);
  // There would be room for it, but it came later.
  const third = budget.use(30, c.work);
  const fourth = budget.use(1_000, d.work);
  await settle();
  expect(begun).toEqual(["a"]);
  a.end();
  expect(await first).toBe("a");
  await settle();
  expect(begun).toEqual(["a", "b", "c"]);
  b.end();
  await second;
  await settle();
  expect(begun).toHaveLength(3);
  c.end();
  await third;
  d.end();
  expect(await fourth).toBe("d");
});

test("work that fails gives its memory back", async () => {
  const budget = new MemoryBudget(10);
  const failing = budget.use(10, () => Promise.reject(new Error("no")));
  const next = budget.use(10, () => Promise.resolve("yes"));
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("yes");
});

test("a picture needs memory by its pixels while it is small, and no more for being larger", () => {
  const limits = memoryLimits();
  const picture = (width: number, height: number): PixelContent => ({
    mode: "pixels",
    width,
    height,
    channels: 3,
    bits: 8,
    colour: "rgb",
    tileWidth: 19,
    tileHeight: 20,
    fields: 1,
    order: "dispersed",
    format: "png",
    metadata: [],
  });
  expect(savingBytes({ mode: "file", bytes: 2 ** 40 }, limits)).toBe(0);
  expect(savingBytes(picture(1_000, 1_000), limits)).toBe(7_500_000);
  const large = savingBytes(picture(20_000, 10_000), limits);
  expect(savingBytes(picture(40_000, 30_000), limits)).toBe(large);
  expect(large).toBeLessThanOrEqual(limits.decoderBytes);
});
