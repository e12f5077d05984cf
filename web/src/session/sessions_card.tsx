// Where one is logged in.
import { api, ok, session } from "../api/client";
import { useResource } from "../api/resource";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { Loaded } from "../ui/state";
import { Time } from "../ui/time";
import { toastError } from "../ui/toast";
import { t } from "../words/words";
import { agentName } from "./agent";

export function SessionsCard() {
  const sessions = useResource("sessions", () => ok(api.GET("/api/v1/sessions")));
  const end = (number: number): void => {
    const init = { params: { path: { number } } };
    ok(api.DELETE("/api/v1/sessions/{number}", init)).then(sessions.reload).catch(toastError);
  };
  const endAll = (): void => {
    ok(api.DELETE("/api/v1/sessions"))
      .then(() => (session.value = null))
      .catch(toastError);
  };
  return (
    <section class="card stack account-wide">
      <div class="line spread">
        <h2>{t("sessions.title")}</h2>
        <Button kind="danger" small onClick={endAll}>
          {t("sessions.end_all")}
        </Button>
      </div>
      <Loaded of={sessions} rows={2}>
        {(all) => (
          <ul class="rows">
            {all.map((one) => (
              <li key={one.number} class="line spread">
                <span class="rows-main">
                  <b title={one.agent}>{agentName(one.agent) || t("sessions.unknown")}</b>{" "}
                  {one.current && <Badge tone="green">{t("sessions.here")}</Badge>}
                  <span class="soft small block">
                    {one.address} · {t("sessions.seen")} <Time at={one.seen_at} />
                  </span>
                </span>
                {!one.current && (
                  <Button small onClick={() => end(one.number)}>
                    {t("sessions.end")}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </section>
  );
}
