// What somebody judges of a call: each change is kept at once, to the version that is shown.
import { may } from "../api/client";
import { asApiError } from "../api/problem";
import type { Resource } from "../api/resource";
import { judge } from "../api/reviews";
import type { Mark, NewJudgement, ReviewView } from "../api/schema";
import { toastError } from "../ui/toast";

export interface Judging {
  /** Who does not see what was said does not write it. */
  can: boolean;
  mark: (mark: Mark) => void;
  unmark: (mark: Mark) => void;
  setReviewed: (reviewed: boolean) => void;
  setNote: (note: string) => void;
  /** What was really said in a turn; without words it is taken back. */
  setTruth: (turn: number, text: string | null) => void;
}

export const sameMark = (a: Mark, b: Mark): boolean =>
  a.kind === b.kind && (a.turn ?? 0) === (b.turn ?? 0) && (a.slot ?? "") === (b.slot ?? "");

export function useJudging(view: ReviewView, of: Resource<ReviewView>): Judging {
  const { call, truth } = view;
  const now = (): NewJudgement => ({ reviewed: call.reviewed, marks: call.marks, truth });
  const keep = (change: Partial<NewJudgement>): void => {
    judge(call.number, view.version, { ...now(), ...change })
      .then(of.set)
      .catch((thrown: unknown) => {
        toastError(thrown);
        // Somebody else was faster: what they wrote is shown.
        if (asApiError(thrown).kind === "changed") of.reload();
      });
  };
  const turns = truth.turns ?? [];
  return {
    can: may("calls:review") && !call.masked,
    mark: (mark) => keep({ marks: [...call.marks, mark] }),
    unmark: (mark) => keep({ marks: call.marks.filter((one) => !sameMark(one, mark)) }),
    setReviewed: (reviewed) => keep({ reviewed }),
    setNote: (note) => {
      if (note !== (truth.note ?? "")) keep({ truth: { ...truth, note } });
    },
    setTruth: (turn, text) => {
      const others = turns.filter((one) => one.turn !== turn);
      const all = text === null ? others : [...others, { turn, text }];
      keep({ truth: { ...truth, turns: all.sort((a, b) => a.turn - b.turn) } });
    },
  };
}
