// The interface's words: in the user's language, else the browser's, else English.
import { signal } from "@preact/signals";
import i18next, { type ParseKeys, type TOptions } from "i18next";
import en from "./en.json";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof en };
    returnNull: false;
  }
}

export type WordKey = ParseKeys;

/** Each name in its own language. */
export const LANGUAGES = {
  en: "English",
  vi: "Tiếng Việt",
  cs: "Čeština",
  uk: "Українська",
  ru: "Русский",
} as const;

export type Language = keyof typeof LANGUAGES;

const KEPT_AS = "spillway.language";

const LOADERS: Record<Exclude<Language, "en">, () => Promise<{ default: unknown }>> = {
  vi: () => import("./vi.json"),
  cs: () => import("./cs.json"),
  uk: () => import("./uk.json"),
  ru: () => import("./ru.json"),
};

/** What is on the screen now. Components that call `t` are drawn anew when it changes. */
export const language = signal<Language>("en");

export const t = (key: WordKey, options: TOptions = {}): string =>
  i18next.t(key, { ...options, lng: language.value });

/** A word of an open set, such as an act's name, with the name itself where it is unknown. */
export function named(group: string, name: string): string {
  const word = (language: string): unknown =>
    i18next.getResource(language, "translation", `${group}.${name}`);
  const found = word(language.value) ?? word("en");
  return typeof found === "string" ? found : name;
}

/** The names that a group has words for. */
export function namesOf(group: string): string[] {
  const found: unknown = i18next.getResource("en", "translation", group);
  return typeof found === "object" && found !== null ? Object.keys(found) : [];
}

export function known(tag: string): Language | undefined {
  const short = tag.toLowerCase().split("-")[0];
  return Object.keys(LANGUAGES).find((language) => language === short) as Language | undefined;
}

export async function setLanguage(next: Language, keep = true): Promise<void> {
  if (next !== "en" && !i18next.hasResourceBundle(next, "translation")) {
    i18next.addResourceBundle(next, "translation", (await LOADERS[next]()).default);
  }
  await i18next.changeLanguage(next);
  if (keep) localStorage.setItem(KEPT_AS, next);
  document.documentElement.lang = next;
  language.value = next;
}

/** What was chosen by hand; else, of `own`, the profile's languages, the one that the browser likes
 * best, for the profile puts none before another; else whichever the browser likes. */
export async function chooseLanguage(own: readonly string[]): Promise<void> {
  const liked = navigator.languages.map(known);
  const spoken = own.map(known);
  const wishes = [
    known(localStorage.getItem(KEPT_AS) ?? ""),
    ...liked.filter((language) => spoken.includes(language)),
    ...spoken,
    ...liked,
  ];
  await setLanguage(wishes.find((language) => language !== undefined) ?? "en", false);
}

export async function startWords(): Promise<void> {
  await i18next.init({
    lng: "en",
    fallbackLng: "en",
    resources: { en: { translation: en } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  await chooseLanguage([]);
}
