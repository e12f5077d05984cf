// Where a ticket stands, how soon it is due, how pressing it is: the same words everywhere.
import { userName } from "../api/client";
import type { Priority, StageView } from "../api/schema";
import { Badge, type Tone } from "../ui/badge";
import { due, moment, whole } from "../words/time";
import { named, t } from "../words/words";

const TONES: Partial<Record<StageView["name"], Tone>> = {
  claimed: "blue",
  calling: "blue",
  done: "green",
  put_through: "green",
  scheduled: "amber",
};

export function Stage({ stage }: { stage: StageView }) {
  const own = "by" in stage && stage.by === userName();
  return <Badge tone={own ? "green" : (TONES[stage.name] ?? "plain")}>{stageWords(stage)}</Badge>;
}

export function stageWords(stage: StageView): string {
  switch (stage.name) {
    case "claimed":
    case "calling": {
      if (stage.by === userName()) return t(`stage.${stage.name}_you`);
      return t(`stage.${stage.name}_by`, { by: stage.by });
    }
    case "scheduled":
      return t("stage.scheduled_at", { at: moment(stage.at) });
    case "referred":
      return t("stage.referred_to", { office: stage.office });
    case "done":
      return t("stage.done_as", { disposition: named("disposition", stage.disposition) });
    case "merged":
      return t("stage.merged_into", { number: stage.into });
    default:
      return t(`stage.${stage.name}`);
  }
}

const PENDING: readonly StageView["name"][] = [
  "taking",
  "open",
  "claimed",
  "calling",
  "scheduled",
  "referred",
];

interface DueProps {
  at: string;
  stage: StageView;
  escalation: "none" | "at_risk" | "overdue";
}

/** "in 25 min", "38 min overdue"; of an ended ticket there is nothing to say. */
export function Due({ at, stage, escalation }: DueProps) {
  if (!PENDING.includes(stage.name)) return <span class="soft">–</span>;
  const { words, late } = due(at);
  const tone = late ? "due-late" : escalation === "at_risk" ? "due-risk" : "";
  return (
    <time class={`due ${tone}`} dateTime={at} title={t("time.due_title", { at: whole(at) })}>
      {words}
    </time>
  );
}

export function PriorityMark({ priority }: { priority: Priority }) {
  if (priority === "normal") return null;
  return (
    <Badge tone={priority === "emergency" ? "alarm" : "amber"}>{t(`priority.${priority}`)}</Badge>
  );
}
