// What is kept how long, what goes next, and which tickets a legal hold keeps.
import { api, ok } from "../api/client";
import { useResource } from "../api/resource";
import type { RetentionView } from "../api/schema";
import { PageHead } from "../shell/page";
import { actorName } from "../ticket/history";
import { Badge } from "../ui/badge";
import { Loaded } from "../ui/state";
import { size } from "../words/size";
import { day, moment, number } from "../words/time";
import { t } from "../words/words";
import { Command } from "./command";
import { SystemTabs } from "./system_tabs";
import "./system.css";

const DAY_MS = 86_400_000;

export default function Retention() {
  const kept = useResource("retention", () => ok(api.GET("/api/v1/retention")));
  return (
    <>
      <PageHead title={t("room.system")} />
      <SystemTabs />
      <Loaded of={kept} rows={8}>
        {(view) => (
          <div class="stack">
            <Kept of={view} />
            <Next of={view} />
            <Held of={view.held} />
          </div>
        )}
      </Loaded>
    </>
  );
}

function Kept({ of }: { of: RetentionView }) {
  const rows: [string, string][] = [
    [t("retention.recordings"), t("retention.days", { count: of.keep_days })],
    [t("retention.tickets"), t("retention.for_ever")],
    [t("retention.audit"), t("retention.for_ever")],
    [t("retention.place"), of.place],
    [t("retention.calls"), `${number(of.calls)} · ${size(of.bytes)}`],
    [t("retention.oldest"), of.oldest ? moment(of.oldest) : "–"],
  ];
  return (
    <section class="card" aria-labelledby="kept-title">
      <div class="line">
        <h2 id="kept-title">{t("retention.title")}</h2>
        <Badge tone={of.encrypted ? "green" : "amber"}>
          {t(of.encrypted ? "retention.encrypted" : "retention.plain")}
        </Badge>
      </div>
      <dl class="pairs">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="wrap">{value}</dd>
          </div>
        ))}
      </dl>
      <p class="soft small">{t("retention.set_by")}</p>
    </section>
  );
}

function Next({ of }: { of: RetentionView }) {
  const today = Date.now();
  return (
    <section class="card stack" aria-labelledby="next-title">
      <h2 id="next-title">{t("retention.next")}</h2>
      <p>
        <b>{t("retention.due", { calls: number(of.due) })}</b>{" "}
        {of.stay > 0 && <span class="soft">{t("retention.stay", { calls: number(of.stay) })}</span>}
      </p>
      <ol class="due-days" aria-label={t("retention.week")}>
        {of.due_next.map((calls, at) => (
          <li key={at}>
            <span class="soft small">{day(new Date(today + at * DAY_MS).toISOString())}</span>
            <b>{number(calls)}</b>
          </li>
        ))}
      </ol>
      <p class="line small">
        <span class="soft">{t("retention.purge")}</span> <Command text={of.purge} />
      </p>
    </section>
  );
}

function Held({ of }: { of: RetentionView["held"] }) {
  return (
    <section aria-labelledby="held-title">
      <h2 id="held-title" class="section-head">
        {t("retention.held")}
      </h2>
      {of.length === 0 ? (
        <p class="card soft">{t("retention.none_held")}</p>
      ) : (
        <div class="card table-box" role="region" aria-label={t("retention.held")} tabIndex={0}>
          <table class="table table-cards">
            <thead>
              <tr>
                <th scope="col">{t("audit.ticket")}</th>
                <th scope="col">{t("retention.reason")}</th>
                <th scope="col">{t("audit.actor")}</th>
                <th scope="col">{t("audit.at")}</th>
              </tr>
            </thead>
            <tbody>
              {of.map((held) => (
                <tr key={held.number}>
                  <td>
                    <a href={`/tickets/${held.number}`}>{held.number}</a>{" "}
                    <span class="soft small">{held.hotline}</span>
                  </td>
                  <td data-label={t("retention.reason")} class="wrap">
                    {held.reason}
                  </td>
                  <td data-label={t("audit.actor")}>{held.by ? actorName(held.by) : "–"}</td>
                  <td data-label={t("audit.at")}>{held.at ? moment(held.at) : "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
