import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

export const LACUNA = fileURLToPath(new URL("../bin/lacuna", import.meta.url));

/** A module of the build, by its path in it. */
export const dist = (file) => import(new URL(`../dist/${file}`, import.meta.url).href);

/** Ends with status 2 when Lacuna is not built. */
export function needBuild() {
  if (existsSync(new URL("../dist/cli/main.js", import.meta.url))) return;
  usageError("Lacuna is not built: run `npm ci && npm run build` first");
}

export function usageError(message) {
  console.error(message);
  process.exit(2);
}

/** What the figures depend on beside the code. */
export function machineFacts() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.version,
    commit: git("rev-parse", "--short", "HEAD"),
    date: new Date().toISOString().slice(0, 10),
  };
}

/** Programs that ran or waited to run in the last minute: other work beside the bench makes figures worse. */
export const load = () => Number(loadavg()[0]?.toFixed(2));

/** Lists only objects, one value a line, so that the formatter has nothing to change. */
export function record(file, result) {
  if (file === undefined) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`);
  console.error(`recorded in ${file}`);
}

export function printTable(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  console.log([line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n"));
}

/** The lower of the two in the middle when there are two. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

export const rounded = (value, places = 3) => Number(value.toFixed(places));

function git(...args) {
  const { status, stdout } = spawnSync("git", args, { cwd: dirname(LACUNA), encoding: "utf8" });
  return status === 0 ? stdout.trim() : "unknown";
}
