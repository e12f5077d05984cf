// Plays the caller's own words: stretches of the call's recording, by one audio element.
import { signal } from "@preact/signals";
import { recordingUrl } from "../api/tickets";
import type { Clip } from "../api/schema";
import { toast } from "../ui/toast";
import { t } from "../words/words";

/** Words at the edges are cut off otherwise. */
const MARGIN_MS = 150;

export class Player {
  /** What is heard now: a slot's name, "whole", or nothing. */
  readonly playing = signal("");
  readonly atMs = signal(0);
  readonly audio = new Audio();
  private clips: readonly Clip[] = [];
  private frame = 0;

  constructor(ticket: number) {
    // Nothing is fetched before somebody listens: each listening is in the audit log.
    this.audio.preload = "none";
    this.audio.src = recordingUrl(ticket);
    this.audio.addEventListener("error", this.failed);
    this.audio.addEventListener("ended", this.ended);
    this.audio.addEventListener("pause", this.ended);
    this.audio.addEventListener("play", this.begun);
  }

  close(): void {
    this.audio.removeEventListener("error", this.failed);
    this.stop();
    this.audio.removeAttribute("src");
    this.audio.load();
  }

  /** Plays these stretches one after the other; once more, and it stops. */
  toggle(name: string, clips: readonly Clip[]): void {
    if (this.playing.value === name) {
      this.stop();
      return;
    }
    this.stop();
    this.clips = clips;
    this.playing.value = name;
    this.seek(Math.max(0, (clips[0]?.from_ms ?? 0) - MARGIN_MS));
    void this.audio.play().catch(() => undefined);
  }

  /** Plays the whole call from here on. */
  from(ms: number): void {
    this.stop();
    this.playing.value = "whole";
    this.seek(Math.max(0, ms - MARGIN_MS));
    void this.audio.play().catch(() => undefined);
  }

  stop(): void {
    this.clips = [];
    this.audio.pause();
    this.ended();
  }

  seek(ms: number): void {
    this.audio.currentTime = ms / 1000;
    this.atMs.value = ms;
  }

  private readonly begun = (): void => {
    if (!this.playing.value) this.playing.value = "whole";
    cancelAnimationFrame(this.frame);
    this.step();
  };

  private readonly step = (): void => {
    const ms = this.audio.currentTime * 1000;
    this.atMs.value = ms;
    const clip = this.clips[0];
    if (clip && ms >= clip.to_ms + MARGIN_MS) this.nextClip();
    if (this.playing.value) this.frame = requestAnimationFrame(this.step);
  };

  private nextClip(): void {
    const [, next, ...rest] = this.clips;
    if (!next) {
      this.stop();
      return;
    }
    this.clips = [next, ...rest];
    this.seek(Math.max(0, next.from_ms - MARGIN_MS));
  }

  private readonly ended = (): void => {
    cancelAnimationFrame(this.frame);
    this.playing.value = "";
  };

  private readonly failed = (): void => {
    const listened = this.playing.value !== "";
    this.ended();
    if (listened) toast(t("recording.gone"), true);
  };
}
