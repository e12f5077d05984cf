// The calls that run now, as a stream tells them.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { RunningCallView } from "../api/schema";

/** By identity, the oldest first; a call that ended stays for a moment. */
export const running = signal<RunningCallView[]>([]);
export const isOpen = signal(false);

const LINGER_MS = 6_000;

export function useRunning(): void {
  useEffect(() => {
    const source = new EventSource("/api/v1/calls/events");
    source.addEventListener("open", () => {
      running.value = [];
      isOpen.value = true;
    });
    source.addEventListener("error", () => (isOpen.value = false));
    source.addEventListener("call", (event: MessageEvent<string>) => {
      told(JSON.parse(event.data) as RunningCallView);
    });
    return () => {
      source.close();
      running.value = [];
      isOpen.value = false;
    };
  }, []);
}

function told(call: RunningCallView): void {
  const others = running.value.filter((other) => other.id !== call.id);
  const all = [...others, call];
  running.value = all.sort((a, b) => a.answered_at.localeCompare(b.answered_at));
  if (!call.ended) return;
  setTimeout(() => {
    running.value = running.value.filter((other) => other.id !== call.id);
  }, LINGER_MS);
}
