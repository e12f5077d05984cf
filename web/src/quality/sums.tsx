// What the calls of the list come to, each figure with how many calls it is of.
import type { ScoreSums } from "../api/schema";
import { Tiles, type Tile } from "../ui/tiles";
import { duration, number, percent } from "../words/time";
import { named, t } from "../words/words";

const share = (part: number, of: number): string => (of > 0 ? percent(part / of) : "–");
const ms = (value: number | null | undefined): string =>
  value == null ? "–" : t("quality.ms", { ms: number(value) });

export function Sums({ of }: { of: ScoreSums }) {
  const seconds = of.duration_ms == null ? "" : duration(of.duration_ms);
  const tiles: Tile[] = [
    [t("quality.calls"), number(of.calls), seconds && t("quality.mean", { duration: seconds })],
    [t("quality.complete"), share(of.complete, of.calls), t("quality.of", { n: of.calls })],
    [
      t("quality.gap"),
      ms(of.gap_ms_p50),
      t("quality.gap_p95", { gap: ms(of.gap_ms_p95), n: of.gaps }),
    ],
    [t("quality.no_inputs"), number(of.no_inputs), t("quality.turns", { n: of.turns })],
    [t("quality.barge_ins"), number(of.barge_ins), t("quality.of", { n: of.scored })],
    [
      t("quality.replays"),
      `${number(of.same)} / ${number(of.diverged)}`,
      t("quality.same_diverged"),
    ],
    [t("quality.marked"), number(of.marked), t("quality.reviewed_of", { n: of.reviewed })],
  ];
  return (
    <>
      <Tiles of={tiles} />
      {of.slots.length > 0 && (
        <dl class="slot-sums" aria-label={t("quality.exact")}>
          {of.slots.map((slot) => (
            <div key={slot.slot}>
              <dt>{named("slot", slot.slot)}</dt>
              <dd>
                <meter min={0} max={slot.judged} value={slot.exact} aria-hidden="true" />
                <b>{share(slot.exact, slot.judged)}</b>{" "}
                <span class="soft small">{t("quality.of", { n: slot.judged })}</span>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}
