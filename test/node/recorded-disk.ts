import { mkdirSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Random } from "../../src/base/random.js";
import type { OpenFile } from "../../src/node/disk.js";

type Operation =
  | { readonly kind: "make"; readonly name: string }
  | { readonly kind: "truncate"; readonly name: string; readonly length: number }
  | { readonly kind: "write"; readonly name: string; readonly at: number; readonly bytes: Buffer }
  /** All that was done to the file before operation `before` is on the disk. */
  | { readonly kind: "sync"; readonly name: string; readonly before: number };

/** Opens real files, and writes down what is done to them, so that any moment can be had again. */
export class RecordedDisk {
  readonly operations: Operation[] = [];

  readonly open: OpenFile = async (path, flags, mode) => {
    const file = await open(path, flags, mode);
    const name = basename(path);
    if (flags.startsWith("w")) this.operations.push({ kind: "make", name });
    return instead(file, {
      write: async (bytes: Uint8Array, offset: number, length: number, at: number) => {
        const written = await file.write(bytes, offset, length, at);
        const copy = Buffer.from(bytes.subarray(offset, offset + written.bytesWritten));
        this.operations.push({ kind: "write", name, at, bytes: copy });
        return written;
      },
      truncate: async (length: number) => {
        await file.truncate(length);
        this.operations.push({ kind: "truncate", name, length });
      },
      sync: () => this.sync(file, name),
      datasync: () => this.sync(file, name),
    });
  };

  /** The folder as a process leaves it that is killed after so many operations. */
  killedAfter(count: number, folder: string): void {
    put(folder, this.operations.slice(0, count));
  }

  /**
   * The folder as a power cut leaves it: what was synced is there, and of the rest whatever chance has it, some of it
   * in part.
   */
  cutAfter(count: number, folder: string, random: Random): void {
    const done = this.operations.slice(0, count);
    const safeBefore = new Map<string, number>();
    for (const operation of done) {
      if (operation.kind === "sync") safeBefore.set(operation.name, operation.before);
    }
    const lost = new Set<string>();
    for (const operation of done) {
      const { kind, name } = operation;
      if (kind === "make" && !safeBefore.has(name) && random.unit() < 0.3) lost.add(name);
    }
    const left = done.flatMap((operation, index): Operation[] => {
      if (lost.has(operation.name)) return [];
      const isSafe = index < (safeBefore.get(operation.name) ?? 0) || operation.kind === "make";
      if (isSafe || random.unit() < 0.4) return [operation];
      if (operation.kind !== "write" || random.unit() < 0.5) return [];
      const bytes = operation.bytes.subarray(0, random.between(0, operation.bytes.length));
      return [{ ...operation, bytes }];
    });
    put(folder, left);
  }

  private async sync(file: FileHandle, name: string): Promise<void> {
    const before = this.operations.length;
    await file.datasync();
    this.operations.push({ kind: "sync", name, before });
  }
}

/** A file that takes so many bytes, with all others opened here, and then fails as a full disk does. */
export function fullAfter(room: number): OpenFile {
  let left = room;
  return async (path, flags, mode) => {
    const file = await open(path, flags, mode);
    return instead(file, {
      write: async (bytes: Uint8Array, offset: number, length: number, at: number) => {
        if (left === 0) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
        const fits = Math.min(length, left);
        left -= fits;
        return file.write(bytes, offset, fits, at);
      },
    });
  };
}

/** The file with some of its methods changed. */
function instead(file: FileHandle, methods: Record<string, unknown>): FileHandle {
  return new Proxy(file, {
    get(target, key) {
      if (typeof key === "string" && key in methods) return methods[key];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

function put(folder: string, operations: readonly Operation[]): void {
  const files = new Map<string, Buffer>();
  for (const operation of operations) {
    const { name } = operation;
    const old = files.get(name) ?? Buffer.alloc(0);
    if (operation.kind === "make") files.set(name, Buffer.alloc(0));
    else if (operation.kind === "truncate") files.set(name, resized(old, operation.length));
    else if (operation.kind === "write") {
      const { at, bytes } = operation;
      const longer = resized(old, Math.max(old.length, at + bytes.length));
      bytes.copy(longer, at);
      files.set(name, longer);
    }
  }
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
}

function resized(old: Buffer, length: number): Buffer {
  const made = Buffer.alloc(length);
  old.copy(made);
  return made;
}
