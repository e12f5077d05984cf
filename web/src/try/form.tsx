// The form as it fills while somebody talks, and the ticket that comes of it.
import type { RunningSlotView } from "../api/schema";
import { Icon } from "../ui/icon";
import { Sureness } from "../ui/sureness";
import { named, t } from "../words/words";
import { call, state, ticket } from "./line";

export function Form() {
  const running = call.value;
  const asked = state.value === "talking" ? running?.asked : "";
  return (
    <section class="card try-form" aria-label={t("try.form")}>
      <h2>{t("try.form")}</h2>
      {ticket.value !== null && (
        <p class="callout callout-good try-made">
          <Icon name="check" /> {t("try.made")}{" "}
          <a href={`/tickets/${ticket.value}`}>{t("board.ticket", { number: ticket.value })}</a>
        </p>
      )}
      {running ? (
        <dl class="try-slots">
          {running.slots.map((slot) => (
            <Field key={slot.slot} slot={slot} asked={slot.slot === asked} />
          ))}
        </dl>
      ) : (
        <p class="soft try-blank">{t("try.form_empty")}</p>
      )}
    </section>
  );
}

function Field({ slot, asked }: { slot: RunningSlotView; asked: boolean }) {
  const kinds = ["try-slot", `try-slot-${slot.status}`];
  if (asked) kinds.push("try-asked");
  return (
    <div class={kinds.join(" ")}>
      <dt>
        {named("slot", slot.slot)}
        {asked && <span class="try-now">{t("try.asked")}</span>}
      </dt>
      {/* Another value is another element, so that what changes is seen to. */}
      <dd key={slot.value} class={slot.value ? "try-value" : "soft"}>
        {slot.value || t(`slot.status.${slot.status}`)}
      </dd>
      {slot.value && (
        <dd class="try-sure">
          {slot.status === "confirmed" && (
            <span class="try-confirmed">
              <Icon name="check" /> {t("slot.status.confirmed")}
            </span>
          )}
          {slot.status === "heard" && <Sureness of={slot.confidence} />}
        </dd>
      )}
    </div>
  );
}
