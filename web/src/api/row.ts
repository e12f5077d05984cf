// A ticket as one line of a list; acts answer whole tickets, whose line is made here.
import type { TicketRow, TicketView } from "./schema";

export type { TicketRow };

/** `before`: the line as it was, for what only the server knows. */
export function rowOf(view: TicketView, before?: TicketRow): TicketRow {
  const value = (name: string): string => {
    const slot = view.slots.find((slot) => slot.slot === name);
    return slot?.correction?.value ?? slot?.value ?? "";
  };
  return {
    ...view,
    name: value("name"),
    address: value("address"),
    branch: before?.branch ?? "",
    district: before?.district ?? "",
    calls: 1 + view.repeats.length,
    attempts: view.attempts.length,
    notes: view.notes.length,
  };
}
