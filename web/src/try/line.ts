// A call to the bot from this browser: its microphone, its speaker, and a WebSocket between.
import { signal } from "@preact/signals";
import type { RunningCallView, ToBrowser } from "../api/schema";

/** What the bot hears and says. */
const HZ = 8_000;

export type LineState = "idle" | "asking" | "calling" | "talking" | "ended";
export type Trouble = "" | "no_microphone" | "no_audio" | "busy" | "broken";

export const state = signal<LineState>("idle");
export const trouble = signal<Trouble>("");
export const call = signal<RunningCallView | null>(null);
export const ticket = signal<number | null>(null);

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
    const audio = new AudioContext({ sampleRate: HZ });
    await audio.audioWorklet.addModule("/line-worklet.js");
    connect(audio, microphone);
  } catch {
    stopped(microphone);
    fail("no_audio");
  }
}

function connect(audio: AudioContext, microphone: MediaStream): void {
  state.value = "calling";
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/api/v1/try`);
  socket.binaryType = "arraybuffer";
  open = { socket, audio, microphone };
  const line = new AudioWorkletNode(audio, "line", { outputChannelCount: [1] });
  line.port.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(data);
  };
  audio.createMediaStreamSource(microphone).connect(line).connect(audio.destination);
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
    if (typeof data === "string") told(JSON.parse(data) as ToBrowser);
    else line.port.postMessage(new Int16Array(data));
  };
  socket.onclose = () => {
    if (state.value === "calling") fail("busy");
    else if (state.value === "talking") fail("broken");
    close();
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
  socket.close();
  stopped(microphone);
  void audio.close();
}

function stopped(microphone: MediaStream): void {
  for (const track of microphone.getTracks()) track.stop();
}
