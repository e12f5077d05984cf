// What happens now: the calls in the bot with their words, and who is there to call back.
import { useState } from "preact/hooks";
import { may } from "../api/client";
import { PageHead } from "../shell/page";
import { Skeleton } from "../ui/state";
import { t } from "../words/words";
import { Agents } from "./agents";
import { CallCard } from "./call_card";
import { Standing } from "./standing";
import { isOpen, running, useRunning } from "./running";
import "./board.css";

export default function Board() {
  useRunning();
  const [heard, setHeard] = useState("");
  const calls = running.value;
  return (
    <>
      <PageHead title={t("board.title")} />
      {may("calls:watch") && <Standing />}
      <div class="board">
        <section aria-labelledby="board-calls">
          <h2 id="board-calls">
            {t("board.calls")} <span class="soft">{calls.length}</span>
          </h2>
          {!isOpen.value && calls.length === 0 && <Skeleton rows={2} height={120} />}
          {isOpen.value && calls.length === 0 && (
            <div class="card board-none">
              <p>
                <b>{t("board.no_calls")}</b>
              </p>
              <p class="soft">{t("board.no_calls_hint")}</p>
            </div>
          )}
          <div class="board-calls">
            {calls.map((call) => (
              <CallCard
                key={call.id}
                call={call}
                heard={heard === call.id}
                hear={(yes) => setHeard(yes ? call.id : "")}
              />
            ))}
          </div>
        </section>
        {may("calls:watch") && <Agents />}
      </div>
    </>
  );
}
