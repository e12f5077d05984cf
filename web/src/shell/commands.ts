// The one table of keyboard commands: the keys work by it, and the help is drawn from it.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

export type Place = "everywhere" | "queue" | "ticket" | "quality" | "call";

interface Command {
  place: Place;
  /** As `KeyboardEvent.key`; two with a space between are struck one after the other. */
  keys: readonly string[];
}

export const COMMANDS = {
  help: { place: "everywhere", keys: ["?"] },
  go_queue: { place: "everywhere", keys: ["g q"] },
  go_statistics: { place: "everywhere", keys: ["g s"] },
  go_quality: { place: "everywhere", keys: ["g r"] },
  go_account: { place: "everywhere", keys: ["g a"] },
  claim_next: { place: "everywhere", keys: ["n"] },
  next: { place: "queue", keys: ["j", "ArrowDown"] },
  previous: { place: "queue", keys: ["k", "ArrowUp"] },
  first: { place: "queue", keys: ["Home"] },
  last: { place: "queue", keys: ["End"] },
  page_down: { place: "queue", keys: ["PageDown"] },
  page_up: { place: "queue", keys: ["PageUp"] },
  open: { place: "queue", keys: ["Enter", "o"] },
  claim: { place: "queue", keys: ["c"] },
  done: { place: "queue", keys: ["d"] },
  refer: { place: "queue", keys: ["r"] },
  select: { place: "queue", keys: ["x"] },
  unselect: { place: "queue", keys: ["Escape"] },
  search: { place: "queue", keys: ["/"] },
  slot_next: { place: "ticket", keys: ["j", "ArrowDown"] },
  slot_previous: { place: "ticket", keys: ["k", "ArrowUp"] },
  hear: { place: "ticket", keys: [" "] },
  edit: { place: "ticket", keys: ["e"] },
  accept: { place: "ticket", keys: ["a"] },
  ticket_claim: { place: "ticket", keys: ["c"] },
  ring: { place: "ticket", keys: ["p"] },
  missed: { place: "ticket", keys: ["m"] },
  ticket_done: { place: "ticket", keys: ["d"] },
  ticket_refer: { place: "ticket", keys: ["r"] },
  schedule: { place: "ticket", keys: ["s"] },
  write_note: { place: "ticket", keys: ["w"] },
  extend: { place: "ticket", keys: ["+"] },
  give_back: { place: "ticket", keys: ["b"] },
  waveform: { place: "ticket", keys: ["v"] },
  answers: { place: "ticket", keys: ["/"] },
  leave: { place: "ticket", keys: ["Escape", "u"] },
  review_next: { place: "quality", keys: ["j", "ArrowDown"] },
  review_previous: { place: "quality", keys: ["k", "ArrowUp"] },
  review_open: { place: "quality", keys: ["Enter", "o"] },
  review_run: { place: "quality", keys: ["r"] },
  review_turn_next: { place: "call", keys: ["j", "ArrowDown"] },
  review_turn_previous: { place: "call", keys: ["k", "ArrowUp"] },
  review_play: { place: "call", keys: [" "] },
  review_edit: { place: "call", keys: ["e"] },
  review_mark: { place: "call", keys: ["m"] },
  review_replay: { place: "call", keys: ["r"] },
  review_fixture: { place: "call", keys: ["f"] },
  review_done: { place: "call", keys: ["d"] },
  review_leave: { place: "call", keys: ["Escape", "u"] },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof COMMANDS;
export type Handlers = Partial<Record<CommandName, () => void>>;

const NAMES = Object.keys(COMMANDS) as CommandName[];
const KEPT_AS = "spillway.single_keys";
/** So long a second key may take. */
const SEQUENCE_MS = 1_200;

/** Who dictates, or strikes keys by mistake, turns single keys off (WCAG 2.1.4). */
export const singleKeys = signal(localStorage.getItem(KEPT_AS) !== "off");

export function setSingleKeys(on: boolean): void {
  singleKeys.value = on;
  localStorage.setItem(KEPT_AS, on ? "on" : "off");
}

const inForce: { current: Handlers }[] = [];
let begun = "";
let begunAt = 0;

/** Answers these commands while the component is there. */
export function useCommands(handlers: Handlers): void {
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    inForce.push(latest);
    return () => void inForce.splice(inForce.indexOf(latest), 1);
  }, []);
}

export function startCommands(): void {
  window.addEventListener("keydown", keyed);
}

/** What is struck, on whichever layout: on a Cyrillic one the J key gives another letter. */
export function keyOf(event: KeyboardEvent): string {
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1];
  const foreign = event.key.length === 1 && event.key.charCodeAt(0) > 127;
  return foreign && letter ? letter.toLowerCase() : event.key;
}

function keyed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]") || isTyping(event.target)) return;
  const key = keyOf(event);
  if (key.length === 1 && !singleKeys.value && key !== "?") return;
  const sequence = event.timeStamp - begunAt < SEQUENCE_MS ? `${begun} ${key}` : key;
  begun = "";
  for (const handlers of [...inForce].reverse()) {
    const name = NAMES.find((name) => {
      const keys: readonly string[] = COMMANDS[name].keys;
      return handlers.current[name] && (keys.includes(sequence) || keys.includes(key));
    });
    if (!name || takesItself(event, key)) continue;
    event.preventDefault();
    handlers.current[name]?.();
    return;
  }
  if (NAMES.some((name) => COMMANDS[name].keys.some((keys) => keys.startsWith(`${key} `)))) {
    begun = key;
    begunAt = event.timeStamp;
  }
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio"].includes(target.type);
  return target.isContentEditable || ["TEXTAREA", "SELECT"].includes(target.tagName);
}

/** Buttons, links and menus know Enter and space. */
function takesItself(event: KeyboardEvent, key: string): boolean {
  if (key !== "Enter" && key !== " ") return false;
  const target = event.target;
  return target instanceof HTMLElement && target.closest("button, a, summary, input") !== null;
}
