// What the bot and the caller said, turn by turn: as it goes on, or beside a recording.
import { useEffect, useRef } from "preact/hooks";
import type { TurnView } from "../api/schema";
import { position } from "../words/time";
import { t } from "../words/words";
import "./turns.css";

interface Props {
  turns: readonly TurnView[];
  /** The turn that is heard now, by its number; without it the newest words stay in sight. */
  heard?: number;
  onPick?: (turn: TurnView) => void;
}

/** Who reads and has scrolled up is left where they are. */
export function Turns({ turns, heard, onPick }: Props) {
  const list = useRef<HTMLOListElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    if (heard === undefined) {
      if (follows.current) element.scrollTop = element.scrollHeight;
      return;
    }
    // Only the list scrolls, never the page under who reads.
    const turn = element.children[turns.findIndex((turn) => turn.number === heard)];
    if (!(turn instanceof HTMLElement)) return;
    const top = turn.offsetTop - element.offsetTop;
    const below = top + turn.offsetHeight - element.clientHeight;
    if (element.scrollTop > top || element.scrollTop < below) {
      element.scrollTo({ top: Math.max(0, top - element.clientHeight / 3) });
    }
  }, [turns, heard]);
  const scrolled = (): void => {
    const element = list.current;
    if (!element) return;
    follows.current = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
  };
  return (
    <ol class="turns" ref={list} onScroll={scrolled} aria-label={t("board.turns")} tabIndex={0}>
      {turns.map((turn) => (
        <li
          key={turn.number}
          class={`turn turn-${turn.speaker}`}
          aria-current={turn.number === heard ? "true" : undefined}
        >
          <span class="turn-who">
            {t(`board.${turn.speaker}`)} <small>{position(turn.from_ms)}</small>
          </span>
          <Words turn={turn} onPick={onPick} />
        </li>
      ))}
    </ol>
  );
}

function Words({ turn, onPick }: { turn: TurnView; onPick: Props["onPick"] }) {
  const kind = turn.settled ? "turn-words" : "turn-words turn-open";
  const words = turn.text || "…";
  if (!onPick) return <span class={kind}>{words}</span>;
  return (
    <button type="button" class={kind} title={t("transcript.hear")} onClick={() => onPick(turn)}>
      {words}
    </button>
  );
}
