// What users wrote on the ticket.
import { useRef, useState } from "preact/hooks";
import { may } from "../api/client";
import type { TicketView } from "../api/schema";
import { keyHint } from "../shell/help";
import { useCommands } from "../shell/commands";
import { Button } from "../ui/button";
import { Time } from "../ui/time";
import { t } from "../words/words";
import type { Acts } from "./acts";
import { actorName } from "./history";

export function Notes({ view, acts }: { view: TicketView; acts: Acts }) {
  const [text, setText] = useState("");
  const box = useRef<HTMLTextAreaElement>(null);
  const writes = may("tickets:work");
  useCommands(writes ? { write_note: () => box.current?.focus() } : {});
  const write = async (): Promise<void> => {
    if (!text.trim()) return;
    if (await acts.act({ act: "note", text: text.trim() })) setText("");
  };
  return (
    <section class="card stack" aria-labelledby="notes-title">
      <h2 id="notes-title">{t("notes.title")}</h2>
      {view.notes.length === 0 && <p class="soft">{t("notes.none")}</p>}
      <ul class="notes">
        {view.notes.map((note) => (
          <li key={note.at}>
            <p class="note-text">{view.masked ? t("slot.masked") : note.text}</p>
            <p class="soft small">
              {actorName(note.by)}, <Time at={note.at} />
            </p>
          </li>
        ))}
      </ul>
      {writes && (
        <form
          class="note-form"
          onSubmit={(event) => {
            event.preventDefault();
            void write();
          }}
        >
          <textarea
            ref={box}
            rows={2}
            maxLength={4000}
            aria-label={t("notes.write")}
            placeholder={t("notes.write")}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void write();
              if (event.key === "Escape") event.currentTarget.blur();
            }}
          />
          <Button submit busy={acts.busy} hint={keyHint("write_note")} disabled={!text.trim()}>
            {t("notes.act")}
          </Button>
        </form>
      )}
    </section>
  );
}
