// How sure the bot was of what it understood.
import { percent } from "../words/time";
import { t } from "../words/words";
import "./sureness.css";

const SURE = 0.85;
const FAIRLY = 0.6;

/** In words first: a number alone is trusted too much. */
export function Sureness({ of }: { of: number }) {
  const grade = of >= SURE ? "sure" : of >= FAIRLY ? "fairly" : "unsure";
  return (
    <span class={`sureness sureness-${grade}`} title={t("slot.sureness", { percent: percent(of) })}>
      <span class="sureness-bar" aria-hidden="true">
        <i style={{ width: `${Math.round(of * 100)}%` }} />
      </span>
      {t(`slot.${grade}`)} <span class="soft">{percent(of)}</span>
    </span>
  );
}
