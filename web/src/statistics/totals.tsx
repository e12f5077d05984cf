// The figures that a supervisor looks for first.
import type { StatisticsRow } from "../api/schema";
import { Tiles, type Tile } from "../ui/tiles";
import { duration, number, percent } from "../words/time";
import { t } from "../words/words";

const seconds = (s: number | null | undefined): string => (s == null ? "–" : duration(s * 1000));

export function Totals({ total }: { total: StatisticsRow }) {
  const kept = total.sla_percent == null ? "–" : percent(total.sla_percent / 100);
  const rating = total.bot_rating_average;
  const tiles: Tile[] = [
    [t("tile.received"), number(total.received), t("tile.emergencies", { count: total.emergency })],
    [t("tile.open"), number(total.open), t("tile.overdue", { count: total.overdue })],
    [
      t("tile.kept"),
      kept,
      t("tile.kept_of", { kept: number(total.within_sla), of: number(total.sla_of) }),
    ],
    [
      t("tile.wait"),
      seconds(total.callback_median_s),
      t("tile.wait_p95", { wait: seconds(total.callback_p95_s) }),
    ],
    [t("tile.done"), number(total.done), t("tile.unreached", { count: total.unreached })],
    [
      t("tile.rating"),
      rating == null ? "–" : t("facts.rating_of", { rating: rating.toFixed(1) }),
      t("tile.ratings", { count: total.bot_ratings }),
    ],
  ];
  return <Tiles of={tiles} />;
}
