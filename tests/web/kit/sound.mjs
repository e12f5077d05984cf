// Tones in wav files: made for a telephone to say, found in what a telephone heard.
import { readFileSync, writeFileSync } from "node:fs";

const RATE = 8_000;
const MICROPHONE_RATE = 48_000;
const LOUD = 8_000;
/** Of a window's power: the rest is noise and G.711's rounding. */
const PURE = 0.5;
const WINDOW = 400;

export function writeTone(file, hz, seconds) {
  const sample = (_, n) => LOUD * Math.sin((2 * Math.PI * hz * n) / RATE);
  write(file, RATE, Int16Array.from({ length: RATE * seconds }, sample));
}

/** The left side of `call`, a telephone call, as a microphone that Chromium takes. */
export function writeMicrophone(file, call) {
  const { rate, at, count } = readSamples(call, 0);
  const times = MICROPHONE_RATE / rate;
  const between = (_, n) => {
    const from = Math.floor(n / times);
    const [one, two] = [at(from), at(Math.min(from + 1, count - 1))];
    return one + (two - one) * (n / times - from);
  };
  write(file, MICROPHONE_RATE, Int16Array.from({ length: count * times }, between));
}

/** Mono. */
function write(file, rate, samples) {
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(samples.byteLength, 40);
  writeFileSync(file, Buffer.concat([head, Buffer.from(samples.buffer)]));
}

/** One side's samples; a header that was not finished (its writer runs still) does no harm. */
function readSamples(file, side) {
  const bytes = readFileSync(file);
  if (bytes.length < 44) return { rate: RATE, at: () => 0, count: 0 };
  const channels = bytes.readUInt16LE(22);
  const at = bytes.indexOf("data") + 8;
  return {
    rate: bytes.readUInt32LE(24),
    at: (n) => bytes.readInt16LE(at + 2 * (n * channels + side)),
    count: Math.floor((bytes.length - at) / 2 / channels),
  };
}

/** How many seconds of one side of `file` are a tone of `hz`, by Goertzel's algorithm. */
export function secondsOf(file, hz, side = 0) {
  const { rate, at, count } = readSamples(file, side);
  const turn = 2 * Math.cos((2 * Math.PI * hz) / rate);
  let found = 0;
  for (let start = 0; start + WINDOW <= count; start += WINDOW) {
    let [one, two, power] = [0, 0, 0];
    for (let n = start; n < start + WINDOW; n += 1) {
      const sample = at(n);
      [one, two] = [sample + turn * one - two, one];
      power += sample * sample;
    }
    const tone = (2 * (one * one + two * two - turn * one * two)) / WINDOW;
    if (power / WINDOW > 1e5 && tone / power > PURE) found += WINDOW;
  }
  return found / rate;
}
