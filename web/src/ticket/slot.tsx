// One field of the form: its value, how sure it is, the words heard, the caller's voice.
import type { SlotView } from "../api/schema";
import { keyHint } from "../shell/help";
import { Badge, type Tone } from "../ui/badge";
import { Button } from "../ui/button";
import { Sureness } from "../ui/sureness";
import { Time } from "../ui/time";
import { position } from "../words/time";
import { named, t } from "../words/words";
import { actorName } from "./history";
import { Parts } from "./parts";
import type { Player } from "./player";

const TONES: Record<SlotView["status"], Tone> = {
  confirmed: "green",
  heard: "amber",
  operator_to_complete: "red",
  empty: "plain",
};

interface Props {
  slot: SlotView;
  masked: boolean;
  player: Player | null;
  hear: () => void;
  edit: (() => void) | undefined;
  accept: (() => void) | undefined;
}

export function Slot({ slot, masked, player, hear, edit, accept }: Props) {
  const { correction } = slot;
  const value = correction?.value ?? slot.value;
  const parts = correction?.parts ?? slot.parts;
  const heard = player?.playing.value === slot.slot;
  return (
    <>
      <div class="slot-body">
        <div class="slot-head">
          <h3>{named("slot", slot.slot)}</h3>
          <Badge tone={correction ? "green" : TONES[slot.status]}>
            {t(correction ? "slot.checked" : `slot.status.${slot.status}`)}
          </Badge>
          {!correction && slot.confidence > 0 && <Sureness of={slot.confidence} />}
        </div>
        <p class={value ? "slot-value" : "slot-value slot-none"}>
          {masked && slot.status !== "empty" ? t("slot.masked") : value || t("slot.none")}
        </p>
        <Parts parts={parts} />
        {slot.heard && slot.heard !== value && (
          <p class="slot-heard">
            <span class="soft">{t("slot.heard")}</span> <q>{slot.heard}</q>
          </p>
        )}
        {correction && (
          <p class="slot-heard soft">
            {t("slot.corrected", { by: actorName(correction.by) })} <Time at={correction.at} />
            {slot.value && slot.value !== correction.value && (
              <>
                {" · "}
                {t("slot.before")} <s>{slot.value}</s>
              </>
            )}
          </p>
        )}
      </div>
      <div class="slot-acts">
        {player && slot.audio.length > 0 && (
          <Button
            small
            kind="quiet"
            icon={heard ? "stop" : "play"}
            hint={keyHint("hear")}
            pressed={heard}
            onClick={hear}
          >{`${t(heard ? "slot.stop" : "slot.hear")} ${lengthOf(slot)}`}</Button>
        )}
        {edit && (
          <Button small kind="quiet" icon="pencil" hint={keyHint("edit")} onClick={edit}>
            {t("slot.edit")}
          </Button>
        )}
        {accept && value && !correction && slot.status !== "confirmed" && (
          <Button small kind="quiet" icon="check" hint={keyHint("accept")} onClick={accept}>
            {t("slot.accept")}
          </Button>
        )}
      </div>
    </>
  );
}

const lengthOf = (slot: SlotView): string =>
  position(slot.audio.reduce((sum, clip) => sum + clip.to_ms - clip.from_ms, 0));
