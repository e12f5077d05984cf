// Acts on a ticket shown at once, and undone plainly where the server refuses.
import { userName } from "../api/client";
import { hotlines } from "../api/hotlines";
import { ApiError } from "../api/problem";
import { rowOf, type TicketRow } from "../api/row";
import { act, claimNext, getTicket } from "../api/tickets";
import type { TicketView, UserAct } from "../api/schema";
import { toast, toastError } from "../ui/toast";
import { t } from "../words/words";

/** What the server will most likely grant; the answer brings the real lease. */
const LEASE_GUESS_MS = 10 * 60_000;

type Put = (row: TicketRow) => void;

/** Claims a row; `put` shows it claimed at once, and as it was when somebody was faster. */
export async function claimRow(row: TicketRow, put: Put): Promise<void> {
  const until = new Date(Date.now() + LEASE_GUESS_MS).toISOString();
  put({ ...row, stage: { name: "claimed", by: userName(), until } });
  try {
    put(rowOf(await claimOpen(row.number, row.version), row));
  } catch (thrown) {
    put(row);
    await refused(row.number, thrown, (view) => put(rowOf(view, row)));
  }
}

/** Claims what is open still: a call's last words may have changed it since it was read. */
export async function claimOpen(number: number, version: number): Promise<TicketView> {
  try {
    return await act(number, version, { act: "claim" });
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || thrown.kind !== "changed") throw thrown;
    const now = await getTicket(number);
    if (now.stage.name !== "open") throw thrown;
    return act(number, now.version, { act: "claim" });
  }
}

/** Does an act for which the ticket has to be one's own, claiming it before where it is open. */
export async function actClaimed(row: TicketRow, what: UserAct): Promise<TicketView> {
  let { version } = row;
  if (row.stage.name === "open") version = (await claimOpen(row.number, version)).version;
  return act(row.number, version, what);
}

/** Says why an act was refused: who has the ticket, where somebody has. */
export async function refused(
  number: number,
  thrown: unknown,
  show: (view: TicketView) => void,
): Promise<void> {
  if (!(thrown instanceof ApiError) || ![409, 412].includes(thrown.status)) {
    toastError(thrown);
    return;
  }
  const view = await getTicket(number).catch(() => null);
  if (view) show(view);
  const by = view && "by" in view.stage ? view.stage.by : "";
  if (by && by !== userName()) toast(t("claim.has_it", { number, by }), true);
  else if (thrown.kind === "changed") toast(t("claim.changed", { number }), true);
  else toastError(thrown);
}

/** Claims whatever goes first, hotline after hotline, and opens it. */
export async function claimNextAnywhere(open: (path: string) => void, only = ""): Promise<void> {
  const names = only ? [only] : hotlines.value.map((hotline) => hotline.name);
  try {
    for (const name of names) {
      const found = await claimNext(name);
      if (!found) continue;
      open(`/tickets/${found.number}`);
      toast(t("claim.yours", { number: found.number }));
      return;
    }
    toast(t("claim.nobody"));
  } catch (thrown) {
    toastError(thrown);
  }
}
