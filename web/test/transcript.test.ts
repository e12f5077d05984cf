// Which turn is heard at a moment of the recording.
import { expect, test } from "vitest";
import type { TurnView } from "../src/api/schema";
import { heardAt } from "../src/ticket/transcript";

function turn(number: number, from_ms: number, to_ms: number): TurnView {
  return { number, speaker: "caller", text: "", from_ms, to_ms, settled: true };
}

test("the last turn that has begun is heard", () => {
  // The third begins while the second, which it interrupts, still sounds.
  const turns = [turn(1, 0, 900), turn(2, 1_000, 4_000), turn(3, 2_500, 3_000)];
  const at = (ms: number): number => heardAt(turns, ms);
  expect([at(0), at(999), at(1_000), at(2_499), at(2_500), at(9_000)]).toEqual([1, 1, 2, 2, 3, 3]);
  expect(heardAt([], 5)).toBe(0);
});
