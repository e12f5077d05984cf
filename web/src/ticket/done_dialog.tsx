// How a ticket ends: one of the hotline's dispositions, by its digit.
import { useEffect } from "preact/hooks";
import { hotlineOf } from "../api/hotlines";
import { Dialog } from "../ui/dialog";
import { named, t } from "../words/words";

interface Props {
  hotline: string;
  onClose: () => void;
  onPick: (disposition: string) => void;
}

export function DoneDialog({ hotline, onClose, onPick }: Props) {
  const all = hotlineOf(hotline)?.dispositions ?? [];
  const pick = (disposition: string): void => {
    onClose();
    onPick(disposition);
  };
  useEffect(() => {
    const keyed = (event: KeyboardEvent): void => {
      const picked = /^[1-9]$/.test(event.key) ? all[Number(event.key) - 1] : undefined;
      if (picked) pick(picked);
    };
    window.addEventListener("keydown", keyed);
    return () => window.removeEventListener("keydown", keyed);
  });
  return (
    <Dialog title={t("done.title")} onClose={onClose}>
      <div class="picks">
        {all.map((disposition, at) => (
          <button key={disposition} type="button" class="pick" onClick={() => pick(disposition)}>
            <kbd aria-hidden="true">{at + 1}</kbd>
            <span>{named("disposition", disposition)}</span>
          </button>
        ))}
      </div>
    </Dialog>
  );
}
