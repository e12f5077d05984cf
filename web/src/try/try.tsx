// "Try it": talk to the bot from this computer, and see what it understands.
import { useEffect } from "preact/hooks";
import { Length } from "../board/call_card";
import { PageHead } from "../shell/page";
import { Button } from "../ui/button";
import { Turns } from "../ui/turns";
import { t } from "../words/words";
import { Form } from "./form";
import { call, close, dial, hangUp, press, state, trouble, voice } from "./line";
import "./try.css";

const KEYS = "1 2 3 4 5 6 7 8 9 * 0 #".split(" ");
const STEPS = ["try.step_call", "try.step_talk", "try.step_see"] as const;

export default function Try() {
  useEffect(() => close, []);
  const running = call.value;
  return (
    <>
      <PageHead title={t("try.title")} />
      <p class="try-lead soft">{t("try.lead")}</p>
      <div class="try">
        <Telephone />
        <section class="card try-words" aria-label={t("board.turns")}>
          {running ? <Turns turns={running.turns} /> : <Steps />}
        </section>
        <Form />
      </div>
    </>
  );
}

function Telephone() {
  const talks = state.value === "talking";
  const asking = state.value === "asking";
  const off = state.value === "idle" || state.value === "ended" || asking;
  return (
    <section class={`card try-phone try-${state.value}`} aria-label={t("try.phone")}>
      <p class="try-state">
        <i class="try-lamp" aria-hidden="true" />
        <span role="status">{t(`try.state.${state.value}`)}</span>
        {talks && call.value && (
          <span class="try-clock soft">
            <Length since={call.value.answered_at} />
          </span>
        )}
      </p>
      {trouble.value && (
        <p role="alert" class="callout callout-warn small">
          {t(`try.trouble.${trouble.value}`)}
        </p>
      )}
      {off ? (
        <Button class="try-call" kind="main" icon="phone" busy={asking} onClick={() => void dial()}>
          {t(call.value ? "try.again" : "try.call")}
        </Button>
      ) : (
        <Button class="try-call" kind="danger" icon="phone" onClick={hangUp}>
          {t("call_back.hang_up")}
        </Button>
      )}
      <div class="try-voices" aria-hidden="true">
        <Voice who="caller" name={t("try.you")} />
        <Voice who="bot" name={t("board.bot")} />
      </div>
      <div class="try-keys" role="group" aria-label={t("try.keys")}>
        {KEYS.map((key) => (
          <Button key={key} disabled={!talks} onClick={() => press(key)}>
            {key}
          </Button>
        ))}
      </div>
    </section>
  );
}

/** How loud one side is just now. */
function Voice({ who, name }: { who: keyof typeof voice; name: string }) {
  return (
    <p class={`try-voice try-voice-${who}`}>
      <span>{name}</span>
      <i>
        <b style={{ width: `${Math.round(voice[who].value * 100)}%` }} />
      </i>
    </p>
  );
}

function Steps() {
  return (
    <div class="try-steps">
      <h2>{t("try.how")}</h2>
      <ol>
        {STEPS.map((step) => (
          <li key={step}>{t(step)}</li>
        ))}
      </ol>
    </div>
  );
}
