// The picture of the sound: above the caller, below the bot; click to hear from there.
import { useEffect, useRef, useState } from "preact/hooks";
import WaveSurfer from "wavesurfer.js";
import RegionsPlugin from "wavesurfer.js/dist/plugins/regions.esm.js";
import type { TicketView, TurnView } from "../api/schema";
import { theme } from "../shell/theme";
import { Skeleton } from "../ui/state";
import { colour } from "../ui/colour";
import { named, t } from "../words/words";
import type { Player } from "./player";

const HEIGHT = 56;
const TURN_COLOUR = "rgb(20 140 150 / 8%)";
const SLOT_COLOUR = "rgb(20 140 150 / 20%)";

interface Drawn {
  wave: WaveSurfer;
  regions: RegionsPlugin;
}

function draw(box: HTMLElement, player: Player): Drawn {
  const nonce = document.querySelector<HTMLMetaElement>("meta[name=csp-nonce]")?.content;
  // Until now nothing was fetched; the picture needs to know how long the call is.
  player.audio.preload = "metadata";
  const regions = RegionsPlugin.create();
  const caller = { waveColor: colour("ink-faint"), progressColor: colour("accent") };
  const bot = { waveColor: colour("line-strong"), progressColor: colour("ink-soft") };
  const wave = WaveSurfer.create({
    container: box,
    media: player.audio,
    height: HEIGHT,
    normalize: true,
    barWidth: 2,
    barGap: 1,
    barRadius: 1,
    cursorColor: colour("ink"),
    splitChannels: [caller, bot],
    sampleRate: 8000,
    plugins: [regions],
    ...(nonce && { cspNonce: nonce }),
  });
  regions.on("region-clicked", (region, event) => {
    event.stopPropagation();
    const clip = { from_ms: region.start * 1000, to_ms: region.end * 1000 };
    player.stop();
    player.toggle(region.id, [clip]);
  });
  return { wave, regions };
}

/** Where the caller spoke, and stronger where a slot was told. */
function mark(regions: RegionsPlugin, view: TicketView, turns: readonly TurnView[]): void {
  regions.clearRegions();
  const add = (id: string, name: string, from_ms: number, to_ms: number, color: string): void => {
    const [start, end] = [from_ms / 1000, to_ms / 1000];
    const region = regions.addRegion({ id, start, end, color, drag: false, resize: false });
    // A name written into the picture would lie over the neighbours'.
    if (region.element) region.element.title = name;
  };
  for (const turn of turns) {
    if (turn.speaker !== "caller" || turn.to_ms == null) continue;
    add(`turn ${turn.number}`, turn.text, turn.from_ms, turn.to_ms, TURN_COLOUR);
  }
  for (const slot of view.slots) {
    for (const clip of slot.audio) {
      add(slot.slot, named("slot", slot.slot), clip.from_ms, clip.to_ms, SLOT_COLOUR);
    }
  }
}

interface Props {
  view: TicketView;
  player: Player;
  turns: readonly TurnView[];
}

export default function Waveform({ view, player, turns }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<"loading" | "there" | "failed">("loading");
  const [drawn, setDrawn] = useState<Drawn>();
  useEffect(() => {
    if (!box.current) return;
    const made = draw(box.current, player);
    setState("loading");
    made.wave.on("ready", () => setState("there"));
    made.wave.on("error", () => setState("failed"));
    setDrawn(made);
    return () => made.wave.destroy();
  }, [view.number, theme.value]);
  useEffect(() => {
    if (drawn && state === "there") mark(drawn.regions, view, turns);
  }, [drawn, state, view, turns]);
  return (
    <div class="wave">
      {state === "failed" && <p class="callout callout-bad">{t("recording.gone")}</p>}
      {state === "loading" && <Skeleton rows={1} height={2 * HEIGHT} />}
      <div class="wave-sides" hidden={state !== "there"}>
        <span>{t("recording.caller")}</span>
        <span>{t("recording.bot")}</span>
      </div>
      <div
        ref={box}
        class={state === "there" ? "wave-box" : "wave-box wave-waiting"}
        role="img"
        aria-label={t("recording.picture")}
      />
    </div>
  );
}
