/** A thread that codes units of pictures. `CoderPool` tells it what to do, and gets the pieces. */
import { parentPort } from "node:worker_threads";
import type { Unit } from "../codec/picture-coder.js";
import { type CodedUnit, type CodingSetup, PictureCoding } from "./picture-coding.js";

/** What a thread is told. Pictures have numbers of the pool's own. */
export type CoderTask =
  | { readonly kind: "begin"; readonly picture: number; readonly setup: CodingSetup }
  | { readonly kind: "code"; readonly picture: number; readonly place: number; readonly unit: Unit }
  | { readonly kind: "end"; readonly picture: number };

/** A thread answers each unit, in the order in which it was told to code them. */
export interface CoderAnswer {
  readonly place: number;
  readonly coded: CodedUnit;
}

const pictures = new Map<number, PictureCoding>();

parentPort?.on("message", (task: CoderTask) => {
  if (task.kind === "begin") pictures.set(task.picture, new PictureCoding(task.setup));
  else if (task.kind === "end") pictures.delete(task.picture);
  else {
    const coded = pictures.get(task.picture)?.code(task.unit);
    if (coded === undefined) throw new Error("a picture is begun before its units are coded");
    const answer: CoderAnswer = { place: task.place, coded };
    parentPort?.postMessage(answer, [coded.bytes.buffer, coded.lengths.buffer]);
  }
});
