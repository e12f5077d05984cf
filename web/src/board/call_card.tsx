// One running call: what is said, and the form as it fills.
import { useEffect, useRef, useState } from "preact/hooks";
import { may } from "../api/client";
import type { RunningCallView } from "../api/schema";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { Turns } from "../ui/turns";
import { languageName, position } from "../words/time";
import { t } from "../words/words";

interface Props {
  call: RunningCallView;
  heard: boolean;
  hear: (yes: boolean) => void;
}

export function CallCard({ call, heard, hear }: Props) {
  const from = call.caller_id || t("board.withheld");
  const listens = may("calls:listen") && !call.ended;
  return (
    <article class={call.ended ? "card call-card call-over" : "card call-card"}>
      <header class="call-head">
        <h3>{t("board.call", { from })}</h3>
        <p class="soft small">
          {call.hotline} · {languageName(call.language)} · <Length since={call.answered_at} />
          {call.ticket != null && (
            <>
              {" · "}
              <a href={`/tickets/${call.ticket}`}>{t("board.ticket", { number: call.ticket })}</a>
            </>
          )}
        </p>
        {listens && call.consent === "declined" && <p class="soft small">{t("board.declined")}</p>}
        {listens && call.consent !== "declined" && (
          <Button icon="ear" pressed={heard} onClick={() => hear(!heard)}>
            {t(heard ? "board.stop" : "board.listen")}
          </Button>
        )}
      </header>
      {heard && listens && <Ear id={call.id} />}
      <div class="call-columns">
        <Turns turns={call.turns} />
        <Slots call={call} />
      </div>
    </article>
  );
}

/** The call's sound as it goes on; leaving closes the stream. */
function Ear({ id }: { id: string }) {
  const audio = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const element = audio.current;
    void element?.play().catch(() => undefined);
    return () => element?.removeAttribute("src");
  }, [id]);
  return (
    <div class="callout small call-ear">
      <Icon name="ear" /> <span role="status">{t("board.listening")}</span>
      <audio ref={audio} src={`/api/v1/calls/${id}/audio`} controls />
    </div>
  );
}

export function Slots({ call }: { call: RunningCallView }) {
  return (
    <dl class="call-slots">
      {call.slots.map((slot) => (
        <div key={slot.slot} class={slot.slot === call.asked ? "call-slot asked" : "call-slot"}>
          <dt>{slot.slot}</dt>
          <dd class={slot.value ? "" : "soft"}>{slot.value || t(`slot.status.${slot.status}`)}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Length({ since }: { since: string }) {
  const [at, setAt] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => setAt(Date.now()), 1_000);
    return () => window.clearInterval(timer);
  }, []);
  return <span>{position(Math.max(0, at - Date.parse(since)))}</span>;
}
