// The audit log: who did what when, and the proof that nobody changed it.
import { useState } from "preact/hooks";
import { api, ok } from "../api/client";
import { asApiError, type ApiError } from "../api/problem";
import type { AuditEntry } from "../api/schema";
import { PageHead } from "../shell/page";
import { Button } from "../ui/button";
import { SelectField, TextField } from "../ui/field";
import { Empty, Failed, Skeleton } from "../ui/state";
import { moment, whole } from "../words/time";
import { named, namesOf, t } from "../words/words";
import { actorName } from "../ticket/history";
import { SystemTabs } from "./system_tabs";
import { useEffect } from "preact/hooks";
import { Verification } from "./verification";
import "./system.css";

const PAGE = 100;

type Wanted = Record<"actor" | "act" | "ticket" | "from" | "to", string>;

const ALL: Wanted = { actor: "", act: "", ticket: "", from: "", to: "" };

interface Log {
  items: readonly AuditEntry[];
  next: string | null;
  error?: ApiError;
  loading: boolean;
}

/** Midnight on one's own clock, so many days after `day`. */
function midnight(day: string, after: number): string {
  const at = new Date(`${day}T00:00`);
  at.setDate(at.getDate() + after);
  return at.toISOString();
}

const queryOf = (wanted: Wanted) => ({
  ...(wanted.actor && { actor: wanted.actor }),
  ...(wanted.act && { act: wanted.act }),
  ...(/^\d+$/.test(wanted.ticket) && { ticket: Number(wanted.ticket) }),
  ...(wanted.from && { from: midnight(wanted.from, 0) }),
  ...(wanted.to && { to: midnight(wanted.to, 1) }),
});

export default function Audit() {
  const [wanted, setWanted] = useState<Wanted>(ALL);
  const [log, setLog] = useState<Log>({ items: [], next: null, loading: true });
  const read = async (wanted: Wanted, after: Log | null): Promise<void> => {
    const cursor = after?.next && { cursor: after.next };
    const query = { limit: PAGE, order: "newest" as const, ...queryOf(wanted), ...cursor };
    try {
      const page = await ok(api.GET("/api/v1/audit", { params: { query } }));
      const items = [...(after?.items ?? []), ...page.items];
      setLog({ items, next: page.next ?? null, loading: false });
    } catch (thrown) {
      setLog({ items: [], next: null, loading: false, error: asApiError(thrown) });
    }
  };
  useEffect(() => void read(wanted, null), []);
  const search = (): void => void read(wanted, null);
  return (
    <>
      <PageHead title={t("room.system")} />
      <SystemTabs />
      <div class="stack">
        <Verification />
        <Find wanted={wanted} change={setWanted} search={search} />
        <Entries log={log} again={search} more={() => void read(wanted, log)} />
      </div>
    </>
  );
}

interface FindProps {
  wanted: Wanted;
  change: (wanted: Wanted) => void;
  search: () => void;
}

function Find({ wanted, change, search }: FindProps) {
  const set = (name: keyof Wanted) => (value: string) => change({ ...wanted, [name]: value });
  const acts = namesOf("done_act").map((act) => [act, named("done_act", act)] as const);
  acts.sort((a, b) => a[1].localeCompare(b[1]));
  const file = (format: string): string => {
    const query = Object.entries({ ...queryOf(wanted), format });
    const search = new URLSearchParams(query.map(([name, value]) => [name, String(value)]));
    return `/api/v1/audit/export?${search.toString()}`;
  };
  return (
    <form
      class="audit-choice"
      onSubmit={(event) => {
        event.preventDefault();
        search();
      }}
    >
      <TextField label={t("audit.actor")} value={wanted.actor} onInput={set("actor")} />
      <SelectField
        label={t("audit.act")}
        value={wanted.act}
        options={[["", t("audit_find.any")], ...acts]}
        onInput={set("act")}
      />
      <TextField label={t("audit.ticket")} value={wanted.ticket} onInput={set("ticket")} />
      <TextField
        type="date"
        label={t("audit_find.from")}
        value={wanted.from}
        onInput={set("from")}
      />
      <TextField type="date" label={t("audit_find.to")} value={wanted.to} onInput={set("to")} />
      <Button submit icon="search">
        {t("audit.search")}
      </Button>
      <span class="line small">
        {t("audit_find.export")}
        <a href={file("csv")} download>
          CSV
        </a>
        <a href={file("jsonl")} download>
          JSONL
        </a>
      </span>
    </form>
  );
}

function Entries({ log, again, more }: { log: Log; again: () => void; more: () => void }) {
  if (log.error) return <Failed error={log.error} again={again} />;
  if (log.loading) return <Skeleton rows={8} />;
  if (log.items.length === 0) return <Empty title={t("audit.none")}>{t("audit.none_do")}</Empty>;
  return (
    <div class="card table-box" role="region" aria-label={t("system.audit")} tabIndex={0}>
      <table class="table table-cards">
        <thead>
          <tr>
            <th scope="col">{t("audit.at")}</th>
            <th scope="col">{t("audit.actor")}</th>
            <th scope="col">{t("audit.act")}</th>
            <th scope="col">{t("audit.ticket")}</th>
            <th scope="col">{t("audit.detail")}</th>
          </tr>
        </thead>
        <tbody>
          {log.items.map((entry) => (
            <tr key={entry.place}>
              <td class="nowrap">
                <time dateTime={entry.at} title={whole(entry.at)}>
                  {moment(entry.at)}
                </time>
              </td>
              <td title={entry.actor} data-label={t("audit.actor")}>
                {actorName(entry.actor)}
              </td>
              <td>
                <b>{named("done_act", entry.act)}</b>
              </td>
              <td {...(entry.ticket != null && { "data-label": t("audit.ticket") })}>
                {entry.ticket != null && <a href={`/tickets/${entry.ticket}`}>{entry.ticket}</a>}
              </td>
              <td class="soft small">{detailWords(entry.detail)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {log.next && (
        <div class="table-none">
          <Button onClick={more}>{t("audit.more")}</Button>
        </div>
      )}
    </div>
  );
}

function detailWords(detail: unknown): string {
  if (typeof detail !== "object" || detail === null) return "";
  const words = Object.entries(detail).map(([name, value]) => {
    return `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`;
  });
  return words.join(", ");
}
