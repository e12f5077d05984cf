// The call's turns: what was heard, what was really said, and what went wrong in each.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ReviewView, TurnView } from "../api/schema";
import { useCommands } from "../shell/commands";
import { heardAt } from "../ticket/transcript";
import type { Player } from "../ticket/player";
import { Button } from "../ui/button";
import { position } from "../words/time";
import { t } from "../words/words";
import { wordDiff } from "./diff";
import type { Judging } from "./judging";
import { MarkMenu, Marks } from "./marks";

interface Props {
  turns: readonly TurnView[];
  player: Player | null;
  judging: Judging;
  view: ReviewView;
}

export function Said({ turns, player, judging, view }: Props) {
  const [at, setAt] = useState(0);
  const [edited, setEdited] = useState(0);
  const list = useRef<HTMLOListElement>(null);
  const turn = turns[at];
  const move = (by: number): void => setAt(Math.max(0, Math.min(turns.length - 1, at + by)));
  useEffect(() => {
    if (at > 0) list.current?.children[at]?.scrollIntoView({ block: "nearest" });
  }, [at]);
  useCommands({
    review_turn_next: () => move(1),
    review_turn_previous: () => move(-1),
    review_play: () => {
      if (player?.playing.value) player.stop();
      else if (turn) player?.from(turn.from_ms);
    },
    ...(judging.can && { review_edit: () => turn?.speaker === "caller" && setEdited(turn.number) }),
    ...(judging.can && {
      review_mark: () => {
        list.current?.children[at]?.querySelector<HTMLElement>(".mark-menu button")?.click();
      },
    }),
  });
  const heard = player?.playing.value ? heardAt(turns, player.atMs.value) : 0;
  if (turns.length === 0) return <p class="soft small">{t("transcript.empty")}</p>;
  return (
    <ol class="said" ref={list}>
      {turns.map((one, n) => (
        <li
          key={one.number}
          class={`said-turn said-${one.speaker}${one.number === heard ? " said-heard" : ""}`}
          aria-current={n === at ? "true" : undefined}
          onClick={() => setAt(n)}
        >
          <Turn
            turn={one}
            player={player}
            judging={judging}
            view={view}
            edits={edited === one.number}
            edit={(yes) => setEdited(yes ? one.number : 0)}
          />
        </li>
      ))}
    </ol>
  );
}

interface TurnProps extends Omit<Props, "turns"> {
  turn: TurnView;
  edits: boolean;
  edit: (yes: boolean) => void;
}

function Turn({ turn, player, judging, view, edits, edit }: TurnProps) {
  const truth = view.truth.turns?.find((one) => one.turn === turn.number);
  const marks = view.call.marks.filter((mark) => mark.turn === turn.number);
  const mine = turn.speaker === "caller";
  return (
    <>
      <div class="said-head">
        <button
          type="button"
          class="said-at"
          title={t("transcript.hear")}
          onClick={() => player?.from(turn.from_ms)}
        >
          {position(turn.from_ms)}
        </button>
        <span>{t(`board.${turn.speaker}`)}</span>
        <Marks of={marks} remove={judging.can ? judging.unmark : undefined} />
        {judging.can && (
          <span class="said-acts">
            {mine && (
              <Button
                small
                kind="quiet"
                icon="pencil"
                label={t("quality.write")}
                onClick={() => edit(!edits)}
              />
            )}
            <MarkMenu
              label={t("quality.mark_turn")}
              has={marks}
              add={(kind) => judging.mark({ kind, turn: turn.number })}
            />
          </span>
        )}
      </div>
      {edits ? (
        <Editor
          text={truth?.text ?? turn.text}
          done={(text) => {
            edit(false);
            if (text !== null) judging.setTruth(turn.number, text === turn.text ? null : text);
          }}
        />
      ) : (
        <Difference heard={turn.text} said={truth?.text} />
      )}
    </>
  );
}

function Difference({ heard, said }: { heard: string; said: string | undefined }) {
  if (said === undefined) return <p class="said-words">{heard || "…"}</p>;
  return (
    <p class="said-words">
      {wordDiff(heard, said).map((piece, at) => {
        const words = `${piece.words} `;
        if (piece.kind === "heard") return <del key={at}>{words}</del>;
        if (piece.kind === "said") return <ins key={at}>{words}</ins>;
        return <span key={at}>{words}</span>;
      })}
    </p>
  );
}

/** `done` with the words, or with nothing when they are to stay as they were. */
function Editor({ text, done }: { text: string; done: (text: string | null) => void }) {
  const [words, setWords] = useState(text);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      class="said-editor"
      onSubmit={(event) => {
        event.preventDefault();
        done(words.trim());
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") done(null);
        if (event.key === "Enter" && !event.shiftKey) {
          event.preventDefault();
          done(words.trim());
        }
      }}
    >
      <textarea
        ref={field}
        rows={2}
        maxLength={4000}
        aria-label={t("quality.really_said")}
        value={words}
        onInput={(event) => setWords(event.currentTarget.value)}
      />
      <Button small kind="main" submit>
        {t("act.save")}
      </Button>
      <Button small kind="quiet" onClick={() => done(null)}>
        {t("act.cancel")}
      </Button>
    </form>
  );
}
