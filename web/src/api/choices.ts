// What the queue can be narrowed down by, as the server tells: needs, districts, branches.
import { signal } from "@preact/signals";
import { api, ok } from "./client";
import type { Choices } from "./schema";

const all = signal<readonly Choices[]>([]);

export async function loadChoices(): Promise<void> {
  all.value = await ok(api.GET("/api/v1/choices"));
}

type Name = Exclude<keyof Choices, "hotline">;

/** The values of one filter, of one hotline or all; with what is set now, which may be old. */
export function choicesOf(name: Name, hotline: string, own: string): string[] {
  const those = all.value.filter((one) => !hotline || one.hotline === hotline);
  const values = new Set(those.flatMap((one) => one[name]));
  if (own) values.add(own);
  // Needs keep the order of their keys; the rest is looked up by letters.
  return name === "needs" ? [...values] : [...values].sort((a, b) => a.localeCompare(b));
}
