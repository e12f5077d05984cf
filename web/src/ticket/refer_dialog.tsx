// To which office: the hotline's own, found by a few letters, or another by its name.
import { useState } from "preact/hooks";
import { officesOf } from "../api/hotlines";
import { plain } from "../api/tickets";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { TextField } from "../ui/field";
import { t } from "../words/words";

interface Props {
  hotlines: readonly string[];
  count: number;
  /** Offices among which is to be decided; they come first. */
  likely?: readonly string[];
  onClose: () => void;
  onPick: (office: string) => void;
}

const SHOWN_MAX = 8;

export function ReferDialog({ hotlines, count, likely = [], onClose, onPick }: Props) {
  const [text, setText] = useState("");
  const known = [...new Set([...likely, ...hotlines.flatMap(officesOf)])];
  const found = known.filter((office) => plain(office).includes(plain(text))).slice(0, SHOWN_MAX);
  const pick = (office: string): void => {
    onClose();
    onPick(office);
  };
  return (
    <Dialog
      title={t("refer.title", { count })}
      onClose={onClose}
      onSubmit={() => {
        const office = text.trim() || "";
        const only = found.length === 1 && office ? found[0] : undefined;
        if (only ?? office) pick(only ?? office);
      }}
      actions={
        <Button kind="main" submit disabled={!text.trim()}>
          {t("refer.act")}
        </Button>
      }
    >
      <TextField
        label={t("refer.office")}
        hint={t(known.length > 0 ? "refer.hint" : "refer.none_known")}
        value={text}
        onInput={setText}
        autofocus
        max={200}
      />
      <div class="picks">
        {found.map((office) => (
          <button key={office} type="button" class="pick" onClick={() => pick(office)}>
            {office}
          </button>
        ))}
      </div>
    </Dialog>
  );
}
