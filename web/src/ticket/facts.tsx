// What is known of the call itself.
import type { ComponentChildren } from "preact";
import type { TicketView } from "../api/schema";
import { Time } from "../ui/time";
import { languageName, moment, position } from "../words/time";
import { named, t } from "../words/words";

export function Facts({ view }: { view: TicketView }) {
  const { call } = view;
  const rows: [string, ComponentChildren][] = [
    [t("facts.received"), <Time at={view.received_at} full />],
    [t("facts.due"), <Time at={view.due_at} full />],
    [t("filter.need"), view.need ? named("need", view.need) : t("queue.need_unknown")],
    [t("filter.language"), languageName(view.language)],
    [t("filter.hotline"), view.hotline],
    [t("filter.office"), view.office ?? "–"],
    [t("facts.consent"), t(`consent.${view.consent}`)],
    [t("facts.length"), call.duration_ms == null ? "–" : position(call.duration_ms)],
    [t("facts.ended"), call.hangup_cause ? named("hangup", call.hangup_cause) : "–"],
    [t("facts.rating"), view.rating == null ? "–" : t("facts.rating_of", { rating: view.rating })],
  ];
  if (view.closed_at) rows.push([t("facts.closed"), <Time at={view.closed_at} full />]);
  return (
    <section class="card" aria-labelledby="facts-title">
      <h2 id="facts-title">{t("facts.title")}</h2>
      <dl class="facts">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {view.attempts.length > 0 && (
        <>
          <h3 class="facts-more">{t("facts.attempts")}</h3>
          <ul class="small">
            {view.attempts.map((attempt) => (
              <li key={attempt.at}>{`${moment(attempt.at)}, ${attempt.by}`}</li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
