// What was said, beside the sound: it follows what is heard, and a click hears from there.
import type { Resource } from "../api/resource";
import type { TranscriptView, TurnView } from "../api/schema";
import { Loaded } from "../ui/state";
import { Turns } from "../ui/turns";
import { t } from "../words/words";
import type { Player } from "./player";

interface Props {
  of: Resource<TranscriptView>;
  player: Player;
}

export function Transcript({ of, player }: Props) {
  const atMs = player.atMs.value;
  const hear = (turn: TurnView): void => player.from(turn.from_ms);
  return (
    <Loaded of={of} rows={4}>
      {({ turns, whole }) => (
        <div class="transcript">
          {turns.length === 0 ? (
            <p class="soft small">{t("transcript.empty")}</p>
          ) : (
            <Turns turns={turns} heard={heardAt(turns, atMs)} onPick={hear} />
          )}
          {!whole && <p class="soft small">{t("transcript.broken")}</p>}
        </div>
      )}
    </Loaded>
  );
}

/** The last turn that has begun: who is interrupted is heard no more. */
export function heardAt(turns: readonly TurnView[], atMs: number): number {
  const begun = turns.filter((turn) => turn.from_ms <= atMs);
  const last = begun.reduce<TurnView | undefined>(
    (last, turn) => (last && last.from_ms > turn.from_ms ? last : turn),
    undefined,
  );
  return last?.number ?? 0;
}
