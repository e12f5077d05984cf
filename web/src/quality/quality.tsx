// Ended calls, newest first: what went right, what did not, and what nobody has looked at yet.
import { useLocation } from "preact-iso";
import { useEffect, useState } from "preact/hooks";
import { hotlines } from "../api/hotlines";
import { useResource } from "../api/resource";
import { listReviews, replay, type ReviewQuery } from "../api/reviews";
import type { ReviewPage, ReviewRow } from "../api/schema";
import { useCommands } from "../shell/commands";
import { PageHead } from "../shell/page";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { SelectField, TextField } from "../ui/field";
import { Empty, Loaded } from "../ui/state";
import { Time } from "../ui/time";
import { toastError } from "../ui/toast";
import { duration, languageName } from "../words/time";
import { named, t } from "../words/words";
import { Marks } from "./marks";
import { ReplayBadge } from "./replay";
import { Sums } from "./sums";
import "../statistics/statistics.css";
import "./quality.css";

const FIELDS = ["hotline", "language", "corrected", "state", "since", "until"] as const;
type Filters = Record<(typeof FIELDS)[number], string>;
const SLOTS = ["name", "address", "need", "callback_number"];

function queryOf(filters: Filters, cursor?: string): ReviewQuery {
  const { hotline, language, corrected, state, since, until } = filters;
  // Days are those of who looks, from their beginning to their end.
  const day = (date: string, days: number): string => {
    const at = new Date(`${date}T00:00`);
    at.setDate(at.getDate() + days);
    return at.toISOString();
  };
  return {
    ...(hotline && { hotline }),
    ...(language && { language }),
    ...(corrected && { corrected }),
    ...(since && { since: day(since, 0) }),
    ...(until && { until: day(until, 1) }),
    ...(state === "new" && { reviewed: false }),
    ...(state === "reviewed" && { reviewed: true }),
    ...(state === "marked" && { marked: true }),
    ...(cursor && { cursor }),
  };
}

export default function Quality() {
  const { query, route } = useLocation();
  const filters = Object.fromEntries(FIELDS.map((name) => [name, query[name] ?? ""])) as Filters;
  const key = JSON.stringify(filters);
  const page = useResource(key, () => listReviews(queryOf(filters)));
  const change = (change: Partial<Filters>): void => {
    const set = Object.entries({ ...filters, ...change }).filter(([, value]) => value);
    route(`/quality?${new URLSearchParams(set).toString()}`, true);
  };
  const more = async (shown: ReviewPage): Promise<void> => {
    const next = await listReviews(queryOf(filters, shown.next ?? ""));
    page.set({ ...shown, items: [...shown.items, ...next.items], next: next.next ?? null });
  };
  return (
    <div class="quality">
      <PageHead title={t("room.quality")} />
      <Choice filters={filters} change={change} calls={page.data?.items ?? []} />
      <Loaded of={page}>
        {(shown) =>
          shown.items.length === 0 ? (
            <Empty title={t("quality.none")}>{t("quality.none_do")}</Empty>
          ) : (
            <div class="stack">
              {shown.sums && <Sums of={shown.sums} />}
              <Calls
                key={key}
                page={shown}
                replaced={(row) => {
                  const items = shown.items.map((one) => (one.number === row.number ? row : one));
                  page.set({ ...shown, items });
                }}
                more={() => void more(shown).catch(toastError)}
              />
            </div>
          )
        }
      </Loaded>
    </div>
  );
}

interface ChoiceProps {
  filters: Filters;
  change: (change: Partial<Filters>) => void;
  calls: readonly ReviewRow[];
}

function Choice({ filters, change, calls }: ChoiceProps) {
  const any = ["", t("queue.any")] as const;
  const names = hotlines.value.map((hotline) => hotline.name);
  // Hotlines do not tell their languages: they are taken from the calls that are there.
  const spoken = [...calls.map((call) => call.language), filters.language].filter(Boolean);
  const languages = [...new Set(spoken)].sort();
  const select = (name: keyof Filters, options: readonly (readonly [string, string])[]) => (
    <SelectField
      label={t(`quality.filter.${name}`)}
      value={filters[name]}
      options={[any, ...options]}
      onInput={(value) => change({ [name]: value })}
    />
  );
  return (
    <div class="choice">
      {select(
        "state",
        (["new", "reviewed", "marked"] as const).map((s) => [s, t(`quality.state.${s}`)]),
      )}
      {select("corrected", [
        ["any", t("quality.any_slot")],
        ...SLOTS.map((slot) => [slot, named("slot", slot)] as const),
      ])}
      {select(
        "hotline",
        names.map((name) => [name, name]),
      )}
      {select(
        "language",
        languages.map((tag) => [tag, languageName(tag)]),
      )}
      {(["since", "until"] as const).map((name) => (
        <TextField
          key={name}
          type="date"
          label={t(`quality.filter.${name}`)}
          value={filters[name]}
          onInput={(value) => change({ [name]: value })}
        />
      ))}
    </div>
  );
}

interface CallsProps {
  page: ReviewPage;
  replaced: (row: ReviewRow) => void;
  more: () => void;
}

function Calls({ page, replaced, more }: CallsProps) {
  const { route } = useLocation();
  const [at, setAt] = useState(0);
  const [busy, setBusy] = useState(0);
  const row = page.items[at];
  const move = (by: number): void => setAt(Math.max(0, Math.min(page.items.length - 1, at + by)));
  const run = (number: number): void => {
    setBusy(number);
    replay(number)
      .then((view) => replaced(view.call))
      .catch(toastError)
      .finally(() => setBusy(0));
  };
  useCommands({
    review_next: () => move(1),
    review_previous: () => move(-1),
    review_open: () => row && route(`/quality/${row.number}`),
    review_run: () => row && !busy && run(row.number),
  });
  useEffect(() => {
    // Not before somebody moves: the page begins at its head.
    if (at > 0) document.querySelector(".review-at")?.scrollIntoView({ block: "nearest" });
  }, [at]);
  return (
    <div class="card table-box" role="region" aria-label={t("quality.calls")} tabIndex={0}>
      <table class="table reviews">
        <thead>
          <tr>
            {(["call", "at", "hotline", "duration", "corrected", "marks", "replay"] as const).map(
              (name) => (
                <th key={name} scope="col">
                  {t(`quality.column.${name}`)}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {page.items.map((call, n) => (
            <Call
              key={call.number}
              call={call}
              here={n === at}
              busy={busy === call.number}
              onPick={() => setAt(n)}
            />
          ))}
        </tbody>
      </table>
      {page.next && (
        <div class="table-none">
          <Button onClick={more}>{t("audit.more")}</Button>
        </div>
      )}
    </div>
  );
}

interface CallProps {
  call: ReviewRow;
  here: boolean;
  busy: boolean;
  onPick: () => void;
}

function Call({ call, here, busy, onPick }: CallProps) {
  return (
    <tr
      class={here ? "review-at" : undefined}
      aria-current={here ? "true" : undefined}
      onClick={onPick}
    >
      <td class="nowrap">
        <a href={`/quality/${call.number}`}>{call.number}</a>{" "}
        {!call.reviewed && <Badge tone="blue">{t("quality.new")}</Badge>}
      </td>
      <td class="nowrap">
        <Time at={call.answered_at} />
      </td>
      <td>
        {call.hotline} <span class="soft">{call.language}</span>
      </td>
      <td class="nowrap">
        {call.duration_ms == null ? "–" : duration(call.duration_ms)}
        {!call.complete && <span class="soft small"> {t("quality.incomplete")}</span>}
      </td>
      <td>
        <span class="line">
          {call.slots
            .filter((slot) => slot.corrected)
            .map((slot) => (
              <Badge key={slot.slot} tone="red" title={`${slot.told} → ${slot.right}`}>
                {named("slot", slot.slot)}
              </Badge>
            ))}
        </span>
      </td>
      <td>
        <span class="line">
          <Marks of={call.marks} />
        </span>
      </td>
      <td>{busy ? "…" : <ReplayBadge of={call.replay} />}</td>
    </tr>
  );
}
