// How long the ticket stays with whom it is: a countdown, loud only at its end.
import { useEffect, useState } from "preact/hooks";
import { userName } from "../api/client";
import { stageWords } from "../queue/stage";
import { position } from "../words/time";
import { t } from "../words/words";
import type { StageView } from "../api/schema";

const SHORT_MS = 120_000;

export function Lease({ stage }: { stage: Extract<StageView, { until: string }> }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, []);
  const left = Date.parse(stage.until) - now;
  const own = stage.by === userName();
  const short = own && left < SHORT_MS;
  return (
    <div class={short ? "lease lease-short" : "lease"}>
      <span>{stageWords(stage)}</span>
      <span>
        {t("lease.left")} <b>{position(left)}</b>
      </span>
      {short && <span role="alert">{t("lease.short")}</span>}
    </div>
  );
}
