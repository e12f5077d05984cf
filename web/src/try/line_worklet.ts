// The telephone line of the "try it" page, on the browser's audio thread: its microphone to frames of
// 20 ms at 8 kHz, such frames to its speaker.
import { Resampler } from "./resampler";

declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, line: new () => AudioWorkletProcessor): void;

/** What the bot hears and says; browsers take sound at the rate of their device only. */
const HZ = 8_000;
/** 20 ms. */
const FRAME = 160;
/** Frames kept back so that a late one is not heard; and at most, so that talk stays near. */
const BACK = 3;
const MOST = 25;

class Line extends AudioWorkletProcessor {
  private readonly down = new Resampler(sampleRate, HZ);
  private readonly up = new Resampler(HZ, sampleRate);
  private readonly out = new Int16Array(FRAME);
  private filled = 0;
  private readonly frames: Float32Array[] = [];
  private at = 0;
  private waiting = true;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<Int16Array>) => {
      const frame = Float32Array.from(data, (sample) => sample / 0x8000);
      this.frames.push(this.up.next(frame));
      if (this.frames.length <= MOST) return;
      this.frames.shift();
      this.at = 0;
    };
  }

  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const heard = inputs[0]?.[0];
    if (heard) this.hear(this.down.next(heard));
    const speaker = outputs[0]?.[0];
    if (speaker) this.play(speaker);
    return true;
  }

  private hear(samples: Float32Array): void {
    for (const sample of samples) {
      this.out[this.filled] = Math.max(-1, Math.min(1, sample)) * 0x7fff;
      this.filled += 1;
      if (this.filled < FRAME) continue;
      this.port.postMessage(this.out.buffer.slice(0));
      this.filled = 0;
    }
  }

  private play(speaker: Float32Array): void {
    if (this.waiting && this.frames.length < BACK) return;
    this.waiting = false;
    for (let n = 0; n < speaker.length; n += 1) {
      const frame = this.frames[0];
      if (!frame) {
        this.waiting = true;
        return;
      }
      speaker[n] = frame[this.at] ?? 0;
      this.at += 1;
      if (this.at < frame.length) continue;
      this.frames.shift();
      this.at = 0;
    }
  }
}

registerProcessor("line", Line);
