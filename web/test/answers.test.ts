// Answers are found by words however they are written, the need's own first, at once.
import { expect, test } from "vitest";
import { indexed, search } from "../src/api/answers";
import type { Answer } from "../src/api/schema";

const answer = (id: string, title: string, needs: string[]): Answer => ({
  id,
  title,
  text: "",
  steps: [],
  needs,
  dispositions: [],
  words: [],
  approved: "",
});

const ALL = indexed([
  answer("a", "Được cấp gạo ở đâu?", ["FOOD"]),
  answer("b", "Mở đầu cuộc gọi", []),
  answer("c", "Thuốc và gạo", ["MEDICAL"]),
]);

test.each([
  ["", "", "bac"],
  ["MEDICAL", "", "cba"],
  ["", "gao", "ac"],
  ["MEDICAL", "GẠO", "ca"],
  ["", "gao dau", "a"],
  ["", "ao", ""],
  ["", "đâu?", "ba"],
])("of need %s, %s finds %s", (need, q, want) => {
  const found = search(ALL, need, q).map((one) => one.id);
  expect(found.join("")).toBe(want);
});

test("a thousand are searched faster than one types", () => {
  const text = "What may be told about food and money ".repeat(50);
  const all = indexed(
    Array.from({ length: 1_000 }, (_, n) => ({ ...answer(`a${n}`, `Answer ${n}`, []), text })),
  );
  const began = performance.now();
  expect(search(all, "", "food mon 999").length).toBe(1);
  expect(performance.now() - began).toBeLessThan(100);
});
