import { join } from "node:path";
import { ReplayTable, type SeenSender } from "../../secure/replays.js";
import { damaged, readStateFile, writeStateFile } from "./state-file.js";

/**
 * The table of handshakes that have opened a connection, over restarts of a receiver. Receivers of one user that run at
 * the same time each keep their own; the last to save is the one that counts.
 */
export class ReplayFile {
  readonly table: ReplayTable;
  private savedRevision: number;
  private saving: Promise<void> = Promise.resolve();

  /** Throws LACUNA_STATE_DAMAGED, and what reading the state folder throws. */
  constructor(private readonly folder: string) {
    const text = readStateFile(folder, FILE);
    const lines = text?.split("\n").slice(0, -1) ?? [];
    const seen = lines.map((line) => readLine(line));
    if (!seen.every((one) => one !== undefined)) {
      throw damaged(join(folder, FILE), "it holds no times of senders");
    }
    this.table = new ReplayTable(seen);
    this.savedRevision = this.table.revision;
  }

  /** Saves what is new, one time after another. Throws what `writeStateFile` throws. */
  save(): Promise<void> {
    const write = (): Promise<void> => this.write();
    this.saving = this.saving.then(write, write);
    return this.saving;
  }

  private async write(): Promise<void> {
    const { revision } = this.table;
    if (revision === this.savedRevision) return;
    const lines = this.table.entries().map(({ sender, floorUs, openedUs }) => {
      return `${[sender, floorUs, ...openedUs].join(" ")}\n`;
    });
    await writeStateFile(this.folder, FILE, lines.join(""));
    this.savedRevision = revision;
  }
}

function readLine(line: string): SeenSender | undefined {
  const [sender = "", floor = "", ...opened] = line.split(" ");
  if (!/^[0-9a-f]{64}$/.test(sender)) return undefined;
  const times = [floor, ...opened].map((text) => (TIME.test(text) ? Number(text) : Number.NaN));
  if (!times.every((time) => Number.isSafeInteger(time))) return undefined;
  const [floorUs = 0, ...openedUs] = times;
  return { sender, floorUs, openedUs };
}

const FILE = "senders.times";
const TIME = /^(?:-1|\d{1,16})$/;
