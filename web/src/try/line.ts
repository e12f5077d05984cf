// A call to the bot from this browser: its microphone, its speaker, and a WebSocket between.
import { signal, type Signal } from "@preact/signals";
import type { RunningCallView, ToBrowser } from "../api/schema";
import worklet from "./line_worklet.ts?worker&url";

/** A device that can play sound does so by then. */
const PATIENCE_MS = 5_000;
/** Below this a voice is not heard; its level is drawn from here up to full scale. */
const FLOOR_DBFS = -50;
/** Frames from one look at the levels to the next: 100 ms. */
const LOOK = 5;

export type LineState = "idle" | "asking" | "calling" | "talking" | "ended";
export type Trouble = "" | "no_microphone" | "no_audio" | "busy" | "broken";

export const state = signal<LineState>("idle");
export const trouble = signal<Trouble>("");
export const call = signal<RunningCallView | null>(null);
export const ticket = signal<number | null>(null);
/** How loud either side is, 0 to 1. */
export const voice = { caller: signal(0), bot: signal(0) };

interface Open {
  socket: WebSocket;
  audio: AudioContext;
  microphone: MediaStream;
}

let open: Open | null = null;

export async function dial(): Promise<void> {
  trouble.value = "";
  call.value = null;
  ticket.value = null;
  state.value = "asking";
  let microphone: MediaStream;
  try {
    const audio = { echoCancellation: true, noiseSuppression: false, autoGainControl: true };
    microphone = await navigator.mediaDevices.getUserMedia({ audio });
  } catch {
    fail("no_microphone");
    return;
  }
  try {
    // At the device's own rate: not every browser takes a microphone at another.
    const audio = new AudioContext();
    await Promise.all([audio.audioWorklet.addModule(worklet), inTime(audio.resume())]);
    connect(audio, microphone);
  } catch {
    stopped(microphone);
    fail("no_audio");
  }
}

/** Where there is nothing to play sound with, some browsers wait for it for ever. */
function inTime(done: Promise<void>): Promise<void> {
  const late = new Promise<never>((_, refuse) => {
    setTimeout(() => refuse(new Error("no sound")), PATIENCE_MS);
  });
  return Promise.race([done, late]);
}

function connect(audio: AudioContext, microphone: MediaStream): void {
  state.value = "calling";
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/api/v1/try`);
  socket.binaryType = "arraybuffer";
  open = { socket, audio, microphone };
  const line = new AudioWorkletNode(audio, "line", { outputChannelCount: [1] });
  const [said, heard] = [meter(voice.caller), meter(voice.bot)];
  line.port.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(data);
    said(new Int16Array(data));
  };
  audio.createMediaStreamSource(microphone).connect(line).connect(audio.destination);
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
    if (typeof data === "string") {
      told(JSON.parse(data) as ToBrowser);
      return;
    }
    const frame = new Int16Array(data);
    heard(frame);
    line.port.postMessage(frame);
  };
  socket.onclose = () => {
    if (state.value === "calling") fail("busy");
    else if (state.value === "talking") fail("broken");
    close();
  };
}

/** Shows how loud the frames it is given are. */
function meter(level: Signal<number>): (frame: Int16Array) => void {
  let [frames, peak] = [0, 0];
  return (frame) => {
    for (const sample of frame) peak = Math.max(peak, Math.abs(sample));
    frames += 1;
    if (frames < LOOK) return;
    const dbfs = 20 * Math.log10(Math.max(peak, 1) / 0x8000);
    level.value = Math.max(0, 1 - dbfs / FLOOR_DBFS);
    [frames, peak] = [0, 0];
  };
}

function told(news: ToBrowser): void {
  if (news.type === "ready") state.value = "talking";
  if (news.type === "call") call.value = news.call;
  if (news.type === "ended") {
    ticket.value = news.ticket ?? null;
    state.value = "ended";
  }
}

export function press(digit: string): void {
  open?.socket.send(JSON.stringify({ type: "dtmf", digit }));
}

export function hangUp(): void {
  if (open?.socket.readyState === WebSocket.OPEN) {
    open.socket.send(JSON.stringify({ type: "hangup" }));
  } else {
    close();
    state.value = "idle";
  }
}

function fail(what: Trouble): void {
  trouble.value = what;
  state.value = "idle";
}

/** The microphone's light goes out with the call. */
export function close(): void {
  if (!open) return;
  const { socket, audio, microphone } = open;
  open = null;
  voice.caller.value = 0;
  voice.bot.value = 0;
  socket.close();
  stopped(microphone);
  void audio.close();
}

function stopped(microphone: MediaStream): void {
  for (const track of microphone.getTracks()) track.stop();
}
