// "Try it": talk to the bot from this computer, and see what it understands.
import { useEffect } from "preact/hooks";
import { Slots } from "../board/call_card";
import { PageHead } from "../shell/page";
import { Button } from "../ui/button";
import { Turns } from "../ui/turns";
import { t } from "../words/words";
import { call, close, dial, hangUp, press, state, ticket, trouble } from "./line";
import "../board/board.css";
import "./try.css";

const KEYS = "1 2 3 4 5 6 7 8 9 * 0 #".split(" ");

export default function Try() {
  useEffect(() => close, []);
  const running = call.value;
  const talks = state.value === "talking";
  return (
    <>
      <PageHead title={t("try.title")} />
      <div class="try">
        <section class="card try-phone" aria-label={t("try.phone")}>
          <p role="status" class="try-state">
            {t(`try.state.${state.value}`)}
          </p>
          {trouble.value && (
            <p role="alert" class="callout callout-warn small">
              {t(`try.trouble.${trouble.value}`)}
            </p>
          )}
          {talks || state.value === "calling" ? (
            <Button kind="danger" icon="phone" onClick={hangUp}>
              {t("call_back.hang_up")}
            </Button>
          ) : (
            <Button
              kind="main"
              icon="phone"
              busy={state.value === "asking"}
              onClick={() => void dial()}
            >
              {t(running ? "try.again" : "try.call")}
            </Button>
          )}
          <div class="try-keys" role="group" aria-label={t("try.keys")}>
            {KEYS.map((key) => (
              <Button key={key} disabled={!talks} onClick={() => press(key)}>
                {key}
              </Button>
            ))}
          </div>
          {ticket.value !== null && (
            <p class="small">
              {t("try.made")}{" "}
              <a href={`/tickets/${ticket.value}`}>{t("board.ticket", { number: ticket.value })}</a>
            </p>
          )}
          <p class="soft small">{t("try.lead")}</p>
        </section>
        <section class="card try-words" aria-label={t("board.turns")}>
          {running ? <Turns turns={running.turns} /> : <p class="soft">{t("try.empty")}</p>}
        </section>
        <section class="card try-form" aria-label={t("try.form")}>
          {running ? <Slots call={running} /> : <p class="soft">{t("try.form_empty")}</p>}
        </section>
      </div>
    </>
  );
}
