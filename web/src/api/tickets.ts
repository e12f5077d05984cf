// Reading tickets and acting on them.
import { api, ok } from "./client";
import { ApiError } from "./problem";
import { toRow, type TicketRow } from "./row";
import type { HistoryEntry, StageView, TicketView, UserAct, paths } from "./schema";

export type StageName = StageView["name"];
type ListQuery = NonNullable<paths["/api/v1/tickets"]["get"]["parameters"]["query"]>;

/** What a list of tickets is narrowed down to. */
export interface TicketQuery {
  stage?: string;
  hotline?: string;
  office?: string;
  need?: string;
  language?: string;
  branch?: string;
  district?: string;
  holder?: string;
  callback_number?: string;
  overdue?: boolean;
  q?: string;
  order?: "newest" | "queue";
  cursor?: string;
  limit?: number;
}

export interface RowPage {
  items: TicketRow[];
  next: string | null;
  /** How many there are; null where the server does not count. */
  total: number | null;
}

/** Servers until now have neither free text nor so large pages. */
const OLD_LIMIT = 200;
let oldServer = false;

export async function listTickets(query: TicketQuery, signal?: AbortSignal): Promise<RowPage> {
  const init = signal ? { signal } : {};
  if (!oldServer) {
    try {
      return page(await ok(api.GET("/api/v1/tickets", { params: { query }, ...init })));
    } catch (error) {
      const refused = error instanceof ApiError && [400, 422].includes(error.status);
      if (!refused || !usesNew(query)) throw error;
      oldServer = true;
    }
  }
  const { q, branch, district, ...known } = query;
  const old: ListQuery = { ...known, limit: Math.min(query.limit ?? OLD_LIMIT, OLD_LIMIT) };
  const found = page(await ok(api.GET("/api/v1/tickets", { params: { query: old }, ...init })));
  found.items = found.items.filter((row) => {
    return hasWords(row, `${q ?? ""} ${district ?? ""}`) && (!branch || row.branch === branch);
  });
  return found;
}

const usesNew = (query: TicketQuery): boolean =>
  (query.limit ?? 0) > OLD_LIMIT || "q" in query || "branch" in query || "district" in query;

function page(data: { items: (TicketView | TicketRow)[]; next?: string | null }): RowPage {
  const total = "total" in data && typeof data.total === "number" ? data.total : null;
  return { items: data.items.map(toRow), next: data.next ?? null, total };
}

/** Whether a row has all the words of what is searched for, as the server finds them. */
export function hasWords(row: TicketRow, searched: string): boolean {
  const text = plain(
    `${row.number} ${row.name} ${row.address} ${row.callback_number} ${row.caller_id}`,
  );
  // At home one dials 0901..., where the ticket has +84901...
  const has = (word: string): boolean =>
    text.includes(word) || (/^0\d{2,}$/.test(word) && text.includes(word.slice(1)));
  return plain(searched).split(/\s+/).every(has);
}

/** Without accents and case, as callers' names are looked for. */
export function plain(text: string): string {
  const bare = text.normalize("NFD").replace(/\p{M}/gu, "");
  return bare.replace(/đ/gi, "d").toLowerCase().trim();
}

export const getTicket = (number: number): Promise<TicketView> =>
  ok(api.GET("/api/v1/tickets/{number}", { params: { path: { number } } }));

export const getHistory = (number: number): Promise<HistoryEntry[]> =>
  ok(api.GET("/api/v1/tickets/{number}/history", { params: { path: { number } } }));

/** Done only to the version that was read. */
export function act(number: number, version: number, body: UserAct): Promise<TicketView> {
  const header = { "If-Match": `"${version}"` };
  const params = { path: { number }, header };
  return ok(api.POST("/api/v1/tickets/{number}/acts", { params, body }));
}

/** The ticket that goes first, claimed; null when nobody waits. */
export async function claimNext(hotline: string): Promise<TicketView | null> {
  return (await ok(api.POST("/api/v1/tickets/claim", { body: { hotline } }))) ?? null;
}

export function merge(number: number, repeat: number, undo: boolean): Promise<TicketView> {
  const init = { params: { path: { number } }, body: { repeat } };
  if (undo) return ok(api.POST("/api/v1/tickets/{number}/unmerge", init));
  return ok(api.POST("/api/v1/tickets/{number}/merge", init));
}

export const recordingUrl = (number: number): string => `/api/v1/tickets/${number}/recording`;
