// The hotlines, read once for each log-in: lists of offices and dispositions come from them.
import { signal } from "@preact/signals";
import { api, ok } from "./client";
import type { HotlineView } from "./schema";

export const hotlines = signal<HotlineView[]>([]);

export async function loadHotlines(): Promise<void> {
  hotlines.value = await ok(api.GET("/api/v1/hotlines"));
}

export const hotlineOf = (name: string): HotlineView | undefined =>
  hotlines.value.find((hotline) => hotline.name === name);

/** Every office once, in the order of the alphabet. */
export function officesOf(name: string | undefined): string[] {
  const those = hotlines.value.filter((hotline) => !name || hotline.name === name);
  return [...new Set(those.flatMap((hotline) => hotline.offices))].sort((a, b) =>
    a.localeCompare(b),
  );
}
