// What one does now, told to the server at each change and each minute: it goes into the promises
// that callers are told.
import { signal } from "@preact/signals";
import { api, may, ok } from "../api/client";
import type { AgentState } from "../api/schema";

const KEPT_AS = "spillway.presence";
const EVERY_MS = 60_000;

export const STATES = ["ready", "on_call", "break", "away"] as const;

/** Chosen by hand; a call back makes it `on_call` while it lasts. */
export const presence = signal<AgentState>(kept());
const onCall = signal(false);
let ticket: number | undefined;
let timer = 0;

function kept(): AgentState {
  const name = sessionStorage.getItem(KEPT_AS);
  return STATES.find((state) => state === name) ?? "ready";
}

export const shown = (): AgentState => (onCall.value ? "on_call" : presence.value);

/** A failure is no news: the state of the line is shown elsewhere, and the next minute tells it. */
async function tell(): Promise<void> {
  if (!may("tickets:read")) return;
  const body = { state: shown(), ...(ticket !== undefined && { ticket }) };
  await ok(api.PUT("/api/v1/presence", { body })).catch(() => undefined);
}

export function be(state: AgentState): void {
  presence.value = state;
  sessionStorage.setItem(KEPT_AS, state);
  void tell();
}

export function talks(yes: boolean): void {
  if (onCall.value === yes) return;
  onCall.value = yes;
  void tell();
}

/** The ticket on the screen; none when it is left. */
export function lookAt(number: number | undefined): void {
  ticket = number;
  void tell();
}

export function startPresence(): () => void {
  void tell();
  timer = window.setInterval(() => void tell(), EVERY_MS);
  return () => window.clearInterval(timer);
}
