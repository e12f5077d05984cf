// Reading tickets and acting on them.
import { api, ok } from "./client";
import type {
  HistoryEntry,
  StageView,
  TicketPage,
  TicketRow,
  TicketView,
  TranscriptView,
  UserAct,
  paths,
} from "./schema";

export type StageName = StageView["name"];

/** What a list of tickets is narrowed down to. */
export type TicketQuery = NonNullable<paths["/api/v1/tickets"]["get"]["parameters"]["query"]>;

export function listTickets(query: TicketQuery, signal?: AbortSignal): Promise<TicketPage> {
  return ok(api.GET("/api/v1/tickets", { params: { query }, ...(signal && { signal }) }));
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

/** Each reading is in the audit log. */
export const getTranscript = (number: number): Promise<TranscriptView> =>
  ok(api.GET("/api/v1/tickets/{number}/transcript", { params: { path: { number } } }));

export const recordingUrl = (number: number): string => `/api/v1/tickets/${number}/recording`;
