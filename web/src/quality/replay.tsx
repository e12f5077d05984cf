// What a replay came to, and where it first went another way.
import type { ReviewRow, ReviewView } from "../api/schema";
import { Badge, type Tone } from "../ui/badge";
import { Time } from "../ui/time";
import { position } from "../words/time";
import { t } from "../words/words";

const TONES: Record<string, Tone> = { same: "green", diverged: "red", not_replayable: "plain" };

export function ReplayBadge({ of }: { of: ReviewRow["replay"] }) {
  if (!of) return <span class="soft">–</span>;
  return (
    <Badge tone={TONES[of.outcome] ?? "plain"} title={of.reason ?? ""}>
      {t(`replay.${of.outcome}`)}
    </Badge>
  );
}

export function Replay({ view }: { view: ReviewView }) {
  const found = view.call.replay;
  if (!found) return <p class="soft small">{t("replay.none")}</p>;
  const lines = view.divergence;
  return (
    <div class="stack">
      <p class="line">
        <ReplayBadge of={found} />
        <span class="soft small">
          <Time at={found.at} /> · {t("replay.build", { build: found.build })}
        </span>
      </p>
      {found.reason && <p class="small">{found.reason}</p>}
      {found.outcome === "diverged" && (
        <p class="small">
          {t("replay.from", { at: position(found.at_ms ?? 0) })}{" "}
          {found.hotline_changed && t("replay.hotline_changed")}
        </p>
      )}
      {lines && (
        <pre class="divergence" tabIndex={0} aria-label={t("replay.lines")}>
          {lines.before.map((line, at) => (
            <span key={at}>{`  ${line}\n`}</span>
          ))}
          <del>{`- ${lines.expected ?? t("replay.nothing")}\n`}</del>
          <ins>{`+ ${lines.got ?? t("replay.nothing")}\n`}</ins>
        </pre>
      )}
    </div>
  );
}
