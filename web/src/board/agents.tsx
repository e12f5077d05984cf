// Who is there: ready, on a call or on a break, and since when.
import { useEffect } from "preact/hooks";
import { api, ok } from "../api/client";
import { useResource } from "../api/resource";
import { PresenceDot } from "../presence/presence_menu";
import { Loaded } from "../ui/state";
import { Time } from "../ui/time";
import { t } from "../words/words";

const EVERY_MS = 5_000;

export function Agents() {
  const agents = useResource("agents", () => ok(api.GET("/api/v1/agents")));
  useEffect(() => {
    const timer = window.setInterval(agents.reload, EVERY_MS);
    return () => window.clearInterval(timer);
  }, [agents.reload]);
  return (
    <section aria-labelledby="board-agents">
      <h2 id="board-agents">{t("board.agents")}</h2>
      <Loaded of={agents} rows={3}>
        {(found) => {
          const there = found.filter((agent) => agent.state !== "away");
          if (there.length === 0) return <p class="card soft">{t("board.no_agents")}</p>;
          return (
            <ul class="card agents">
              {there.map((agent) => (
                <li key={agent.user}>
                  <PresenceDot state={agent.state} />
                  <b>{agent.user}</b>
                  <span class="soft small">
                    {t(`presence.${agent.state}`)} · <Time at={agent.since} />
                  </span>
                  {agent.ticket != null && (
                    <a class="small" href={`/tickets/${agent.ticket}`}>
                      {t("board.ticket", { number: agent.ticket })}
                    </a>
                  )}
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
    </section>
  );
}
