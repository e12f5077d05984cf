// Scripts to read out and approved answers, beside the call.
import { useEffect, useRef, useState } from "preact/hooks";
import { findAnswers, loadAnswers } from "../api/answers";
import type { Answer, TicketView } from "../api/schema";
import { useCommands } from "../shell/commands";
import { keyHint } from "../shell/help";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { copyText } from "../ui/copy";
import { Icon } from "../ui/icon";
import { Skeleton } from "../ui/state";
import { toastError } from "../ui/toast";
import { named, t } from "../words/words";
import "./answers.css";

/** As many as are looked at before one searches for other words. */
const SHOWN_MAX = 30;

export function Answers({ view }: { view: TicketView }) {
  const [q, setQ] = useState("");
  const [open, setOpen] = useState("");
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => void loadAnswers(view.hotline).catch(toastError), [view.hotline]);
  useCommands({ answers: () => box.current?.focus() });
  const found = findAnswers(view.hotline, view.need, q);
  // A hotline without answers has no use for the panel.
  if (found?.length === 0 && q === "") return null;
  const only = q !== "" && found?.length === 1 ? found[0]?.id : undefined;
  return (
    <section class="card stack answers" aria-labelledby="answers-title">
      <h2 id="answers-title">{t("answers.title")}</h2>
      <div class="search">
        <Icon name="search" />
        <input
          ref={box}
          type="search"
          aria-label={t("answers.search")}
          placeholder={t("answers.search")}
          value={q}
          onInput={(event) => setQ(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.blur();
            if (event.key === "Enter" && found?.[0]) setOpen(found[0].id);
          }}
        />
        <kbd aria-hidden="true">{keyHint("answers")}</kbd>
      </div>
      {!found && <Skeleton rows={3} />}
      <p class="unseen" role="status">
        {found && q && t("answers.found", { count: found.length })}
      </p>
      {found?.length === 0 && <p class="soft">{t("answers.none")}</p>}
      <ul class="answer-list">
        {found?.slice(0, SHOWN_MAX).map((answer) => (
          <Row
            key={answer.id}
            of={answer}
            open={open === answer.id || only === answer.id}
            toggle={() => setOpen(open === answer.id ? "" : answer.id)}
          />
        ))}
      </ul>
      {(found?.length ?? 0) > SHOWN_MAX && <p class="soft small">{t("answers.more")}</p>}
    </section>
  );
}

interface RowProps {
  of: Answer;
  open: boolean;
  toggle: () => void;
}

function Row({ of, open, toggle }: RowProps) {
  const steps = of.steps ?? [];
  const whole = [of.text, ...steps.map((step, at) => `${at + 1}. ${step}`)];
  return (
    <li class={open ? "answer answer-open" : "answer"}>
      <button type="button" class="answer-head" aria-expanded={open} onClick={toggle}>
        <span>{of.title}</span>
        {steps.length > 0 && <Badge tone="blue">{t("answers.script")}</Badge>}
        {(of.needs ?? []).map((need) => (
          <Badge key={need}>{named("need", need)}</Badge>
        ))}
      </button>
      {open && (
        <div class="answer-body">
          {of.text && <p>{of.text}</p>}
          {steps.length > 0 && (
            <ol>
              {steps.map((step) => (
                <li key={step}>{step}</li>
              ))}
            </ol>
          )}
          {(of.dispositions ?? []).length > 0 && (
            <p class="soft small">
              {t("answers.ends", {
                dispositions: (of.dispositions ?? [])
                  .map((code) => named("disposition", code))
                  .join(", "),
              })}
            </p>
          )}
          <p class="line small soft">
            <span>{of.approved}</span>
            <Button
              kind="quiet"
              small
              icon="copy"
              onClick={() => void copyText(whole.filter(Boolean).join("\n"))}
            >
              {t("act.copy")}
            </Button>
          </p>
        </div>
      )}
    </li>
  );
}
