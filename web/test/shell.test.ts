// Keys on any layout, periods, and how times are said.
import { beforeAll, expect, test, vi } from "vitest";
import { spanOf } from "../src/statistics/period";
import { agentName } from "../src/session/agent";

beforeAll(() => {
  vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
});

test("the J key is J on a Cyrillic layout too", async () => {
  const { keyOf, COMMANDS } = await import("../src/shell/commands");
  const key = (key: string, code: string): string => keyOf({ key, code } as KeyboardEvent);
  expect(key("о", "KeyJ")).toBe("j");
  expect(key("j", "KeyJ")).toBe("j");
  expect(key("?", "Slash")).toBe("?");
  expect(key("đ", "KeyD")).toBe("d");
  expect(key("ArrowDown", "ArrowDown")).toBe("ArrowDown");
  for (const place of ["queue", "ticket"]) {
    const here = Object.values(COMMANDS).filter((one) => [place, "everywhere"].includes(one.place));
    const keys = here.flatMap((one): readonly string[] => one.keys);
    expect(new Set(keys).size).toBe(keys.length);
  }
});

test("durations have two units at most", async () => {
  const { duration, position } = await import("../src/words/time");
  expect(duration(25 * 60_000)).toBe("25 min");
  expect(duration(-38 * 60_000)).toBe("38 min");
  expect(duration(3 * 3_600_000 + 10 * 60_000)).toBe("3 hr 10 min");
  expect(duration(50 * 3_600_000)).toBe("2 days 2 hr");
  expect(duration(80 * 3_600_000)).toBe("3 days");
  expect(position(65_400)).toBe("1:05");
});

test("periods end where the next begins", () => {
  const now = new Date(2026, 2, 2, 15);
  expect(spanOf("today", { from: "", to: "" }, now)).toEqual({ from: "2026-03-02T00:00", to: "" });
  expect(spanOf("week", { from: "", to: "" }, now).from).toBe("2026-02-24T00:00");
  expect(spanOf("own", { from: "2026-02-01", to: "2026-02-28" }, now)).toEqual({
    from: "2026-02-01T00:00",
    to: "2026-03-01T00:00",
  });
});

test("browsers are named short", () => {
  const firefox =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
  expect(agentName(firefox)).toBe("Firefox, Windows");
  expect(agentName("curl/8.5.0")).toBe("curl/8.5.0");
});
