// Saved views: filters under a name, kept in this browser until the server keeps them.
import { signal } from "@preact/signals";

export interface SavedView {
  name: string;
  /** The address's part after `?`. */
  search: string;
}

const KEPT_AS = "spillway.views";

function kept(): SavedView[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEPT_AS) ?? "[]");
    if (!Array.isArray(found)) return [];
    return found.filter((view): view is SavedView => isView(view));
  } catch {
    return [];
  }
}

function isView(view: unknown): view is SavedView {
  const { name, search } = (view ?? {}) as Partial<Record<keyof SavedView, unknown>>;
  return typeof name === "string" && typeof search === "string";
}

export const views = signal<readonly SavedView[]>(kept());

function keep(next: readonly SavedView[]): void {
  views.value = next;
  localStorage.setItem(KEPT_AS, JSON.stringify(next));
}

/** In place of one of the same name. */
export const saveView = (view: SavedView): void =>
  keep([...views.value.filter((old) => old.name !== view.name), view]);

export const removeView = (name: string): void =>
  keep(views.value.filter((view) => view.name !== name));
