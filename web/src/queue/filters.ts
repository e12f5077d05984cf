// What the queue is narrowed down to: read from the address, written to it, asked of the server.
import type { TicketRow } from "../api/row";
import { hasWords, type StageName, type TicketQuery } from "../api/tickets";

export const SHOWS = ["todo", "mine", "overdue", "later", "referred", "ended", "all"] as const;
export type Show = (typeof SHOWS)[number];

const STAGES: Record<Show, readonly StageName[]> = {
  todo: ["open", "claimed", "calling"],
  mine: ["claimed", "calling"],
  overdue: [],
  later: ["scheduled"],
  referred: ["referred"],
  ended: ["done", "put_through", "unreached", "cancelled", "merged"],
  all: [],
};
const PENDING: readonly StageName[] = ["open", "claimed", "calling", "scheduled", "referred"];

/** Filters that stand in the address under their own names. */
export const FIELDS = ["hotline", "need", "office", "language", "district", "branch"] as const;
export type Field = (typeof FIELDS)[number];

export type Filters = { show: Show; order: "queue" | "newest"; q: string } & Record<Field, string>;

export function readFilters(query: Readonly<Record<string, string | undefined>>): Filters {
  const show = SHOWS.find((known) => known === query.show) ?? "todo";
  const usual = show === "ended" || show === "all" ? "newest" : "queue";
  const order = query.order === "newest" || query.order === "queue" ? query.order : usual;
  const field = (name: string): string => query[name] ?? "";
  return {
    show,
    order,
    q: field("q"),
    hotline: field("hotline"),
    need: field("need"),
    office: field("office"),
    language: field("language"),
    district: field("district"),
    branch: field("branch"),
  };
}

/** The address's part after `?`, without what is as usual. */
export function writeFilters(filters: Filters): string {
  const params = new URLSearchParams();
  const usual = readFilters({ show: filters.show }).order;
  if (filters.show !== "todo") params.set("show", filters.show);
  if (filters.order !== usual) params.set("order", filters.order);
  for (const name of ["q", ...FIELDS] as const) if (filters[name]) params.set(name, filters[name]);
  return params.toString();
}

export function toQuery(filters: Filters, me: string): TicketQuery {
  const query: TicketQuery = { order: filters.order };
  for (const name of ["q", ...FIELDS] as const) if (filters[name]) query[name] = filters[name];
  const stages = STAGES[filters.show];
  if (stages.length > 0) query.stage = stages.join(",");
  if (filters.show === "mine") query.holder = me;
  if (filters.show === "overdue") query.overdue = true;
  return query;
}

/** Whether a row that changed belongs on the list; the server decides the same way. */
export function matches(row: TicketRow, filters: Filters, me: string, now: number): boolean {
  const { show } = filters;
  const stages = show === "overdue" ? PENDING : STAGES[show];
  if (stages.length > 0 && !stages.includes(row.stage.name)) return false;
  if (show === "mine" && !("by" in row.stage && row.stage.by === me)) return false;
  if (show === "overdue" && Date.parse(row.due_at) > now) return false;
  for (const name of ["hotline", "need", "language", "branch"] as const) {
    if (filters[name] && row[name] !== filters[name]) return false;
  }
  if (filters.office && row.office !== filters.office) return false;
  return hasWords(row, `${filters.q} ${filters.district}`);
}

const RANKS = { emergency: 0, high: 1, normal: 2 };

/** The order in which tickets are given out, or by number. */
export function compare(order: Filters["order"]): (a: TicketRow, b: TicketRow) => number {
  if (order === "newest") return (a, b) => b.number - a.number;
  return (a, b) =>
    RANKS[a.priority] - RANKS[b.priority] ||
    Date.parse(a.received_at) - Date.parse(b.received_at) ||
    a.number - b.number;
}
