// A ticket as one line of a list. `rowOf` goes when the server sends rows itself.
import type { Escalation, Priority, StageView, TicketView } from "./schema";

export interface TicketRow {
  number: number;
  version: number;
  hotline: string;
  language: string;
  received_at: string;
  due_at: string;
  escalation: Escalation;
  priority: Priority;
  stage: StageView;
  need: string;
  office?: string | null;
  offices: string[];
  masked: boolean;
  callback_number: string;
  caller_id: string;
  name: string;
  address: string;
  branch: string;
  complete: boolean;
  to_be_transcribed: boolean;
  calls: number;
  attempts: number;
  notes: number;
  updated_at: string;
}

export function rowOf(view: TicketView): TicketRow {
  const value = (name: string): string => {
    const slot = view.slots.find((slot) => slot.slot === name);
    return slot?.correction?.value ?? slot?.value ?? "";
  };
  return {
    ...view,
    name: value("name"),
    address: value("address"),
    branch: "",
    calls: 1 + view.repeats.length,
    attempts: view.attempts.length,
    notes: view.notes.length,
  };
}

/** An item of either server's list. */
export function toRow(item: TicketView | TicketRow): TicketRow {
  return "slots" in item ? rowOf(item) : item;
}
