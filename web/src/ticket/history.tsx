// What was done to the ticket, by whom, the newest first.
import { useResource } from "../api/resource";
import { getHistory } from "../api/tickets";
import type { HistoryEntry, TicketView } from "../api/schema";
import { Loaded } from "../ui/state";
import { Time } from "../ui/time";
import { named, t } from "../words/words";

/** Each answer saved the ticket, each listening is noted: one line is enough for many in a row. */
const OFTEN = ["tell", "hand_out"];

function shortened(entries: readonly HistoryEntry[]): HistoryEntry[] {
  return entries.filter((entry, at) => {
    const next = entries[at + 1];
    const again = next?.act === entry.act && next.actor === entry.actor;
    return !again || !OFTEN.includes(entry.act);
  });
}

export function History({ view }: { view: TicketView }) {
  const history = useResource(`history ${view.number} ${view.version}`, () =>
    getHistory(view.number),
  );
  return (
    <section class="card" aria-labelledby="history-title">
      <h2 id="history-title">{t("history.title")}</h2>
      <Loaded of={history} rows={3}>
        {(entries) => (
          <ol class="history">
            {shortened(entries)
              .reverse()
              .map((entry) => (
                <li key={`${entry.at} ${entry.act}`}>
                  <b>{named("done_act", entry.act)}</b>
                  <Detail of={entry} />
                  <span class="soft small">
                    {actorName(entry.actor)} · <Time at={entry.at} />
                  </span>
                </li>
              ))}
          </ol>
        )}
      </Loaded>
    </section>
  );
}

/** "operator anna" is anna; the caller and the clock have words of their own. */
export function actorName(actor: string): string {
  const [role = "", ...name] = actor.split(" ");
  return name.length > 0 ? name.join(" ") : named("actor", role);
}

function Detail({ of }: { of: HistoryEntry }) {
  const detail = of.detail;
  if (typeof detail !== "object" || detail === null) return null;
  const said = Object.entries(detail).filter(([name, value]) => {
    return ["office", "disposition", "slot", "priority", "into", "repeat"].includes(name) && value;
  });
  if (said.length === 0) return null;
  const words = said.map(([name, value]) => named(name === "repeat" ? "" : name, String(value)));
  return <span class="small"> {words.join(", ")}</span>;
}
