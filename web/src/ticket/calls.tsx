// Other calls of the caller: those merged into this ticket, and other tickets of the number.
import { may } from "../api/client";
import { useResource } from "../api/resource";
import { listTickets } from "../api/tickets";
import type { TicketView } from "../api/schema";
import { PriorityMark, Stage } from "../queue/stage";
import { Button } from "../ui/button";
import { Time } from "../ui/time";
import { t } from "../words/words";
import type { Acts } from "./acts";

export function Calls({ view, acts }: { view: TicketView; acts: Acts }) {
  const number = view.callback_number;
  const others = useResource(`others ${view.number} ${view.version}`, async () => {
    if (view.masked || !number) return [];
    const { items } = await listTickets({ callback_number: number, limit: 20 });
    const merged = new Set(view.repeats.map((repeat) => repeat.number));
    return items.filter((row) => row.number !== view.number && !merged.has(row.number));
  });
  const found = others.data ?? [];
  if (view.repeats.length === 0 && found.length === 0) return null;
  return (
    <section class="card" aria-labelledby="calls-title">
      <h2 id="calls-title">{t("calls.title")}</h2>
      <ul class="calls">
        {view.repeats.map((repeat) => (
          <li key={repeat.number} class="line">
            <a href={`/tickets/${repeat.number}`}>{t("ticket.title", { number: repeat.number })}</a>
            <PriorityMark priority={repeat.priority} />
            <span class="soft small">
              {t("calls.merged")} <Time at={repeat.received_at} />
            </span>
            {may("tickets:supervise") && (
              <Button small busy={acts.busy} onClick={() => void acts.merge(repeat.number, true)}>
                {t("calls.unmerge")}
              </Button>
            )}
          </li>
        ))}
        {found.map((row) => (
          <li key={row.number} class="line">
            <a href={`/tickets/${row.number}`}>{t("ticket.title", { number: row.number })}</a>
            <Stage stage={row.stage} />
            <span class="soft small">
              <Time at={row.received_at} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
