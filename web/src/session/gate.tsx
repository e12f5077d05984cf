// The frame of the pages before the log-in.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { languageItems } from "../shell/shell";
import { Menu } from "../ui/menu";
import { LANGUAGES, language, t } from "../words/words";
import "./session.css";

interface Props {
  title: string;
  lead?: string;
  children: ComponentChildren;
}

export function Gate({ title, lead, children }: Props) {
  useEffect(() => {
    document.title = `${title} – Spillway`;
  }, [title]);
  return (
    <div class="gate">
      <main class="gate-card">
        <img src="/icon.svg" alt="" width="40" height="40" />
        <h1>{title}</h1>
        {lead && <p class="soft">{lead}</p>}
        {children}
      </main>
      <footer class="gate-foot">
        <Menu label={t("shell.language")} items={languageItems()} up>
          <span>{LANGUAGES[language.value]}</span>
        </Menu>
        <a href="/status">{t("gate.status")}</a>
      </footer>
    </div>
  );
}

/** The secret of an address like /invitation#SECRET: what follows # is sent to no server. */
export const secretOfAddress = (): string => decodeURIComponent(location.hash.slice(1));
