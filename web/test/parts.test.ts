// The parts of an address, put right by hand.
import { expect, test } from "vitest";
import { filled, renamed } from "../src/ticket/parts";

const part = (name: string, value: string) => ({ name, value });
const ADDRESS = [
  part("house", "12"),
  part("ward_kind", "phường"),
  part("ward", "Bến Thành"),
  part("ward_code", "26743"),
];

test("another unit has another kind and code", () => {
  const house = part("house", "12");
  expect(renamed(ADDRESS, "ward", "Bến Nghé")).toEqual([house, part("ward", "Bến Nghé")]);
  expect(renamed(ADDRESS, "house", "14")).toEqual([part("house", "14"), ...ADDRESS.slice(1)]);
});

test("what is left empty is left out whole", () => {
  expect(filled([...ADDRESS.slice(0, 2), part("ward", " "), part("ward_code", "1")])).toEqual([
    part("house", "12"),
  ]);
});
