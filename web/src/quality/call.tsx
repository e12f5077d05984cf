// One ended call: heard, compared with what was really said, marked, replayed, made into a test.
import type { RefObject } from "preact";
import { useLocation, useRoute } from "preact-iso";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { may } from "../api/client";
import { useResource, type Resource } from "../api/resource";
import { fixtureUrl, getReview, replay } from "../api/reviews";
import type { Mark, ReviewView, TranscriptView, TurnView } from "../api/schema";
import { getTicket, getTranscript } from "../api/tickets";
import { useCommands } from "../shell/commands";
import { keyHint } from "../shell/help";
import { PageHead } from "../shell/page";
import { Player } from "../ticket/player";
import { Recording } from "../ticket/recording";
import { Button } from "../ui/button";
import { TextField } from "../ui/field";
import { Icon } from "../ui/icon";
import { Failed, Loaded, Skeleton } from "../ui/state";
import { toast, toastError } from "../ui/toast";
import { moment } from "../words/time";
import { t } from "../words/words";
import { useJudging, type Judging } from "./judging";
import { MarkMenu, Marks } from "./marks";
import { Replay } from "./replay";
import { Score } from "./score";
import { Said } from "./said";
import "./quality.css";

export default function ReviewedCall() {
  const number = Number(useRoute().params.number);
  const review = useResource(`review ${number}`, () => getReview(number));
  if (review.data) return <Shown key={number} view={review.data} of={review} />;
  return (
    <>
      <PageHead title={t("quality.call", { number })} />
      {review.error ? (
        <Failed error={review.error} again={review.reload} />
      ) : (
        <Skeleton rows={6} height={72} />
      )}
    </>
  );
}

interface ShownProps {
  view: ReviewView;
  of: Resource<ReviewView>;
}

function Shown({ view, of }: ShownProps) {
  const { route } = useLocation();
  const { number, kept } = view.call;
  const heard = kept && may("recordings:listen");
  const judging = useJudging(view, of);
  const [busy, setBusy] = useState(false);
  const fixture = useRef<HTMLAnchorElement>(null);
  const player = useMemo(() => (heard ? new Player(number) : null), [heard, number]);
  useEffect(() => () => player?.close(), [player]);
  const words = useResource(`words ${number}`, () => getTranscript(number));
  const run = (): void => {
    if (busy || !kept) return;
    setBusy(true);
    replay(number)
      .then((view) => {
        of.set(view);
        toast(t(`replay.${view.call.replay?.outcome ?? "same"}`));
      })
      .catch(toastError)
      .finally(() => setBusy(false));
  };
  useCommands({
    review_leave: () => route("/quality"),
    review_replay: run,
    review_fixture: () => fixture.current?.click(),
    ...(judging.can && { review_done: () => judging.setReviewed(!view.call.reviewed) }),
  });
  return (
    <article class="reviewed-call">
      <Head {...{ view, judging, busy, run, fixture }} />
      {view.call.masked && <p class="callout masked">{t("ticket.masked")}</p>}
      {!kept && <p class="callout">{t("quality.gone")}</p>}
      <div class="review-columns">
        <div class="stack">
          {player && <Sound number={number} player={player} turns={words.data?.turns ?? []} />}
          {heard && <Words of={words} player={player} judging={judging} view={view} />}
        </div>
        <Aside view={view} judging={judging} />
      </div>
    </article>
  );
}

interface HeadProps extends JudgedProps {
  busy: boolean;
  run: () => void;
  fixture: RefObject<HTMLAnchorElement | null>;
}

function Head({ view, judging, busy, run, fixture }: HeadProps) {
  const { number, kept } = view.call;
  return (
    <PageHead title={t("quality.call", { number })}>
      <Button
        icon="check"
        pressed={view.call.reviewed}
        disabled={!judging.can}
        hint={keyHint("review_done")}
        onClick={() => judging.setReviewed(!view.call.reviewed)}
      >
        {t("quality.state.reviewed")}
      </Button>
      <Button
        icon="repeat"
        busy={busy}
        disabled={!kept}
        hint={keyHint("review_replay")}
        onClick={run}
      >
        {t("command.review_replay")}
      </Button>
      {kept && (
        <a class="button" ref={fixture} href={fixtureUrl(number)} download>
          <Icon name="save" />
          <span>{t("command.review_fixture")}</span>
          <kbd aria-hidden="true">{keyHint("review_fixture")}</kbd>
        </a>
      )}
      <a class="button button-quiet" href="/quality">
        <Icon name="back" />
        <span>{t("command.review_leave")}</span>
      </a>
    </PageHead>
  );
}

interface JudgedProps {
  view: ReviewView;
  judging: Judging;
}

interface WordsProps extends JudgedProps {
  of: Resource<TranscriptView>;
  player: Player | null;
}

function Words({ of, player, judging, view }: WordsProps) {
  return (
    <section class="card stack" aria-labelledby="said-title">
      <h2 id="said-title">{t("quality.said")}</h2>
      <p class="soft small said-keys-hint">{t("quality.said_do")}</p>
      <Loaded of={of} rows={6}>
        {({ turns }) => <Said turns={turns} player={player} judging={judging} view={view} />}
      </Loaded>
    </section>
  );
}

interface SoundProps {
  number: number;
  player: Player;
  turns: readonly TurnView[];
}

/** The picture of the sound needs the ticket: its slots are drawn into it. */
function Sound({ number, player, turns }: SoundProps) {
  const ticket = useResource(`ticket ${number}`, () => getTicket(number));
  const [open, setOpen] = useState(false);
  useCommands({ waveform: () => setOpen(true) });
  return (
    <Loaded of={ticket} rows={2}>
      {(view) => (
        <Recording
          view={view}
          player={player}
          open={open}
          onOpen={() => setOpen(true)}
          turns={turns}
        />
      )}
    </Loaded>
  );
}

function Aside({ view, judging }: JudgedProps) {
  const [note, setNote] = useState(view.truth.note ?? "");
  useEffect(() => setNote(view.truth.note ?? ""), [view.version]);
  const whole = view.call.marks.filter((mark: Mark) => mark.turn == null && !mark.slot);
  return (
    <div class="stack review-side">
      <section class="card stack" aria-labelledby="marks-title">
        <div class="line spread">
          <h2 id="marks-title">{t("quality.marks")}</h2>
          {judging.can && (
            <MarkMenu
              label={t("quality.mark_call")}
              has={whole}
              add={(kind) => judging.mark({ kind })}
            />
          )}
        </div>
        {whole.length > 0 && (
          <div class="line">
            <Marks of={whole} remove={judging.can ? judging.unmark : undefined} />
          </div>
        )}
        {judging.can && (
          <form
            onFocusOut={() => judging.setNote(note)}
            onSubmit={(event) => {
              event.preventDefault();
              judging.setNote(note);
            }}
          >
            <TextField
              label={t("quality.note")}
              value={note}
              onInput={setNote}
              rows={3}
              max={4000}
            />
          </form>
        )}
        {view.judged_by && view.judged_at && (
          <p class="soft small">
            {t("quality.judged", { by: view.judged_by, at: moment(view.judged_at) })}
          </p>
        )}
      </section>
      <Score view={view} judging={judging} />
      <section class="card stack" aria-labelledby="replay-title">
        <h2 id="replay-title">{t("replay.title")}</h2>
        <Replay view={view} />
      </section>
    </div>
  );
}
