// The stretch of time that is counted, on the hotline's clock.
export const PERIODS = ["today", "week", "month", "own"] as const;
export type Period = (typeof PERIODS)[number];

export interface Span {
  from: string;
  /** No part of it; empty: now. */
  to: string;
}

const two = (number: number): string => String(number).padStart(2, "0");

export const dayText = (at: Date): string =>
  `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;

function daysBefore(days: number, now: Date): string {
  return dayText(new Date(now.getFullYear(), now.getMonth(), now.getDate() - days));
}

/** `own` has its first and last day in the address. */
export function spanOf(period: Period, own: Span, now: Date): Span {
  switch (period) {
    case "today":
      return { from: `${daysBefore(0, now)}T00:00`, to: "" };
    case "week":
      return { from: `${daysBefore(6, now)}T00:00`, to: "" };
    case "month":
      return { from: `${daysBefore(29, now)}T00:00`, to: "" };
    case "own": {
      const last = own.to ? new Date(`${own.to}T12:00`) : now;
      const after = new Date(last.getFullYear(), last.getMonth(), last.getDate() + 1);
      return { from: `${own.from || daysBefore(6, now)}T00:00`, to: `${dayText(after)}T00:00` };
    }
  }
}
