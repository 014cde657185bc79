import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../../wire/manifest.js";
import { encodeManifest } from "../../wire/manifest-bytes.js";

/**
 * Which images have been begun and not ended, each to its receiver. A sender that is started again asks first what is there,
 * and sends nothing in vain. Only a help: where it fails, some pieces cross twice.
 */
export class Unfinished {
  private readonly folder: string;

  /** @param stateFolder for the state of this user's programs */
  constructor(stateFolder: string) {
    this.folder = join(stateFolder, "unfinished");
  }

  has(to: string, manifest: Manifest): boolean {
    return existsSync(join(this.folder, nameOf(to, manifest)));
  }

  async begin(to: string, manifest: Manifest): Promise<void> {
    const { folder } = this;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(join(folder, nameOf(to, manifest)), "");
      await prune(folder);
    } catch {
      // Then a later start is none the wiser.
    }
  }

  async end(to: string, manifest: Manifest): Promise<void> {
    await rm(join(this.folder, nameOf(to, manifest)), { force: true }).catch(() => undefined);
  }
}

/** The oldest give way. */
async function prune(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.length <= UNFINISHED_MAX) return;
  const paths = names.map((name) => join(folder, name));
  const facts = await Promise.all(paths.map(async (path) => ({ path, at: await timeOf(path) })));
  facts.sort((a, b) => a.at - b.at);
  const old = facts.slice(0, names.length - UNFINISHED_MAX);
  await Promise.all(old.map(({ path }) => rm(path, { force: true })));
}

async function timeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}

function nameOf(to: string, manifest: Manifest): string {
  const hash = createHash("sha256").update(to).update("\n").update(encodeManifest(manifest));
  return hash.digest("hex").slice(0, 32);
}

/** Ours. */
const UNFINISHED_MAX = 256;
