// Filters: to the address and back, and the same answer that the server gives.
import { describe, expect, test } from "vitest";
import type { TicketRow } from "../src/api/row";
import { plain } from "../src/api/tickets";
import { compare, matches, readFilters, toQuery, writeFilters } from "../src/queue/filters";
import { placeOf } from "../src/queue/list";

const NOW = Date.parse("2026-03-02T10:00:00Z");

function row(change: Partial<TicketRow> = {}): TicketRow {
  return {
    number: 7,
    version: 1,
    hotline: "demo-vi",
    language: "vi",
    received_at: "2026-03-01T10:00:00Z",
    due_at: "2026-03-03T10:00:00Z",
    escalation: "none",
    priority: "normal",
    stage: { name: "open" },
    need: "FOOD",
    offices: [],
    masked: false,
    callback_number: "+84901234567",
    caller_id: "+84901234567",
    name: "Đặng Thị Lan",
    address: "12 Lê Lợi, Quận 1",
    branch: "",
    complete: true,
    to_be_transcribed: false,
    calls: 1,
    attempts: 0,
    notes: 0,
    updated_at: "2026-03-01T10:00:00Z",
    ...change,
  };
}

const found = (query: Record<string, string>, change: Partial<TicketRow> = {}): boolean =>
  matches(row(change), readFilters(query), "anna", NOW);

describe("filters", () => {
  test("go through the address", () => {
    for (const search of ["", "show=mine", "q=lan&need=FOOD", "show=all&order=queue"]) {
      const query = Object.fromEntries(new URLSearchParams(search));
      const again = Object.fromEntries(new URLSearchParams(writeFilters(readFilters(query))));
      expect(again).toEqual(query);
    }
  });

  test("ask the server", () => {
    expect(toQuery(readFilters({ show: "mine", language: "vi" }), "anna")).toEqual({
      order: "queue",
      stage: "claimed,calling",
      holder: "anna",
      language: "vi",
    });
    expect(toQuery(readFilters({ show: "overdue" }), "anna")).toEqual({
      order: "queue",
      overdue: true,
    });
  });

  test("know what belongs on the list", () => {
    expect(found({})).toBe(true);
    expect(found({}, { stage: { name: "done", disposition: "helped" } })).toBe(false);
    expect(found({ show: "overdue" })).toBe(false);
    expect(found({ show: "overdue" }, { due_at: "2026-03-02T09:00:00Z" })).toBe(true);
    const by = { by: "anna", until: "2026-03-02T10:10:00Z" };
    expect(found({ show: "mine" }, { stage: { name: "claimed", ...by } })).toBe(true);
    expect(found({ show: "mine" }, { stage: { name: "claimed", ...by, by: "oleh" } })).toBe(false);
    expect(found({ need: "MEDICAL" })).toBe(false);
    expect(found({ q: "dang lan" })).toBe(true);
    expect(found({ q: "le loi" })).toBe(true);
    expect(found({ q: "0901 7" })).toBe(true);
    expect(found({ q: "hung" })).toBe(false);
  });

  test("leave accents out", () => {
    expect(plain("Đặng Thị Lan")).toBe("dang thi lan");
    expect(plain("Příkopě")).toBe("prikope");
  });
});

test("a row finds its place in the order of giving out", () => {
  const order = compare("queue");
  const rows = [
    row({ number: 1, priority: "emergency" }),
    row({ number: 2, priority: "high" }),
    row({ number: 3, received_at: "2026-03-01T08:00:00Z" }),
    row({ number: 4, received_at: "2026-03-01T09:00:00Z" }),
  ];
  const place = (change: Partial<TicketRow>): number => placeOf(rows, row(change), order);
  expect(place({ number: 9, priority: "emergency" })).toBe(1);
  expect(place({ number: 9, priority: "high", received_at: "2026-03-01T01:00:00Z" })).toBe(1);
  expect(place({ number: 9, received_at: "2026-03-01T08:30:00Z" })).toBe(3);
  expect(place({ number: 9 })).toBe(4);
  expect(placeOf([...rows].reverse(), row({ number: 3 }), compare("newest"))).toBe(1);
});
