// The same figures by need, office, language and so on; the bar shows each group's share.
import type { StatisticsRow } from "../api/schema";
import { SelectField } from "../ui/field";
import { day, duration, languageName, number, percent } from "../words/time";
import { named, t } from "../words/words";

interface Props {
  by: string;
  rows: readonly StatisticsRow[];
  total: StatisticsRow;
  groups: readonly string[];
  onBy: (by: string) => void;
}

function keyWords(by: string, key: string): string {
  if (key === "") return t("statistics.unknown");
  if (by === "need") return named("need", key);
  if (by === "language") return languageName(key);
  if (by === "day") return day(`${key}T12:00`);
  return by === "hour" ? `${key}:00` : key;
}

export function GroupTable({ by, rows, total, groups, onBy }: Props) {
  const most = Math.max(1, ...rows.map((row) => row.received));
  return (
    <section class="card table-box" aria-labelledby="groups-title">
      <div class="groups-head">
        <h2 id="groups-title">{t("statistics.by")}</h2>
        <SelectField
          bare
          label={t("statistics.by")}
          value={by}
          options={groups.map((group) => [group, named("group", group)] as const)}
          onInput={onBy}
        />
      </div>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{named("group", by)}</th>
            <th scope="col" colSpan={2}>
              {t("tile.received")}
            </th>
            <th scope="col" class="figure">
              {t("tile.open")}
            </th>
            <th scope="col" class="figure">
              {t("tile.done")}
            </th>
            <th scope="col" class="figure">
              {t("statistics.overdue")}
            </th>
            <th scope="col" class="figure">
              {t("tile.kept")}
            </th>
            <th scope="col" class="figure">
              {t("tile.wait")}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              <th scope="row">{keyWords(by, row.key)}</th>
              <td class="figure group-count">{number(row.received)}</td>
              <td class="group-bar">
                <i style={{ width: `${(100 * row.received) / most}%` }} />
              </td>
              <Rest row={row} />
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t("statistics.total")}</th>
            <td class="figure">{number(total.received)}</td>
            <td />
            <Rest row={total} />
          </tr>
        </tfoot>
      </table>
    </section>
  );
}

function Rest({ row }: { row: StatisticsRow }) {
  const wait = row.callback_median_s;
  return (
    <>
      <td class="figure">{number(row.open)}</td>
      <td class="figure">{number(row.done)}</td>
      <td class={row.overdue > 0 ? "figure due-late" : "figure"}>{number(row.overdue)}</td>
      <td class="figure">{row.sla_percent == null ? "–" : percent(row.sla_percent / 100)}</td>
      <td class="figure">{wait == null ? "–" : duration(wait * 1000)}</td>
    </>
  );
}
