// Sound at another rate, piece by piece: interpolation by a windowed sinc (J. O. Smith, "Digital
// Audio Resampling Home Page").

/** Zero crossings of the sinc on either side of a sample: 1.6 ms of sound at telephone rate. */
const CROSSINGS = 12;
/** Points of the kernel kept from one crossing to the next. */
const POINTS = 128;
/** How much of the band below half the lower rate is kept; the rest is the filter's slope. */
const KEPT = 0.92;

const KERNEL = Float32Array.from({ length: CROSSINGS * POINTS + 1 }, (_, n) => {
  const x = n / POINTS;
  // Blackman's window.
  const turn = (Math.PI * x) / CROSSINGS;
  const window = 0.42 + 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn);
  return n === 0 ? 1 : (window * Math.sin(Math.PI * x)) / (Math.PI * x);
});

export class Resampler {
  /** Input samples from one output sample to the next. */
  private readonly step: number;
  /** Crossings of the kernel from one input sample to the next. */
  private readonly width: number;
  /** Input samples that an output sample is made of, on either side. */
  private readonly reach: number;
  private input: Float32Array;
  /** Where in the input the next output sample is. */
  private at: number;

  /** Of `from` samples a second makes `to`. */
  constructor(from: number, to: number) {
    this.step = from / to;
    this.width = KEPT * Math.min(1, to / from);
    this.reach = Math.ceil(CROSSINGS / this.width);
    this.input = new Float32Array(this.reach);
    this.at = this.reach;
  }

  /** What can be made of the input so far; the rest waits for more. */
  next(samples: Float32Array): Float32Array {
    const input = new Float32Array(this.input.length + samples.length);
    input.set(this.input);
    input.set(samples, this.input.length);
    const out = new Float32Array(Math.max(0, this.ready(input.length)));
    for (let n = 0; n < out.length; n += 1) {
      out[n] = this.sample(input);
      this.at += this.step;
    }
    const used = Math.max(0, Math.floor(this.at) - this.reach);
    this.input = input.slice(used);
    this.at -= used;
    return out;
  }

  /** Output samples that so much input is enough for. */
  private ready(length: number): number {
    return Math.ceil((length - this.reach - this.at) / this.step);
  }

  private sample(input: Float32Array): number {
    let sum = 0;
    const first = Math.max(0, Math.ceil(this.at - this.reach));
    const last = Math.min(input.length - 1, Math.floor(this.at + this.reach));
    for (let n = first; n <= last; n += 1) {
      const point = Math.round(Math.abs(n - this.at) * this.width * POINTS);
      sum += (input[n] ?? 0) * (KERNEL[point] ?? 0);
    }
    return sum * this.width;
  }
}
