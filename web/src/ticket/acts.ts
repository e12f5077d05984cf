// What can be done to the ticket on the screen; the answer is shown, a refusal explained.
import { useState } from "preact/hooks";
import { act, merge } from "../api/tickets";
import type { TicketView, UserAct } from "../api/schema";
import { claimOpen, refused } from "../queue/claim";
import { toastError } from "../ui/toast";

export interface Acts {
  busy: boolean;
  /** True when it was done. */
  act: (what: UserAct) => Promise<boolean>;
  merge: (repeat: number, undo: boolean) => Promise<boolean>;
}

const NEEDS_HOLD = new Set(["finish", "ring"]);

export function useActs(view: TicketView, show: (view: TicketView) => void): Acts {
  const [busy, setBusy] = useState(false);
  const run = async (work: () => Promise<TicketView>): Promise<boolean> => {
    if (busy) return false;
    setBusy(true);
    try {
      show(await work());
      return true;
    } catch (thrown) {
      await refused(view.number, thrown, show).catch(toastError);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return {
    busy,
    act: (what) =>
      run(async () => {
        let { version } = view;
        if (what.act === "claim") return claimOpen(view.number, version);
        if (NEEDS_HOLD.has(what.act) && view.stage.name === "open") {
          version = (await claimOpen(view.number, version)).version;
        }
        return act(view.number, version, what);
      }),
    merge: (repeat, undo) => run(() => merge(view.number, repeat, undo)),
  };
}
