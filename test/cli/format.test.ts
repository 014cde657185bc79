import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatBytes,
  formatCount,
  formatMilliseconds,
  formatPart,
  formatRate,
  formatShare,
  formatSpan,
  formatTaken,
  shortDigest,
} from "../../src/cli/terminal/format.js";
import { cleaned, displayWidth, fitted } from "../../src/cli/terminal/text.js";

describe("quantities", () => {
  test.each([
    [0, "0 bytes"],
    [999, "999 bytes"],
    [1_000, "1.0 kB"],
    [999_949, "999.9 kB"],
    [999_950, "1.0 MB"],
    [52_428_800, "52.4 MB"],
    [3_000_000_000_000_000, "3000.0 TB"],
  ])("%d bytes read as %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test.each([
    [0, "0 kbit/s"],
    [0.421, "421 kbit/s"],
    [18.24, "18.2 Mbit/s"],
    [999.96, "1.0 Gbit/s"],
  ])("%d Mbit/s read as %s", (mbit, text) => expect(formatRate(mbit)).toBe(text));

  test.each([
    [0, "0 s"],
    [44.4, "44 s"],
    [59.6, "1 min"],
    [125, "2 min 5 s"],
    [3_599, "59 min 59 s"],
    [3_600, "1 h"],
    [3_785, "1 h 3 min"],
    [187_300, "2 d 4 h"],
  ])("%d seconds read as %s", (seconds, text) => expect(formatSpan(seconds)).toBe(text));

  test.each([
    [2.06, "2.1 s"],
    [59.94, "59.9 s"],
    [59.96, "1 min"],
    [125.4, "2 min 5 s"],
  ])("what took %d seconds took %s", (seconds, text) => expect(formatTaken(seconds)).toBe(text));

  test("a loss that rounds to nothing is not called nothing", () => {
    expect(formatShare(0)).toBe("0.0 %");
    expect(formatShare(0.000_01)).toBe("<0.1 %");
    expect(formatShare(0.1237)).toBe("12.4 %");
  });

  test("all but one of a million is not called all", () => {
    expect(formatPart(999_999, 1_000_000)).toBe("99.9 %");
    expect(formatPart(1_000_000, 1_000_000)).toBe("100.0 %");
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), (whole) => {
        expect(formatPart(whole - 1, whole)).not.toBe("100.0 %");
      }),
    );
  });

  test("counts, times and digests are short", () => {
    expect(formatCount(1_272_349)).toBe("1,272,349");
    expect(formatMilliseconds(0.42)).toBe("0.4 ms");
    expect(formatMilliseconds(612.4)).toBe("612 ms");
    expect(shortDigest("9f3a41d2aa00c41e", "…")).toBe("9f3a41…c41e");
  });
});

describe("text from elsewhere", () => {
  test("loses what could command the terminal or turn the line", () => {
    expect(cleaned("\u001b[2Jevil\u202egnp.\u0007\n\u2028\u009b31m")).toBe("?[2Jevil?gnp.????31m");
    expect(cleaned("Hafen – 港.png")).toBe("Hafen – 港.png");
  });

  test("never keeps a control character", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, (drawn) => {
        expect(cleaned(drawn)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }),
    );
  });

  test("has its width in columns counted", () => {
    expect(displayWidth("harbour.png")).toBe(11);
    expect(displayWidth("港.png")).toBe(6);
    expect(displayWidth("e\u0301")).toBe(1);
    expect(displayWidth("📷")).toBe(2);
  });

  test("is cut in its middle so that the ending stays", () => {
    expect(fitted("harbour.png", 11, "…")).toBe("harbour.png");
    expect(fitted("harbour-at-night.png", 16, "…")).toBe("harbour-at…t.png");
    expect(fitted("港港港港港港.png", 10, "…")).toBe("港港港…png");
  });

  test("fits whatever it is", () => {
    const text = fc.string({ unit: "grapheme" });
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 30 }), (drawn, columns) => {
        expect(displayWidth(fitted(drawn, columns, "…"))).toBeLessThanOrEqual(columns);
      }),
    );
  });
});
