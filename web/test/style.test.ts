// Rooms are loaded one after another and their styles stay: a class belongs to one file.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const SRC = join(import.meta.dirname, "../src");

test("no two files style the same class", () => {
  const files = readdirSync(SRC, { recursive: true, encoding: "utf8" });
  const owners = new Map<string, string[]>();
  for (const file of files.filter((file) => file.endsWith(".css"))) {
    const classes = readFileSync(join(SRC, file), "utf8").matchAll(/^\.([a-z][\w-]*) \{/gm);
    for (const name of new Set([...classes].map(([, name = ""]) => name))) {
      owners.set(name, [...(owners.get(name) ?? []), file]);
    }
  }
  expect([...owners].filter(([, files]) => files.length > 1)).toEqual([]);
});
