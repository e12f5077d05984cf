// What happens to the tickets, live: one stream for the whole console.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { TicketEventView } from "./schema";

export type TicketNews = TicketEventView;

export type Line = "connecting" | "live" | "offline";

/** Whether what is on the screen keeps up with the queue. */
export const line = signal<Line>("connecting");

/** Raised by one when events may have been missed. */
const gaps = signal(0);

/** Reads again what was read before events may have been missed. */
export function useGaps(reload: () => void): void {
  const seen = useRef(gaps.value);
  useEffect(() => {
    if (gaps.value === seen.current) return;
    seen.current = gaps.value;
    reload();
  }, [gaps.value]);
}

type Listener = (news: TicketNews) => void;
const listeners = new Set<Listener>();

export function onNews(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const RETRY_MS = [1_000, 2_000, 5_000, 10_000];
/** A stream that is away for less is not worth a word. */
const PATIENCE_MS = 2_500;

let source: EventSource | null = null;
/** The stream has begun to tell: the browser itself resumes it at its last event. */
let resumes = false;
let failures = 0;
let timer = 0;
let impatience = 0;

export function follow(): void {
  if (source) return;
  source = new EventSource("/api/v1/events");
  resumes = false;
  source.addEventListener("open", opened);
  source.addEventListener("error", failed);
  source.addEventListener("ticket", (event: MessageEvent<string>) => {
    resumes = true;
    const news = JSON.parse(event.data) as TicketNews;
    for (const listener of listeners) listener(news);
  });
}

export function unfollow(): void {
  window.clearTimeout(timer);
  window.clearTimeout(impatience);
  source?.close();
  source = null;
  failures = 0;
  line.value = "connecting";
}

/** A browser that loses its network says so long before the stream breaks. */
window.addEventListener("offline", () => (line.value = "offline"));
window.addEventListener("online", () => {
  if (!source) return;
  source.close();
  source = null;
  failures += 1;
  line.value = "connecting";
  follow();
});

function opened(): void {
  // What happened since the list was read, and before this, was told to nobody.
  if (!resumes) gaps.value += 1;
  failures = 0;
  window.clearTimeout(impatience);
  line.value = "live";
}

function failed(): void {
  window.clearTimeout(impatience);
  impatience = window.setTimeout(() => (line.value = "offline"), PATIENCE_MS);
  if (source?.readyState !== EventSource.CLOSED) return;
  source = null;
  const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 10_000;
  failures += 1;
  timer = window.setTimeout(follow, wait);
}
