// What a hotline's file says, as people ask: what is asked, what is said, when, and by whom.
import type { ComponentChildren } from "preact";
import type { HotlineForm, OfficeForm } from "../api/schema";
import { Badge } from "../ui/badge";
import { language, named, t } from "../words/words";
import { languageName, number } from "../words/time";

export function HotlineFormView({ form }: { form: HotlineForm }) {
  return (
    <div class="hotline-form">
      <Who form={form} />
      <Asked form={form} />
      <Hours form={form} />
      <Callback form={form} />
      <Offices offices={form.offices} />
      <Prompts form={form} />
    </div>
  );
}

type Pair = readonly [name: string, value: ComponentChildren];

function Pairs({ of }: { of: readonly Pair[] }) {
  return (
    <dl class="pairs">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value == null || value === "" ? "–" : value}</dd>
        </div>
      ))}
    </dl>
  );
}

function countryName(code: string): string {
  try {
    return new Intl.DisplayNames(language.value, { type: "region" }).of(code) ?? code;
  } catch {
    return code;
  }
}

function Who({ form }: { form: HotlineForm }) {
  return (
    <section class="card">
      <h2>{t("hotline_file.who")}</h2>
      <Pairs
        of={[
          [t("hotline_file.title"), form.title],
          [t("hotline_file.recorded_by"), form.recorded_by],
          [t("hotline_file.language"), languageName(form.language)],
          [t("hotline_file.country"), countryName(form.country)],
          [t("hotline_file.areas"), form.areas.join(", ") || t("hotline_file.whole_country")],
          [t("hotline_file.units_as_of"), form.units_as_of ?? t("hotline_file.day_of_call")],
          [t("hotline_file.emergency_number"), form.emergency_number],
          [t("hotline_file.emergency_transfer"), form.emergency_transfer ?? t("hotline_file.no")],
          [t("hotline_file.operator"), form.operator ?? t("hotline_file.no")],
          [t("hotline_file.unclear"), t(`hotline_file.consent.${form.unclear_consent}`)],
        ]}
      />
    </section>
  );
}

function Asked({ form }: { form: HotlineForm }) {
  return (
    <section class="card">
      <h2>{t("hotline_file.asked")}</h2>
      <ol class="asked-order">
        {form.slots.map((slot) => (
          <li key={slot.name}>
            <b>{named("slot", slot.name)}</b>{" "}
            <span class="soft small">{t(`hotline_file.kind.${slot.kind}`)}</span>
          </li>
        ))}
      </ol>
      <h3>{t("hotline_file.needs")}</h3>
      <ol class="need-keys">
        {form.needs.map((need, at) => (
          <li key={need}>
            {at < 9 && <kbd>{at + 1}</kbd>}
            <span>{named("need", need)}</span>
            <code>{need}</code>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Hours({ form }: { form: HotlineForm }) {
  const { zone, week, holidays, quiet } = form.hours;
  // The fifth of January 1970 was a Monday.
  const day = (at: number): string =>
    new Intl.DateTimeFormat(language.value, { weekday: "long", timeZone: "UTC" }).format(
      new Date(Date.UTC(1970, 0, 5 + at)),
    );
  const days: Pair[] = week.map((open, at) => [day(at), open ?? t("hotline_file.closed")]);
  return (
    <section class="card">
      <h2>{t("hotline_file.hours")}</h2>
      <Pairs
        of={[
          [t("hotline_file.zone"), zone ?? "UTC"],
          ...(days.length > 0
            ? days
            : [[t("hotline_file.open"), t("hotline_file.always")] as Pair]),
          [t("hotline_file.holidays"), holidays.join(", ")],
          [t("hotline_file.quiet"), quiet],
        ]}
      />
    </section>
  );
}

function Callback({ form }: { form: HotlineForm }) {
  const { callback } = form;
  const minutes = (count: number): string => t("hotline_file.minutes", { minutes: number(count) });
  const hours = (count: number): string => t("hotline_file.within", { hours: number(count) });
  return (
    <section class="card">
      <h2>{t("hotline_file.callback")}</h2>
      <Pairs
        of={[
          [t("hotline_file.promise"), `“${form.promise}”`],
          [t("hotline_file.within_h"), hours(callback.within_h)],
          [t("hotline_file.at_risk_h"), hours(callback.at_risk_h)],
          [t("hotline_file.attempts"), number(callback.attempts_max)],
          [t("hotline_file.retry"), callback.retry_after_min.map(minutes).join(", ")],
          [t("hotline_file.lease"), minutes(callback.lease_min)],
          [t("hotline_file.agents"), number(callback.agents)],
          [t("hotline_file.handling"), minutes(callback.handling_min)],
          [
            t("hotline_file.dispositions"),
            callback.dispositions.map((code) => named("disposition", code)).join(", "),
          ],
          [t("hotline_file.notice"), callback.notice && `“${callback.notice}”`],
          [t("hotline_file.answers"), number(form.answers)],
        ]}
      />
    </section>
  );
}

function Offices({ offices }: { offices: readonly OfficeForm[] }) {
  return (
    <section class="card hotline-wide">
      <h2>{t("hotline_file.offices")}</h2>
      {offices.length === 0 && <p class="soft">{t("hotline_file.no_offices")}</p>}
      <ul class="offices">
        {offices.map((office) => (
          <li key={office.name}>
            <p>
              <b>{office.name}</b> <span class="soft small">{office.contact}</span>
            </p>
            <p class="line small">
              {office.needs.length === 0 && <Badge>{t("hotline_file.all_needs")}</Badge>}
              {office.needs.map((need) => (
                <Badge key={need} tone="blue">
                  {named("need", need)}
                </Badge>
              ))}
              <span>{office.places.join(" · ") || t("hotline_file.everywhere")}</span>
              {(office.from ?? office.until) && (
                <span class="soft">{`${office.from ?? "…"} – ${office.until ?? "…"}`}</span>
              )}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What the bot says; the blanks are filled in while it speaks. */
function Prompts({ form }: { form: HotlineForm }) {
  const lang = form.language;
  return (
    <section class="card hotline-wide">
      <details>
        <summary>
          {t("hotline_file.prompts", { language: languageName(lang), count: form.prompts.length })}
        </summary>
        <dl class="pairs prompts">
          {form.prompts.map((prompt) => (
            <div key={prompt.name}>
              <dt>
                <code>{prompt.name}</code>
              </dt>
              <dd lang={lang}>
                {prompt.text || <Badge tone="red">{t("hotline_file.missing")}</Badge>}
              </dd>
            </div>
          ))}
        </dl>
      </details>
      <details>
        <summary>{t("hotline_file.emergency", { count: form.emergency.length })}</summary>
        <p class="soft small">{t("hotline_file.emergency_hint")}</p>
        <ul class="phrases" lang={lang}>
          {form.emergency.map((phrase) => (
            <li key={phrase}>{phrase}</li>
          ))}
        </ul>
      </details>
    </section>
  );
}
