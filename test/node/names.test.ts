import fc from "fast-check";
import { expect, test } from "vitest";
import { numberedName, safeName } from "../../src/node/receiving/names.js";

test.each([
  ["photo.png", "photo.png"],
  ["Größe 3 (alt).tiff", "Größe 3 (alt).tiff"],
  ["写真.jpg", "写真.jpg"],
  ["../../etc/passwd", "passwd"],
  ["C:\\Windows\\win.ini", "win.ini"],
  ["..", "image"],
  ["", "image"],
  ["a/b/", "image"],
  [".bashrc", "bashrc"],
  ["name. . ", "name"],
  ["con", "_con"],
  ["COM1.png", "_COM1.png"],
  ["aux .txt", "_aux .txt"],
  ["a\u0000b\u001b[31m\n.png", "a_b_[31m_.png"],
  ["safe\u202egnp.exe", "safe_gnp.exe"],
  ["what?<is>|this*:.png", "what__is__this__.png"],
  ["CON .tar.gz", "_CON .tar.gz"],
  ["LPT²", "_LPT²"],
  ["nul", "_nul"],
  ["file:stream", "file_stream"],
  ["dots...", "dots"],
  ["\u2066\u200bhidden\u2069.png", "__hidden_.png"],
  ["boat.partial.png", "boat_partial.png"],
  ["boat.REPORT.json", "boat_REPORT.json"],
  [".lacuna", "lacuna"],
  ["half \ud83d.png", "half \ufffd.png"],
])("the name %j becomes %j", (name, safe) => {
  expect(safeName(name)).toBe(safe);
});

test("any name at all becomes a short plain file name, and stays so", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (name) => {
      const safe = safeName(name);
      expect(Buffer.byteLength(safe)).toBeGreaterThan(0);
      expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(221);
      expect(safe).not.toMatch(/[/\\\p{Cc}\p{Cf}]|^[.\s]|[.\s]$/u);
      expect(safeName(safe)).toBe(safe);
    }),
  );
});

test("a long name is cut between characters and keeps its extension", () => {
  const safe = safeName(`${"é🎨".repeat(100)}.jpeg`);
  expect(safe).toMatch(/^(é🎨)+é?\.jpeg$/u);
  expect(Buffer.byteLength(safe)).toBeGreaterThan(210);
});

test("a second file of one name is numbered before its extension", () => {
  expect(numberedName("photo.png", 1)).toBe("photo.png");
  expect(numberedName("photo.png", 2)).toBe("photo (2).png");
  expect(numberedName("README", 3)).toBe("README (3)");
});
