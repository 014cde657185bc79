import { confirmedShare, type Phase, type Transfer } from "./state.js";
import { WORDS } from "./words.js";

/** Says aloud, for those who do not see the page, only what changes the picture of things. */
export class Announcer {
  private readonly said = new Map<string, { milestone: number; phase: Phase }>();

  /** The sentence that is due now, if one is. A transfer met for the first time is introduced as it stands. */
  next(transfer: Transfer, phase: Phase): string | undefined {
    const before = this.said.get(transfer.id);
    const share = confirmedShare(transfer) * 100;
    const milestone = MILESTONES.findLast((step) => share >= step) ?? 0;
    this.said.delete(transfer.id);
    this.said.set(transfer.id, { milestone, phase });
    for (const id of this.said.keys()) {
      if (this.said.size <= REMEMBERED_MAX) break;
      this.said.delete(id);
    }
    if (before?.phase !== phase) {
      const sentence = this.onPhase(transfer.name, phase, before === undefined);
      if (sentence !== undefined) return sentence;
    }
    if (milestone > (before?.milestone ?? 0) && milestone < 100) {
      return WORDS.spoken.milestone(transfer.name, milestone);
    }
    return undefined;
  }

  private onPhase(name: string, phase: Phase, isNew: boolean): string | undefined {
    switch (phase) {
      case "arriving":
        return isNew ? WORDS.spoken.started(name) : undefined;
      case "waiting":
        return WORDS.spoken.stalled(name);
      case "exact":
      case "partial":
      case "failed":
        return WORDS.spoken[phase](name);
      case "checking":
      case "unknown":
        return undefined;
    }
  }
}

/** As many as the receiver tells about. */
const REMEMBERED_MAX = 64;
const MILESTONES = [25, 50, 75, 100];
