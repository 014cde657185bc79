import { statSync } from "node:fs";
import { open } from "node:fs/promises";
import { sameBytes } from "../../wire/bytes.js";
import type { Manifest } from "../../wire/manifest.js";
import { digestOfFile } from "../digest.js";
import { LacunaError } from "../errors.js";

/**
 * Notices when a file is changed that is being sent. A picture is read before its first piece leaves, and the receiver gets it as it was
 * then; a plain file is read piece by piece, and its pieces would be of two files.
 */
export class SourceWatch {
  private trace: Trace | undefined;
  private isChecking = false;

  /** To be made before the file is read. */
  constructor(private readonly path: string) {
    this.trace = traceOf(path);
  }

  /** Whether the file, by its outside, is not what it was when it was read. */
  get hasChanged(): boolean {
    const now = traceOf(this.path);
    return now?.file !== this.trace?.file || now?.state !== this.trace?.state;
  }

  /** LACUNA_SOURCE_CHANGED when the pieces that are still to be read are not those that were announced. */
  async check({ content, digest }: Manifest): Promise<LacunaError | undefined> {
    if (content.mode !== "file" || this.isChecking) return undefined;
    const now = traceOf(this.path);
    // Another file of that name leaves the old one, which is open, as it was.
    if (now === undefined || now.file !== this.trace?.file) return undefined;
    if (now.state === this.trace.state) return undefined;
    this.isChecking = true;
    try {
      if (await this.holds(digest)) {
        this.trace = now;
        return undefined;
      }
    } finally {
      this.isChecking = false;
    }
    const { path } = this;
    const message = `${path} was changed while it was being sent`;
    return new LacunaError("LACUNA_SOURCE_CHANGED", message, { path });
  }

  /** Only its time may have changed. */
  private async holds(digest: Uint8Array): Promise<boolean> {
    const file = await open(this.path).catch(() => undefined);
    if (file === undefined) return false;
    try {
      return sameBytes(await digestOfFile(file), digest);
    } finally {
      await file.close();
    }
  }
}

interface Trace {
  /** Which file it is, whatever its name. */
  readonly file: string;
  /** Its length, and when it was last written. */
  readonly state: string;
}

/** Undefined when the file is not there. */
function traceOf(path: string): Trace | undefined {
  const facts = statSync(path, { bigint: true, throwIfNoEntry: false });
  return facts && { file: `${facts.dev} ${facts.ino}`, state: `${facts.size} ${facts.mtimeNs}` };
}
