// Sound at another rate: the same tone as loud, and nothing of what the new rate cannot hold.
import { describe, expect, test } from "vitest";
import { Resampler } from "../src/try/resampler";

const tone = (hz: number, rate: number, seconds = 1): Float32Array =>
  Float32Array.from({ length: rate * seconds }, (_, n) => Math.sin((2 * Math.PI * hz * n) / rate));

/** In pieces as the browser gives them. */
function through(sound: Float32Array, from: number, to: number, piece = 128): Float32Array {
  const resampler = new Resampler(from, to);
  const out: number[] = [];
  for (let n = 0; n < sound.length; n += piece) {
    out.push(...resampler.next(sound.subarray(n, n + piece)));
  }
  return Float32Array.from(out);
}

/** How loud, without the filter's beginning. */
const rms = (sound: Float32Array): number => {
  const rest = sound.subarray(sound.length >> 3);
  return Math.sqrt(rest.reduce((sum, x) => sum + x * x, 0) / rest.length);
};

describe.each([
  [48_000, 8_000],
  [44_100, 8_000],
  [16_000, 8_000],
  [8_000, 8_000],
  [8_000, 44_100],
  [8_000, 48_000],
])("from %d to %d", (from, to) => {
  const reach_ms = 2;

  test.each([300, 1_000, 3_000])("a tone of %d Hz stays as it is", (hz) => {
    const out = through(tone(hz, from), from, to);
    expect(out.length).toBeGreaterThanOrEqual(to - (to * reach_ms) / 1_000 - 1);
    expect(out.length).toBeLessThanOrEqual(to);
    expect(rms(out)).toBeCloseTo(Math.SQRT1_2, 2);
    // One pitch: no more crossings than it has.
    const crossings = out.filter((x, n) => n > 0 && x < 0 !== (out[n - 1] ?? 0) < 0).length;
    expect(Math.abs(crossings - 2 * hz * (out.length / to))).toBeLessThanOrEqual(2);
  });

  test("pieces of any length make the same sound", () => {
    const sound = tone(700, from, 0.25);
    const [small, large] = [through(sound, from, to, 37), through(sound, from, to, 4_000)];
    const length = Math.min(small.length, large.length);
    for (let n = 0; n < length; n += 1) expect(small[n]).toBeCloseTo(large[n] ?? 0, 4);
  });
});

test("what telephone rate cannot hold is not heard as something else", () => {
  for (const hz of [5_000, 7_000, 11_000]) {
    expect(rms(through(tone(hz, 48_000), 48_000, 8_000))).toBeLessThan(0.007);
  }
});

test("no image of the voice is above telephone rate", () => {
  const out = through(tone(1_000, 8_000), 8_000, 48_000);
  // The images lie at 7 and 9 kHz: what is left without the tone itself.
  const [re, im] = [Math.cos, Math.sin].map((part) =>
    out.reduce((sum, x, n) => sum + x * part((2 * Math.PI * 1_000 * n) / 48_000), 0),
  );
  const pure = (2 * ((re ?? 0) ** 2 + (im ?? 0) ** 2)) / out.length ** 2;
  const all = out.reduce((sum, x) => sum + x * x, 0) / out.length;
  expect(1 - pure / all).toBeLessThan(0.02);
});
