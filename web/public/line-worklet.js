// The telephone line of the "try it" page: microphone to frames of 20 ms, frames to the speaker.
/* global AudioWorkletProcessor, registerProcessor */

/** 20 ms at 8 kHz. */
const FRAME = 160;
/** Frames kept back so that a late one is not heard; and at most, so that talk stays near. */
const BACK = 3;
const MOST = 25;

class Line extends AudioWorkletProcessor {
  constructor() {
    super();
    this.out = new Int16Array(FRAME);
    this.filled = 0;
    this.frames = [];
    this.at = 0;
    this.waiting = true;
    this.port.onmessage = ({ data }) => {
      this.frames.push(data);
      if (this.frames.length > MOST) this.frames.shift();
    };
  }

  process(inputs, outputs) {
    const heard = inputs[0]?.[0];
    for (const sample of heard ?? []) {
      this.out[this.filled] = Math.max(-1, Math.min(1, sample)) * 0x7fff;
      this.filled += 1;
      if (this.filled < FRAME) continue;
      this.port.postMessage(this.out.buffer.slice(0));
      this.filled = 0;
    }
    const speaker = outputs[0]?.[0];
    if (speaker) this.play(speaker);
    return true;
  }

  play(speaker) {
    if (this.waiting && this.frames.length < BACK) return;
    this.waiting = false;
    for (let n = 0; n < speaker.length; n += 1) {
      const frame = this.frames[0];
      if (!frame) {
        this.waiting = true;
        return;
      }
      speaker[n] = frame[this.at] / 0x8000;
      this.at += 1;
      if (this.at < frame.length) continue;
      this.frames.shift();
      this.at = 0;
    }
  }
}

registerProcessor("line", Line);
