// How the call went: its slots, told and right, and its figures.
import type { ReviewView } from "../api/schema";
import { Badge } from "../ui/badge";
import { duration, number } from "../words/time";
import { named, t } from "../words/words";
import type { Judging } from "./judging";
import { MarkMenu, Marks } from "./marks";

interface Props {
  view: ReviewView;
  judging: Judging;
}

export function Score({ view, judging }: Props) {
  const { call } = view;
  const score = call.score;
  const gaps = [...(score?.gaps_ms ?? [])].sort((a, b) => a - b);
  const median = gaps[Math.max(0, Math.ceil(gaps.length / 2) - 1)];
  const figures: [string, string][] = [
    [t("quality.column.duration"), call.duration_ms == null ? "–" : duration(call.duration_ms)],
    [t("quality.ended"), call.hangup_cause ? named("hangup", call.hangup_cause) : "–"],
    [t("quality.complete_here"), t(call.complete ? "quality.yes" : "quality.no")],
  ];
  if (score) {
    figures.push(
      [t("quality.gap"), median === undefined ? "–" : t("quality.ms", { ms: number(median) })],
      [t("quality.figure.turns"), number(score.turns)],
      [t("quality.no_inputs"), number(score.no_inputs)],
      [t("quality.figure.not_understood"), number(score.not_understood)],
      [t("quality.barge_ins"), number(score.barge_ins)],
    );
  }
  return (
    <section class="card stack" aria-labelledby="score-title">
      <h2 id="score-title">{t("quality.score")}</h2>
      <dl class="score-figures">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {!score && <p class="soft small">{t("quality.score_none")}</p>}
      <ul class="review-slots">
        {call.slots.map((slot) => (
          <li key={slot.slot}>
            <Slot {...{ view, judging, slot }} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Slot({ view, judging, slot }: Props & { slot: ReviewView["call"]["slots"][number] }) {
  const marks = view.call.marks.filter((mark) => mark.slot === slot.slot);
  const scored = view.call.score?.slots.find((one) => one.slot === slot.slot);
  return (
    <>
      <div class="said-head">
        <b>{named("slot", slot.slot)}</b>
        {slot.corrected && <Badge tone="red">{t("quality.corrected")}</Badge>}
        {slot.judged && !slot.corrected && <Badge tone="green">{t("quality.right")}</Badge>}
        <Marks of={marks} remove={judging.can ? judging.unmark : undefined} />
        {judging.can && (
          <span class="said-acts">
            <MarkMenu
              label={t("quality.mark_slot")}
              has={marks}
              add={(kind) => judging.mark({ kind, slot: slot.slot })}
            />
          </span>
        )}
      </div>
      <p class="said-words">
        {slot.corrected ? (
          <>
            <del>{slot.told || "–"}</del> <ins>{slot.right}</ins>
          </>
        ) : (
          slot.right || "–"
        )}
      </p>
      {scored && (
        <p class="soft small">
          {t("quality.confirmations", { n: scored.confirmations })}
          {scored.rank != null && ` · ${t("quality.rank", { rank: scored.rank })}`}
        </p>
      )}
    </>
  );
}
