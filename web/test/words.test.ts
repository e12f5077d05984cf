// Every language says everything that English says, with the same blanks, in all its plurals.
import { describe, expect, test } from "vitest";
import cs from "../src/words/cs.json";
import en from "../src/words/en.json";
import ru from "../src/words/ru.json";
import uk from "../src/words/uk.json";
import vi from "../src/words/vi.json";

interface Words {
  [name: string]: string | Words;
}

const PLURAL = /_(zero|one|two|few|many|other)$/;

function flat(words: Words, before = ""): Map<string, string> {
  const all = Object.entries(words).flatMap(([name, value]): [string, string][] =>
    typeof value === "string"
      ? [[`${before}${name}`, value]]
      : [...flat(value, `${before}${name}.`)],
  );
  return new Map(all);
}

/** The keys a language needs for English's: each plural in the forms that the language has. */
function needed(tag: string): string[] {
  const forms = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
  const keys = [...flat(en).keys()].flatMap((key) =>
    PLURAL.test(key) ? forms.map((form) => key.replace(PLURAL, `_${form}`)) : [key],
  );
  return [...new Set(keys)].sort();
}

const blanks = (text: string): string[] =>
  [...new Set(text.match(/\{\{\w+\}\}/g) ?? [])].filter((blank) => blank !== "{{count}}").sort();

const LANGUAGES: [string, Words][] = Object.entries({ en, vi, cs, uk, ru });

describe.each(LANGUAGES)("%s", (tag, words) => {
  test("has all the words and no others", () => {
    expect([...flat(words).keys()].sort()).toEqual(needed(tag));
  });

  test("has no empty word", () => {
    expect([...flat(words)].filter(([, word]) => word.trim() === "")).toEqual([]);
  });

  test("leaves the same blanks", () => {
    const english = flat(en);
    for (const [key, word] of flat(words)) {
      const same = english.get(key) ?? english.get(key.replace(PLURAL, "_other")) ?? "";
      expect([key, blanks(word)]).toEqual([key, blanks(same)]);
    }
  });
});
