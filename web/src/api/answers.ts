// Approved answers and scripts, read once for each hotline, and looked through in the browser.
import { signal } from "@preact/signals";
import { api, ok } from "./client";
import { plain } from "./tickets";
import type { Answer } from "./schema";

export interface Kept {
  answer: Answer;
  /** What it is found by: words without accents and case, a space before each. */
  text: string;
}

const kept = signal<Readonly<Record<string, readonly Kept[]>>>({});

export async function loadAnswers(hotline: string): Promise<void> {
  if (kept.value[hotline]) return;
  const params = { path: { name: hotline } };
  const all = await ok(api.GET("/api/v1/hotlines/{name}/answers", { params }));
  kept.value = {
    ...kept.value,
    [hotline]: all.map((answer) => ({ answer, text: textOf(answer) })),
  };
}

const bare = (text: string): string => plain(text).replace(/[^\p{L}\p{N}]+/gu, " ");

function textOf(answer: Answer): string {
  const { title, text, steps, words, needs } = answer;
  return ` ${bare([title, text, ...(steps ?? []), ...(words ?? []), ...(needs ?? [])].join(" "))}`;
}

export const indexed = (all: readonly Answer[]): Kept[] =>
  all.map((answer) => ({ answer, text: textOf(answer) }));

/** Those that have a word beginning with each of the words of `q`: the need's own first, then
 * those for all needs. */
export function search(all: readonly Kept[], need: string, q: string): Answer[] {
  const terms = bare(q).split(" ").filter(Boolean);
  const found = all.filter(({ text }) => terms.every((term) => text.includes(` ${term}`)));
  const rank = ({ answer }: Kept): number => {
    const needs = answer.needs ?? [];
    if (need && needs.includes(need)) return 0;
    return needs.length === 0 ? 1 : 2;
  };
  // Sorting keeps the file's order among equals.
  return [...found].sort((a, b) => rank(a) - rank(b)).map(({ answer }) => answer);
}

/** Of a hotline's answers; `undefined` while they load. */
export function findAnswers(hotline: string, need: string, q: string): Answer[] | undefined {
  const all = kept.value[hotline];
  return all && search(all, need, q);
}
