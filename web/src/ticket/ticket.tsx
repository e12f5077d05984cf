// One ticket: what the caller said, how sure that is, what is to be done, what was done.
import { useLocation, useRoute } from "preact-iso";
import { useEffect, useMemo, useState } from "preact/hooks";
import { may } from "../api/client";
import { onNews, useGaps } from "../api/events";
import { useResource, type Resource } from "../api/resource";
import { getTicket } from "../api/tickets";
import type { TicketView } from "../api/schema";
import { queuePath } from "../queue/place";
import { Due, PriorityMark, Stage } from "../queue/stage";
import { Viewers } from "../presence/viewers";
import { PageHead } from "../shell/page";
import { Icon } from "../ui/icon";
import { Failed, Skeleton } from "../ui/state";
import { t } from "../words/words";
import { useActs } from "./acts";
import { Answers } from "./answers";
import { Calls } from "./calls";
import { Custody } from "./custody";
import { Desk } from "./desk";
import { Facts } from "./facts";
import { Form } from "./form";
import { History } from "./history";
import { Notes } from "./notes";
import { Player } from "./player";
import { Recording } from "./recording";
import "./ticket.css";

export default function Ticket() {
  const number = Number(useRoute().params.number);
  const ticket = useResource(`ticket ${number}`, () => getTicket(number));
  useEffect(() => {
    return onNews((news) => {
      if (news.ticket === number && (news.row?.version ?? 0) > (ticket.data?.version ?? 0)) {
        ticket.reload();
      }
    });
  }, [number, ticket.data?.version]);
  useGaps(ticket.reload);

  if (ticket.data) return <Shown key={number} view={ticket.data} of={ticket} />;
  return (
    <>
      <PageHead title={t("ticket.title", { number })} />
      {ticket.error ? (
        <Failed error={ticket.error} again={ticket.reload} />
      ) : (
        <Skeleton rows={6} height={72} />
      )}
    </>
  );
}

/** The call was recorded, the caller did not decline it, and who asks may hear it. */
const isHeard = (view: TicketView): boolean =>
  may("recordings:listen") && view.consent !== "declined" && view.call.duration_ms != null;

function Shown({ view, of }: { view: TicketView; of: Resource<TicketView> }) {
  const { route } = useLocation();
  const acts = useActs(view, of.set);
  const player = useMemo(() => (isHeard(view) ? new Player(view.number) : null), [isHeard(view)]);
  const [whole, setWhole] = useState(false);
  useEffect(() => () => player?.close(), [player]);
  return (
    <article class="ticket">
      <PageHead
        title={t("ticket.title", { number: view.number })}
        beside={
          <div class="ticket-marks">
            <PriorityMark priority={view.priority} />
            <Stage stage={view.stage} />
            <Due at={view.due_at} stage={view.stage} escalation={view.escalation} />
          </div>
        }
      >
        <a class="button button-quiet" href={queuePath.value}>
          <Icon name="back" />
          <span>{t("command.leave")}</span>
        </a>
      </PageHead>
      <Viewers number={view.number} />
      {view.masked && <p class="callout masked">{t("ticket.masked")}</p>}
      <div class="ticket-columns">
        {(may("tickets:work") || !view.masked) && (
          <div class="ticket-desk">
            <Desk view={view} acts={acts} leave={() => route(queuePath.value)} />
          </div>
        )}
        <div class="ticket-main">
          <Form view={view} acts={acts} player={player} showWhole={() => setWhole(true)} />
          {player && (
            <Recording view={view} player={player} open={whole} onOpen={() => setWhole(true)} />
          )}
          <Notes view={view} acts={acts} />
        </div>
        <div class="ticket-side">
          {may("tickets:work") && <Answers view={view} />}
          <Facts view={view} />
          <Calls view={view} acts={acts} />
          <Custody view={view} reload={of.reload} />
          <History view={view} />
        </div>
      </div>
    </article>
  );
}
