// The picture of the sound: above the caller, below the bot; click to hear from there.
import { useEffect, useRef, useState } from "preact/hooks";
import WaveSurfer from "wavesurfer.js";
import RegionsPlugin from "wavesurfer.js/dist/plugins/regions.esm.js";
import type { TicketView } from "../api/schema";
import { theme } from "../shell/theme";
import { Skeleton } from "../ui/state";
import { colour } from "../ui/colour";
import { named, t } from "../words/words";
import type { Player } from "./player";

const HEIGHT = 56;

function draw(box: HTMLElement, view: TicketView, player: Player): WaveSurfer {
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
  wave.on("decode", () => {
    for (const slot of view.slots) {
      for (const clip of slot.audio) {
        regions.addRegion({
          start: clip.from_ms / 1000,
          end: clip.to_ms / 1000,
          content: named("slot", slot.slot),
          color: "rgb(20 140 150 / 16%)",
          drag: false,
          resize: false,
          id: slot.slot,
        });
      }
    }
  });
  regions.on("region-clicked", (region, event) => {
    event.stopPropagation();
    const from_ms = region.start * 1000;
    player.stop();
    player.toggle(region.id, [{ from_ms, to_ms: region.end * 1000 }]);
  });
  return wave;
}

export default function Waveform({ view, player }: { view: TicketView; player: Player }) {
  const box = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<"loading" | "there" | "failed">("loading");
  useEffect(() => {
    if (!box.current) return;
    const wave = draw(box.current, view, player);
    wave.on("ready", () => setState("there"));
    wave.on("error", () => setState("failed"));
    return () => wave.destroy();
  }, [view.number, theme.value]);
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
