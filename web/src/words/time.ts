// Times, durations and numbers as people say them, by Intl in the interface's language.
import { signal } from "@preact/signals";
import { language, t } from "./words";

/** The time of day, a tick every ten seconds: what says "in 25 min" follows it. */
export const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 10_000);

const kept = new Map<string, unknown>();

function cached<T>(key: string, make: (tag: string) => T): T {
  const tag = language.value;
  const whole = `${tag} ${key}`;
  const found = kept.get(whole) as T | undefined;
  if (found) return found;
  const made = make(tag);
  kept.set(whole, made);
  return made;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "25 min", "3 h 10 min", "2 days": two units at most, for there is no use for more. */
export function duration(ms: number): string {
  const unit = (count: number, name: "minute" | "hour" | "day" | "second"): string =>
    cached(`unit ${name}`, (tag) => {
      const unitDisplay = name === "day" ? "long" : "short";
      return new Intl.NumberFormat(tag, { style: "unit", unit: name, unitDisplay });
    }).format(count);
  const length = Math.abs(ms);
  if (length < MINUTE) return unit(Math.floor(length / 1000), "second");
  if (length < HOUR) return unit(Math.floor(length / MINUTE), "minute");
  if (length < DAY) {
    const minutes = Math.floor((length % HOUR) / MINUTE);
    const hours = unit(Math.floor(length / HOUR), "hour");
    return minutes > 0 ? `${hours} ${unit(minutes, "minute")}` : hours;
  }
  const hours = Math.floor((length % DAY) / HOUR);
  const days = unit(Math.floor(length / DAY), "day");
  return hours > 0 && length < 3 * DAY ? `${days} ${unit(hours, "hour")}` : days;
}

/** "5 min ago", "in 2 hours", "yesterday". */
export function ago(at: string): string {
  const apart = Date.parse(at) - now.value;
  const relative = cached("relative", (tag) => {
    return new Intl.RelativeTimeFormat(tag, { numeric: "auto", style: "short" });
  });
  const length = Math.abs(apart);
  if (length < MINUTE) return t("time.now");
  if (length < HOUR) return relative.format(Math.trunc(apart / MINUTE), "minute");
  if (length < DAY) return relative.format(Math.trunc(apart / HOUR), "hour");
  if (length < 30 * DAY) return relative.format(Math.trunc(apart / DAY), "day");
  return day(at);
}

export function due(at: string): { words: string; late: boolean } {
  const left = Date.parse(at) - now.value;
  const late = left < 0;
  return { late, words: t(late ? "time.overdue" : "time.in", { duration: duration(left) }) };
}

/** The whole time, for titles. */
export const whole = (at: string): string =>
  cached("whole", (tag) => {
    return new Intl.DateTimeFormat(tag, { dateStyle: "full", timeStyle: "medium" });
  }).format(new Date(at));

export const moment = (at: string): string =>
  cached("moment", (tag) => {
    return new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "short" });
  }).format(new Date(at));

export const day = (at: string): string =>
  cached("day", (tag) => new Intl.DateTimeFormat(tag, { dateStyle: "medium" })).format(
    new Date(at),
  );

/** A place in a recording: 1:05. */
export function position(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

export const number = (value: number): string =>
  cached("number", (tag) => new Intl.NumberFormat(tag)).format(value);

export const percent = (share: number): string =>
  cached("percent", (tag) => {
    return new Intl.NumberFormat(tag, { style: "percent", maximumFractionDigits: 0 });
  }).format(share);

/** Of a code that is none (a table was imported without languages) there is no name. */
export const languageName = (code: string): string =>
  code === ""
    ? ""
    : (cached("language", (tag) => new Intl.DisplayNames(tag, { type: "language" })).of(code) ??
      code);
