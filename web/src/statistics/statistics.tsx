// A period's calls and callbacks: whether promises are kept, and what people need.
import { useLocation } from "preact-iso";
import { session } from "../api/client";
import { hotlines } from "../api/hotlines";
import { api, ok } from "../api/client";
import { useResource } from "../api/resource";
import type { Statistics as Figures } from "../api/schema";
import { PageHead } from "../shell/page";
import { SelectField, TextField } from "../ui/field";
import { Empty, Loaded } from "../ui/state";
import { t } from "../words/words";
import { Chart } from "./chart";
import { GroupTable } from "./group_table";
import { PERIODS, spanOf, type Period } from "./period";
import { Totals } from "./totals";
import "./statistics.css";

const GROUPS = ["need", "office", "language", "branch", "hour", "day"] as const;
type Group = (typeof GROUPS)[number];

interface Wanted {
  period: Period;
  from: string;
  to: string;
  hotline: string;
  by: Group;
}

/** Who sees some hotlines only has to name one. */
function ownHotline(): string {
  const own = session.value?.user.profile.hotlines;
  return own && own !== "all" ? (own.only[0] ?? "") : "";
}

function read(query: Record<string, string | undefined>): Wanted {
  return {
    period: PERIODS.find((known) => known === query.period) ?? "week",
    from: query.from ?? "",
    to: query.to ?? "",
    hotline: query.hotline ?? ownHotline(),
    by: GROUPS.find((known) => known === query.by) ?? "need",
  };
}

function paramsOf(wanted: Wanted, by: Group): Record<string, string> {
  const { from, to } = spanOf(wanted.period, wanted, new Date());
  const params: Record<string, string> = { from, by };
  if (to) params.to = to;
  if (wanted.hotline) params.hotline = wanted.hotline;
  return params;
}

async function load(params: Record<string, string>): Promise<Figures> {
  const found = await ok(api.GET("/api/v1/statistics", { params: { query: params } }));
  if (typeof found === "string") throw new TypeError("the statistics came as text");
  return found;
}

export default function Statistics() {
  const { query, route } = useLocation();
  const wanted = read(query);
  const over = wanted.period === "today" ? "hour" : "day";
  const series = paramsOf(wanted, over);
  const groups = paramsOf(wanted, wanted.by);
  const time = useResource(JSON.stringify(series), () => load(series));
  const grouped = useResource(JSON.stringify(groups), () => load(groups));
  const change = (change: Partial<Wanted>): void => {
    const next = Object.entries({ ...wanted, ...change }).filter(([, value]) => value);
    route(`/statistics?${new URLSearchParams(next).toString()}`, true);
  };
  const csv = `/api/v1/statistics?${new URLSearchParams({ ...groups, format: "csv" }).toString()}`;
  return (
    <>
      <PageHead title={t("room.statistics")}>
        <a class="button" href={csv} download={`spillway-${wanted.by}.csv`}>
          {t("statistics.csv")}
        </a>
      </PageHead>
      <Choice wanted={wanted} change={change} />
      <Loaded of={time} rows={3}>
        {(found) =>
          found.total.received === 0 ? (
            <Empty title={t("statistics.none")}>{t("statistics.none_do")}</Empty>
          ) : (
            <div class="stack">
              <Totals total={found.total} />
              <Chart rows={found.rows} by={over} />
              <Loaded of={grouped}>
                {(found) => (
                  <GroupTable
                    by={wanted.by}
                    rows={found.rows}
                    total={found.total}
                    onBy={(by) => change({ by: GROUPS.find((known) => known === by) ?? "need" })}
                    groups={GROUPS}
                  />
                )}
              </Loaded>
              <p class="soft small">{t("statistics.zone", { zone: found.zone })}</p>
            </div>
          )
        }
      </Loaded>
    </>
  );
}

function Choice({ wanted, change }: { wanted: Wanted; change: (change: Partial<Wanted>) => void }) {
  const own = ownHotline();
  const all: (readonly [string, string])[] = own ? [] : [["", t("statistics.all_hotlines")]];
  return (
    <div class="choice">
      <div class="presets" role="group" aria-label={t("statistics.period")}>
        {PERIODS.map((period) => (
          <button
            key={period}
            type="button"
            class="preset"
            aria-pressed={wanted.period === period}
            onClick={() => change({ period })}
          >
            {t(`period.${period}`)}
          </button>
        ))}
      </div>
      {wanted.period === "own" && (
        <>
          <TextField
            bare
            type="date"
            label={t("period.from")}
            value={wanted.from}
            onInput={(from) => change({ from })}
          />
          <TextField
            bare
            type="date"
            label={t("period.to")}
            value={wanted.to}
            onInput={(to) => change({ to })}
          />
        </>
      )}
      <SelectField
        bare
        label={t("filter.hotline")}
        value={wanted.hotline}
        options={[...all, ...hotlines.value.map(({ name }) => [name, name] as const)]}
        onInput={(hotline) => change({ hotline })}
      />
    </div>
  );
}
