// This moment in figures: lines, who waits how long, promises in danger, agents.
import { useEffect } from "preact/hooks";
import { api, ok } from "../api/client";
import { useResource } from "../api/resource";
import type { BoardView, HotlineNow, LinesView, WaitView } from "../api/schema";
import { Badge, type Tone } from "../ui/badge";
import { Loaded } from "../ui/state";
import { ago, duration, moment, now, number } from "../words/time";
import { t } from "../words/words";

const EVERY_MS = 5_000;
const STEPS = ["free", "short", "keys", "number", "full"] as const;
const TONES: Record<LinesView["step"], Tone> = {
  free: "green",
  short: "amber",
  keys: "amber",
  number: "red",
  full: "red",
  stopping: "amber",
};

export function Standing() {
  const board = useResource("board", () => ok(api.GET("/api/v1/board")));
  useEffect(() => {
    const timer = window.setInterval(board.reload, EVERY_MS);
    return () => window.clearInterval(timer);
  }, [board.reload]);
  return (
    <section class="now" aria-labelledby="board-now">
      <h2 id="board-now">{t("standing.title")}</h2>
      <Loaded of={board} rows={3}>
        {(view) => <Shown view={view} />}
      </Loaded>
    </section>
  );
}

function Shown({ view }: { view: BoardView }) {
  return (
    <div class="standing">
      {view.lines && <Lines of={view.lines} />}
      {view.hotlines.length === 0 && <p class="card soft">{t("standing.nobody")}</p>}
      {view.hotlines.map((hotline) => (
        <Hotline key={hotline.hotline} of={hotline} />
      ))}
    </div>
  );
}

function Lines({ of }: { of: LinesView }) {
  return (
    <div class="card lines">
      <div class="standing-head">
        <h3>{t("standing.lines")}</h3>
        {of.step !== "free" && <Badge tone={TONES[of.step]}>{t(`standing.step.${of.step}`)}</Badge>}
      </div>
      <meter
        min={0}
        max={of.calls_max}
        high={of.calls_max * 0.9}
        low={of.calls_max * 0.9}
        optimum={0}
        value={of.calls}
        aria-label={t("standing.lines")}
      />
      <p>
        <b>{t("standing.in_use", { calls: number(of.calls), max: number(of.calls_max) })}</b>
        {" · "}
        <span class={of.refused > 0 ? "bad" : "soft"}>
          {t("standing.refused", { calls: number(of.refused) })}
        </span>
      </p>
      <ol class="ladder" aria-label={t("standing.ladder")}>
        {STEPS.map((step) => (
          <li key={step} aria-current={step === of.step ? "step" : undefined}>
            {t(`standing.step.${step}`)}
          </li>
        ))}
      </ol>
      <p class="soft small">{t("standing.this_node", { node: of.node })}</p>
    </div>
  );
}

function Hotline({ of }: { of: HotlineNow }) {
  const { agents, outlook } = of;
  const oldest = of.oldest ? duration(now.value - Date.parse(of.oldest)) : "–";
  const figures: [string, string, boolean, string?][] = [
    [t("standing.open"), number(of.open), false, `/?hotline=${of.hotline}`],
    [t("standing.oldest"), oldest, false],
    [t("standing.due_soon"), number(of.due_soon), of.due_soon > 0],
    [
      t("standing.overdue"),
      number(of.overdue),
      of.overdue > 0,
      `/?show=overdue&hotline=${of.hotline}`,
    ],
    [t("standing.lost"), outlook ? number(outlook.lost) : "–", (outlook?.lost ?? 0) > 0],
  ];
  return (
    <div class="card hotline-now">
      <div class="standing-head">
        <h3>{of.hotline}</h3>
        {of.emergencies > 0 && (
          <Badge tone="alarm">{t("standing.emergencies", { calls: number(of.emergencies) })}</Badge>
        )}
        {agents.all_busy && <Badge tone="red">{t("standing.all_busy")}</Badge>}
      </div>
      <dl class="figures">
        {figures.map(([name, value, bad, path]) => (
          <div key={name} class={bad ? "bad" : ""}>
            <dt>{name}</dt>
            <dd>{path ? <a href={path}>{value}</a> : value}</dd>
          </div>
        ))}
      </dl>
      <Waits of={of.waits} open={of.open} />
      <p class="small">
        {t("standing.agents", {
          ready: number(agents.ready),
          on_call: number(agents.on_call),
          on_break: number(agents.on_break),
        })}
        <span class="soft">
          {" · "}
          {t("standing.elsewhere", {
            held: number(of.held),
            scheduled: number(of.scheduled),
            referred: number(of.referred),
          })}
        </span>
      </p>
      <p class="soft small">{outlookWords(of)}</p>
    </div>
  );
}

function outlookWords({ outlook, open }: HotlineNow): string {
  if (!outlook) return t("standing.no_pace");
  const agents = number(outlook.agents);
  if (!outlook.next) return t("standing.pace_far", { agents });
  const words = t("standing.pace", { agents, at: moment(outlook.next), ago: ago(outlook.next) });
  if (open <= outlook.weighed) return words;
  return `${words} ${t("standing.weighed", { tickets: number(outlook.weighed) })}`;
}

/** How many wait how long, as bars beside their figures. */
function Waits({ of, open }: { of: readonly WaitView[]; open: number }) {
  if (open === 0) return null;
  const most = Math.max(...of.map((wait) => wait.count), 1);
  return (
    <dl class="waits" aria-label={t("standing.waits")}>
      {of.map((wait, at) => (
        <div key={at} class="wait">
          <dt>
            {wait.below_h == null
              ? t("standing.longer", { hours: of[at - 1]?.below_h ?? 0 })
              : t("standing.below", { hours: wait.below_h })}
          </dt>
          <dd>
            <i style={{ width: `${(100 * wait.count) / most}%` }} aria-hidden="true" />
            <span>{number(wait.count)}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
