// The rows of the queue, page by page as they are scrolled to, kept true by the events.
import { signal } from "@preact/signals";
import { userName } from "../api/client";
import type { TicketNews } from "../api/events";
import { asApiError, type ApiError } from "../api/problem";
import type { TicketRow } from "../api/row";
import { listTickets } from "../api/tickets";
import { compare, matches, toQuery, type Filters } from "./filters";

const PAGE = 500;
/** So long a row that changed under the eyes is marked. */
const FRESH_MS = 2_500;

export interface ListState {
  rows: readonly TicketRow[];
  /** How many there are, as far as one knows. */
  total: number;
  /** The rows are all of them. */
  complete: boolean;
  loading: boolean;
  error: ApiError | undefined;
}

const EMPTY: ListState = { rows: [], total: 0, complete: false, loading: true, error: undefined };

export class LiveList {
  readonly state = signal<ListState>(EMPTY);
  readonly fresh = signal<ReadonlySet<number>>(new Set());
  private readonly filters: Filters;
  private cursor: string | null = null;
  private stop = new AbortController();
  private busy = false;

  constructor(filters: Filters) {
    this.filters = filters;
  }

  close(): void {
    this.stop.abort();
  }

  /** From the beginning; what is on the screen stays until the answer is there. */
  async reload(): Promise<void> {
    this.stop.abort();
    this.stop = new AbortController();
    this.cursor = null;
    this.busy = false;
    this.state.value = { ...this.state.value, complete: false, loading: true, error: undefined };
    await this.more(true);
  }

  /** The next page, where there is one and none is on its way. */
  async more(first = false): Promise<void> {
    if (this.busy || (!first && this.cursor === null)) return;
    this.busy = true;
    const { signal } = this.stop;
    const query = { ...toQuery(this.filters, userName()), limit: PAGE };
    try {
      const paged = this.cursor === null ? query : { ...query, cursor: this.cursor };
      const page = await listTickets(paged, signal);
      if (signal.aborted) return;
      this.cursor = page.next ?? null;
      const rows = first ? page.items : joined(this.state.value.rows, page.items);
      const total = Math.max(page.total ?? this.state.value.total, rows.length);
      const complete = this.cursor === null;
      this.state.value = { rows, total, complete, loading: false, error: undefined };
      this.busy = false;
    } catch (thrown) {
      if (signal.aborted) return;
      this.busy = false;
      this.state.value = { ...this.state.value, loading: false, error: asApiError(thrown) };
    }
  }

  told(news: TicketNews): void {
    if (news.row) this.put(news.row);
    else this.drop(news.ticket);
  }

  row(number: number): TicketRow | undefined {
    return this.state.value.rows.find((row) => row.number === number);
  }

  /** A row as it is now: in its place, or off the list. */
  put(row: TicketRow): void {
    const old = this.row(row.number);
    if (old && old.version > row.version) return;
    if (!matches(row, this.filters, userName(), Date.now())) {
      this.drop(row.number);
      return;
    }
    const { rows, total, complete } = this.state.value;
    const rest = old ? rows.filter((other) => other !== old) : [...rows];
    const order = compare(this.filters.order);
    const at = placeOf(rest, row, order);
    // Beyond what was loaded nobody knows its place.
    const known = complete || at < rest.length;
    if (known) rest.splice(at, 0, row);
    this.state.value = { ...this.state.value, rows: rest, total: total + (old ? 0 : 1) };
    if (known) this.mark(row.number);
  }

  private drop(number: number): void {
    const { rows, total } = this.state.value;
    const rest = rows.filter((row) => row.number !== number);
    if (rest.length === rows.length) return;
    this.state.value = { ...this.state.value, rows: rest, total: total - 1 };
  }

  private mark(number: number): void {
    this.fresh.value = new Set(this.fresh.value).add(number);
    setTimeout(() => {
      const rest = new Set(this.fresh.value);
      rest.delete(number);
      this.fresh.value = rest;
    }, FRESH_MS);
  }
}

/** A row that moved while pages were read may be on two of them. */
function joined(rows: readonly TicketRow[], more: readonly TicketRow[]): TicketRow[] {
  const there = new Set(rows.map((row) => row.number));
  return [...rows, ...more.filter((row) => !there.has(row.number))];
}

export function placeOf(
  rows: readonly TicketRow[],
  row: TicketRow,
  order: (a: TicketRow, b: TicketRow) => number,
): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = rows[middle];
    if (other && order(other, row) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
