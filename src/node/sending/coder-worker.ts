/** A thread that codes units of pictures. `CoderPool` tells it what to do, and gets the pieces. */
import { parentPort } from "node:worker_threads";
import type { Analysis, Unit } from "../../codec/picture-coder.js";
import {
  type AnalysisSetup,
  analysePicture,
  type CodedUnit,
  type CodingSetup,
  PictureCoding,
} from "./picture-coding.js";

/** What a thread is told. Pictures have numbers of the pool's own. */
export type CoderTask =
  | { readonly kind: "analyse"; readonly setup: AnalysisSetup }
  | { readonly kind: "begin"; readonly picture: number; readonly setup: CodingSetup }
  | { readonly kind: "code"; readonly picture: number; readonly place: number; readonly unit: Unit }
  | { readonly kind: "end"; readonly picture: number };

/** A thread answers what it was told to analyse or to code, in that order. */
export type CoderAnswer = { readonly kind: "analysed"; readonly analysis: Analysis } | UnitAnswer;

export interface UnitAnswer {
  readonly kind: "coded";
  readonly place: number;
  readonly coded: CodedUnit;
}

const pictures = new Map<number, PictureCoding>();

parentPort?.on("message", (task: CoderTask) => {
  switch (task.kind) {
    case "analyse":
      return answer({ kind: "analysed", analysis: analysePicture(task.setup) });
    case "begin":
      pictures.set(task.picture, new PictureCoding(task.setup));
      return;
    case "code": {
      const coded = pictures.get(task.picture)?.code(task.unit);
      if (coded === undefined) throw new Error("a picture is begun before its units are coded");
      const moved = [coded.bytes.buffer, coded.lengths.buffer];
      return answer({ kind: "coded", place: task.place, coded }, moved);
    }
    case "end":
      pictures.delete(task.picture);
  }
});

function answer(said: CoderAnswer, moved: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(said, moved);
}
