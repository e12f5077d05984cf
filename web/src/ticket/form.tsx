// The form as the caller filled it: worked through field by field, by keyboard.
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { may, userName } from "../api/client";
import type { SlotView, TicketView } from "../api/schema";
import { useCommands } from "../shell/commands";
import { toast } from "../ui/toast";
import { t } from "../words/words";
import type { Acts } from "./acts";
import type { Player } from "./player";
import { SlotEdit } from "./slot_edit";
import { Slot } from "./slot";

interface Props {
  view: TicketView;
  acts: Acts;
  player: Player | null;
  showWhole: () => void;
}

/** What others hold is theirs. */
export function mayCorrect(view: TicketView): boolean {
  const held = "by" in view.stage && view.stage.by !== userName();
  return may("tickets:work") && !view.masked && !held && view.stage.name !== "taking";
}

interface Work {
  at: number;
  setAt: (at: number) => void;
  editing: string;
  setEditing: (slot: string) => void;
  editable: boolean;
  list: RefObject<HTMLOListElement | null>;
  hear: (slot: SlotView) => void;
  accept: (slot: SlotView) => void;
  correct: (slot: SlotView, value: string, parts: SlotView["parts"]) => void;
}

/** Which field is worked on, and what is done to it by key or button. */
function useWork({ view, acts, player, showWhole }: Props): Work {
  const [at, setAt] = useState(() => firstOpen(view.slots));
  const [editing, setEditing] = useState("");
  const list = useRef<HTMLOListElement>(null);
  const slot = view.slots[at];
  const editable = mayCorrect(view);

  const move = (to: number): void => {
    const next = Math.max(0, Math.min(to, view.slots.length - 1));
    setAt(next);
    list.current?.children[next]?.scrollIntoView({ block: "nearest" });
  };
  const hear = (slot: SlotView): void => {
    if (slot.audio.length > 0) player?.toggle(slot.slot, slot.audio);
    else toast(t("slot.no_clip"));
  };
  const correct = async (
    slot: SlotView,
    value: string,
    parts: SlotView["parts"],
  ): Promise<void> => {
    const done = await acts.act({ act: "correct", slot: slot.slot, value, parts });
    if (!done) return;
    setEditing("");
    move(view.slots.indexOf(slot) + 1);
  };
  const accept = (slot: SlotView): void => {
    const { value, parts } = slot.correction ?? slot;
    if (value) void correct(slot, value, parts);
    else toast(t("slot.nothing"));
  };
  useCommands({
    slot_next: () => move(at + 1),
    slot_previous: () => move(at - 1),
    ...(player && { hear: () => slot && hear(slot), waveform: showWhole }),
    ...(editable && {
      edit: () => slot && setEditing(slot.slot),
      accept: () => slot && accept(slot),
    }),
  });
  useEffect(() => {
    if (!editing) list.current?.focus({ preventScroll: true });
  }, [editing]);
  return {
    at,
    setAt,
    editing,
    setEditing,
    editable,
    list,
    hear,
    accept,
    correct: (slot, value, parts) => void correct(slot, value, parts),
  };
}

export function Form(props: Props) {
  const { view, acts, player } = props;
  const { at, setAt, editing, setEditing, editable, list, hear, accept, correct } = useWork(props);
  return (
    <section class="card form" aria-labelledby="form-title">
      <div class="form-head">
        <h2 id="form-title">{t("form.title")}</h2>
        <span class="soft small">{t(view.complete ? "form.complete" : "form.incomplete")}</span>
      </div>
      {view.to_be_transcribed && <p class="callout callout-warn">{t("form.listen")}</p>}
      <ol class="slots" ref={list} tabIndex={-1}>
        {view.slots.map((slot, index) => (
          <li
            key={slot.slot}
            class={index === at ? "slot slot-focused" : "slot"}
            aria-current={index === at ? "step" : undefined}
            onClick={() => setAt(index)}
          >
            {editing === slot.slot ? (
              <SlotEdit
                hotline={view.hotline}
                slot={slot}
                busy={acts.busy}
                hear={player && slot.audio.length > 0 ? () => hear(slot) : undefined}
                onClose={() => setEditing("")}
                onSave={(value, parts) => correct(slot, value, parts)}
              />
            ) : (
              <Slot
                slot={slot}
                masked={view.masked}
                player={player}
                hear={() => hear(slot)}
                edit={editable ? () => setEditing(slot.slot) : undefined}
                accept={editable ? () => accept(slot) : undefined}
              />
            )}
          </li>
        ))}
      </ol>
      {view.message.length > 0 && player && (
        <p class="line message">
          <span>{t("form.message")}</span>
          <button
            type="button"
            class="button button-small"
            onClick={() => player.toggle("message", view.message)}
          >
            {t(player.playing.value === "message" ? "slot.stop" : "slot.hear")}
          </button>
        </p>
      )}
    </section>
  );
}

/** Work begins at what nobody has understood or confirmed yet. */
function firstOpen(slots: readonly SlotView[]): number {
  const open = slots.findIndex((slot) => slot.status !== "confirmed" && !slot.correction);
  return Math.max(0, open);
}
