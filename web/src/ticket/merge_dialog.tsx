// Making one ticket of two calls of the same caller.
import { useState } from "preact/hooks";
import type { TicketView } from "../api/schema";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { TextField } from "../ui/field";
import { t } from "../words/words";
import type { Acts } from "./acts";

interface Props {
  view: TicketView;
  acts: Acts;
  onClose: () => void;
}

export function MergeDialog({ view, acts, onClose }: Props) {
  const [text, setText] = useState("");
  const repeat = Number(text.trim());
  const merge = async (): Promise<void> => {
    if (await acts.merge(repeat, false)) onClose();
  };
  return (
    <Dialog
      title={t("merge.title")}
      onClose={onClose}
      onSubmit={() => void merge()}
      actions={
        <Button kind="main" submit disabled={!Number.isInteger(repeat) || repeat < 1}>
          {t("merge.act")}
        </Button>
      }
    >
      <p class="soft">{t("merge.lead", { number: view.number })}</p>
      <TextField
        label={t("merge.number")}
        value={text}
        onInput={setText}
        inputMode="numeric"
        required
        autofocus
      />
    </Dialog>
  );
}
