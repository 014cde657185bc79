import { expect, test } from "vitest";
import {
  bytesReader,
  choiceReader,
  given,
  numberReader,
  readDrop,
  shareReader,
  spanReader,
} from "../../src/cli/values.js";

const rate = numberReader({ flag: "--rate", unit: "megabits a second", example: "8", above: true });
const seed = numberReader({ flag: "--seed", unit: "a whole number", example: "7", whole: true });
const burst = numberReader({ flag: "--burst", unit: "datagrams", example: "4", min: 1, max: 100 });

test("numbers are read as they are written", () => {
  expect(rate("8")).toBe(8);
  expect(rate(".5")).toBe(0.5);
  expect(seed("0")).toBe(0);
  expect(burst("1")).toBe(1);
  expect(shareReader("--loss", "0.05")("5%")).toBe(0.05);
  expect(shareReader("--loss", "0.05")("1")).toBe(1);
  expect(readDrop("odd-rows")).toBe("odd-rows");
  expect(readDrop("0.3")).toBe(0.3);
});

test.each([
  ["90s", 90],
  ["1.5 min", 90],
  ["12h", 43_200],
  ["7D", 604_800],
])("%s is so many seconds: %d", (text, seconds) => {
  expect(spanReader("--expires", "7d")(text)).toBe(seconds);
});

test.each([
  ["500000", 500_000],
  ["500kB", 500_000],
  ["2.5 GB", 2_500_000_000],
])("%s is so many bytes: %d", (text, bytes) => {
  expect(bytesReader("--max-size", "100MB")(text)).toBe(bytes);
});

test.each(["0s", "7", "d", "-1d", "1e3s", "1w", ""])("%j is no length of time", (text) => {
  expect(() => spanReader("--expires", "7d")(text)).toThrow(/^--expires takes a length of time/);
});

test.each([
  [rate, "0", '--rate takes megabits a second, more than 0, such as 8; got "0"'],
  [rate, "fast", '--rate takes megabits a second, more than 0, such as 8; got "fast"'],
  [rate, "1e3", '--rate takes megabits a second, more than 0, such as 8; got "1e3"'],
  [rate, "", '--rate takes megabits a second, more than 0, such as 8; got ""'],
  [seed, "1.5", '--seed takes a whole number, 0 or more, such as 7; got "1.5"'],
  [
    seed,
    "99999999999999999",
    '--seed takes a whole number, 0 or more, such as 7; got "99999999999999999"',
  ],
  [burst, "0.5", '--burst takes datagrams, 1 to 100, such as 4; got "0.5"'],
  [burst, "101", '--burst takes datagrams, 1 to 100, such as 4; got "101"'],
  [shareReader("--loss", "0.05"), "5", '--loss takes a share from 0 to 1, such as 0.05; got "5"'],
  [
    shareReader("--loss", "0.05"),
    "101%",
    '--loss takes a share from 0 to 1, such as 0.05; got "101%"',
  ],
  [
    readDrop,
    "even-rows",
    '--drop takes odd-rows or a share from 0 to 1, such as 0.3; got "even-rows"',
  ],
  [choiceReader("--mode", ["auto", "file"]), "jpeg", '--mode takes auto, file; got "jpeg"'],
])("a value that makes no sense is told what is wanted (%#)", (read, text, message) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code: "LACUNA_BAD_OPTION", message }));
});

test("only what is set is given", () => {
  expect(given({ a: 1, b: undefined, c: false })).toEqual({ a: 1, c: false });
  expect("b" in given({ b: undefined })).toBe(false);
});
