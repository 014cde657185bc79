/**
 * Makes a plain file name of a name that came from the network: no folders, no
 * control or direction characters, nothing that a file system reads in its own
 * way, at most `NAME_BYTES_MAX` bytes of UTF-8. Never empty; a harmless name stays as it is.
 */
export function safeName(name: string): string {
  const last = name.split(/[/\\]/).pop() ?? "";
  // By way of UTF-8, which has no half characters.
  let safe = Buffer.from(last).toString().normalize("NFC").replace(UNSAFE, "_");
  safe = shorten(trim(safe));
  if (RESERVED.test(safe)) safe = `_${safe}`;
  // Such files are this receiver's own word on what is missing, and go when an image is complete.
  safe = safe.replace(OF_PARTIALS, "_$1.$2");
  return safe === "" ? NAMELESS : safe;
}

/** NAME and .EXT, the dot with the latter; a name without a dot has an empty extension. */
export function splitName(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf(".");
  if (dot <= 0) return { stem: name, extension: "" };
  return { stem: name.slice(0, dot), extension: name.slice(dot) };
}

/** The name itself, then "NAME (2).EXT", "NAME (3).EXT" and so on. */
export function numberedName(name: string, number: number): string {
  if (number === 1) return name;
  const { stem, extension } = splitName(name);
  return `${stem} (${number})${extension}`;
}

function trim(name: string): string {
  return name.replace(/^[\s.]+/u, "").replace(/[\s.]+$/u, "");
}

/** Cuts the stem, never inside a character, and keeps a short extension. */
function shorten(name: string): string {
  if (byteLength(name) <= NAME_BYTES_MAX) return name;
  const { stem, extension } = splitName(name);
  const kept = byteLength(extension) <= EXTENSION_BYTES_MAX ? extension : "";
  let room = NAME_BYTES_MAX - byteLength(kept);
  let cut = "";
  for (const character of stem) {
    room -= byteLength(character);
    if (room < 0) break;
    cut += character;
  }
  return trim(cut + kept);
}

function byteLength(text: string): number {
  return Buffer.byteLength(text);
}

/** Control and format characters (direction marks among them), line separators, private and unassigned ones, and what Windows forbids. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}<>:"|?*]/gu;
/** Names of devices on Windows, whatever their extension. */
const RESERVED = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\..*)?$/iu;
/** As in partial.ts. */
const OF_PARTIALS = /\.(partial|missing|report)\.(png|json)$/iu;
const NAMELESS = "image";
/** File systems allow 255; the rest is for ".partial.png", ".report.json" and " (2147483647)". */
const NAME_BYTES_MAX = 220;
const EXTENSION_BYTES_MAX = 16;
