// The audit log: who did what when, and the proof that nobody changed it.
import { useState } from "preact/hooks";
import { api, ok } from "../api/client";
import { asApiError, type ApiError } from "../api/problem";
import type { AuditEntry } from "../api/schema";
import { PageHead } from "../shell/page";
import { Button } from "../ui/button";
import { TextField } from "../ui/field";
import { Empty, Failed, Skeleton } from "../ui/state";
import { moment, whole } from "../words/time";
import { named, t } from "../words/words";
import { actorName } from "../ticket/history";
import { SystemTabs } from "./system_tabs";
import { useEffect } from "preact/hooks";
import { Verification } from "./verification";
import "./system.css";

const PAGE = 100;

interface Wanted {
  actor: string;
  act: string;
  ticket: string;
}

interface Log {
  items: readonly AuditEntry[];
  next: string | null;
  error?: ApiError;
  loading: boolean;
}

export default function Audit() {
  const [wanted, setWanted] = useState<Wanted>({ actor: "", act: "", ticket: "" });
  const [log, setLog] = useState<Log>({ items: [], next: null, loading: true });
  const read = async (wanted: Wanted, after: Log | null): Promise<void> => {
    const query = {
      limit: PAGE,
      ...(wanted.actor && { actor: wanted.actor }),
      ...(wanted.act && { act: wanted.act }),
      ...(/^\d+$/.test(wanted.ticket) && { ticket: Number(wanted.ticket) }),
      ...(after?.next && { cursor: after.next }),
    };
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
        <form
          class="choice"
          onSubmit={(event) => {
            event.preventDefault();
            search();
          }}
        >
          {(["actor", "act", "ticket"] as const).map((name) => (
            <TextField
              key={name}
              label={t(`audit.${name}`)}
              value={wanted[name]}
              onInput={(value) => setWanted({ ...wanted, [name]: value })}
            />
          ))}
          <Button submit icon="search">
            {t("audit.search")}
          </Button>
        </form>
        <Entries log={log} again={search} more={() => void read(wanted, log)} />
      </div>
    </>
  );
}

function Entries({ log, again, more }: { log: Log; again: () => void; more: () => void }) {
  if (log.error) return <Failed error={log.error} again={again} />;
  if (log.loading) return <Skeleton rows={8} />;
  if (log.items.length === 0) return <Empty title={t("audit.none")}>{t("audit.none_do")}</Empty>;
  return (
    <div class="card table-box" role="region" aria-label={t("system.audit")} tabIndex={0}>
      <table class="table">
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
              <td title={entry.actor}>{actorName(entry.actor)}</td>
              <td>{named("done_act", entry.act)}</td>
              <td>
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
