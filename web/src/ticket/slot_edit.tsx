// Putting a field right: Enter saves, Escape leaves it, the caller can be heard meanwhile.
import { useState } from "preact/hooks";
import { hotlineOf } from "../api/hotlines";
import type { AddressView, PartView, SlotView } from "../api/schema";
import { Button } from "../ui/button";
import { TextField } from "../ui/field";
import { named, t } from "../words/words";
import { AddressChoices } from "./address_choices";
import { PartFields, filled } from "./parts";

interface Props {
  hotline: string;
  slot: SlotView;
  busy: boolean;
  hear: (() => void) | undefined;
  onClose: () => void;
  onSave: (value: string, parts: PartView[]) => void;
}

export function SlotEdit({ hotline, slot, busy, hear, onClose, onSave }: Props) {
  const start = slot.correction ?? slot;
  const [value, setValue] = useState(start.value || slot.heard);
  const [parts, setParts] = useState<readonly PartView[]>(start.parts);
  const [typed, setTyped] = useState(false);
  const isAddress = hotlineOf(hotline)?.slots.address === slot.slot;
  const write = (value: string): void => {
    setTyped(true);
    setValue(value);
  };
  const pick = (address: AddressView): void => {
    setValue(address.value);
    setParts(address.parts);
  };
  const long = start.value.length > 60 || slot.slot === "need";
  const save = (): void => onSave(value.trim(), filled(parts));
  const keyed = (event: KeyboardEvent): void => {
    if (event.key === "Escape") onClose();
    // In the middle of composing a Vietnamese or Korean syllable Enter is the composer's.
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) save();
    else if (event.key === " " && event.ctrlKey && hear) hear();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <form
      class="slot-form"
      onKeyDown={(event) => {
        if (!(event.target instanceof HTMLButtonElement)) keyed(event);
      }}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <TextField
        label={named("slot", slot.slot)}
        value={value}
        onInput={write}
        max={4000}
        autofocus
        {...(long && { rows: 3 })}
        {...(slot.heard && { hint: t("slot.heard_hint", { heard: slot.heard }) })}
      />
      <PartFields parts={parts} onInput={setParts} />
      {isAddress && (
        <AddressChoices
          hotline={hotline}
          said={typed ? value : slot.heard || value}
          onPick={pick}
        />
      )}
      <div class="line">
        <Button kind="main" small submit busy={busy} hint="⏎">
          {t("act.save")}
        </Button>
        <Button small hint="Esc" onClick={onClose}>
          {t("act.cancel")}
        </Button>
        {hear && (
          <Button small kind="quiet" icon="play" hint={`Ctrl ${t("slot.space")}`} onClick={hear}>
            {t("slot.hear")}
          </Button>
        )}
      </div>
    </form>
  );
}
