// The whole call: both sides as a picture and in words, with where the slots were told.
import { lazy } from "preact-iso";
import { Suspense } from "preact/compat";
import { useResource } from "../api/resource";
import type { TicketView, TurnView } from "../api/schema";
import { getTranscript } from "../api/tickets";
import { keyHint } from "../shell/help";
import { Button } from "../ui/button";
import { Skeleton } from "../ui/state";
import { position } from "../words/time";
import { t } from "../words/words";
import type { Player } from "./player";
import { Transcript } from "./transcript";

const Waveform = lazy(() => import("./waveform"));

interface Props {
  view: TicketView;
  player: Player;
  open: boolean;
  onOpen: () => void;
  /** What was said, where it stands elsewhere on the page. */
  turns?: readonly TurnView[];
}

export function Recording({ view, player, open, onOpen, turns }: Props) {
  const playing = player.playing.value !== "";
  const whole = [{ from_ms: 0, to_ms: Number.POSITIVE_INFINITY }];
  return (
    <section class="card stack" aria-labelledby="recording-title">
      <div class="line spread">
        <h2 id="recording-title">{t("recording.title")}</h2>
        <div class="line">
          <span class="soft small">
            {`${position(player.atMs.value)} / ${position(view.call.duration_ms ?? 0)}`}
          </span>
          <Button
            small
            icon={playing ? "stop" : "play"}
            onClick={() => (playing ? player.stop() : player.toggle("whole", whole))}
          >
            {t(playing ? "slot.stop" : "recording.play")}
          </Button>
          {!open && (
            <Button small icon="wave" hint={keyHint("waveform")} onClick={onOpen}>
              {t("recording.show")}
            </Button>
          )}
        </div>
      </div>
      {open && turns && <Picture view={view} player={player} turns={turns} />}
      {open && !turns && <Whole view={view} player={player} />}
      {!open && <p class="soft small">{t("recording.logged")}</p>}
    </section>
  );
}

function Whole({ view, player }: { view: TicketView; player: Player }) {
  const transcript = useResource(`transcript ${view.number}`, () => getTranscript(view.number));
  return (
    <>
      <Picture view={view} player={player} turns={transcript.data?.turns ?? []} />
      <Transcript of={transcript} player={player} />
    </>
  );
}

interface PictureProps {
  view: TicketView;
  player: Player;
  turns: readonly TurnView[];
}

function Picture(props: PictureProps) {
  return (
    <Suspense fallback={<Skeleton rows={2} height={64} />}>
      <Waveform {...props} />
    </Suspense>
  );
}
