// Words heard otherwise than they were said.
import { expect, test } from "vitest";
import { wordDiff } from "../src/quality/diff";

const drawn = (heard: string, said: string): string =>
  wordDiff(heard, said)
    .map(({ kind, words }) => ({ same: words, heard: `[-${words}]`, said: `[+${words}]` })[kind])
    .join(" ");

test("word by word", () => {
  expect(drawn("my name is Lan", "My name is Lan.")).toBe("My name is Lan.");
  expect(drawn("no food left", "no more food left")).toBe("no [+more] food left");
  expect(drawn("twelve gardener street", "twelve garden street")).toBe(
    "twelve [-gardener] [+garden] street",
  );
  expect(drawn("", "hello")).toBe("[+hello]");
  expect(drawn("uh", "")).toBe("[-uh]");
  expect(drawn("", "")).toBe("");
});
