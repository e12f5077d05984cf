// When to call again: a usual time by one press, or any.
import { useState } from "preact/hooks";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { TextField } from "../ui/field";
import { toast } from "../ui/toast";
import { moment } from "../words/time";
import { t } from "../words/words";
import type { Acts } from "./acts";

const MINUTE = 60_000;

/** For the input of the browser's own time. */
function local(at: Date): string {
  return new Date(at.getTime() - at.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
}

function tomorrowAt(hour: number): Date {
  const at = new Date();
  at.setDate(at.getDate() + 1);
  at.setHours(hour, 0, 0, 0);
  return at;
}

export function ScheduleDialog({ acts, onClose }: { acts: Acts; onClose: () => void }) {
  const [at, setAt] = useState(() => local(new Date(Date.now() + 60 * MINUTE)));
  const schedule = async (at: Date): Promise<void> => {
    onClose();
    const done = await acts.act({ act: "schedule", at: at.toISOString() });
    if (done) toast(t("schedule.done", { at: moment(at.toISOString()) }));
  };
  const usual: [string, Date][] = [
    [t("schedule.in_hour"), new Date(Date.now() + 60 * MINUTE)],
    [t("schedule.in_three"), new Date(Date.now() + 180 * MINUTE)],
    [t("schedule.tomorrow_morning"), tomorrowAt(9)],
    [t("schedule.tomorrow_afternoon"), tomorrowAt(14)],
  ];
  return (
    <Dialog
      title={t("schedule.title")}
      onClose={onClose}
      onSubmit={() => void schedule(new Date(at))}
      actions={
        <Button kind="main" submit>
          {t("schedule.act")}
        </Button>
      }
    >
      <div class="picks">
        {usual.map(([words, at]) => (
          <button key={words} type="button" class="pick" onClick={() => void schedule(at)}>
            <span>{words}</span>
            <span class="soft">{moment(at.toISOString())}</span>
          </button>
        ))}
      </div>
      <TextField
        label={t("schedule.at")}
        hint={t("schedule.zone")}
        type="datetime-local"
        value={at}
        onInput={setAt}
        required
      />
    </Dialog>
  );
}
