// Light, dark, or as the system has it; kept in this browser.
import { signal } from "@preact/signals";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEPT_AS = "spillway.theme";

export const theme = signal<Theme>("system");

export function setTheme(next: Theme): void {
  theme.value = next;
  if (next === "system") {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem(KEPT_AS);
  } else {
    document.documentElement.dataset.theme = next;
    localStorage.setItem(KEPT_AS, next);
  }
}

/** Before anything is drawn, so that nobody is dazzled. */
export function startTheme(): void {
  const kept = localStorage.getItem(KEPT_AS);
  setTheme(THEMES.find((known) => known === kept) ?? "system");
}
