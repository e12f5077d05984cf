// What stands around every page: rooms, who is logged in, the state of the line.
import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";
import { logOut, may, session } from "../api/client";
import { line } from "../api/events";
import { claimNextAnywhere } from "../queue/claim";
import { PresenceMenu } from "../presence/presence_menu";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { Menu, type MenuItem } from "../ui/menu";
import { toastError } from "../ui/toast";
import { LANGUAGES, language, setLanguage, t, type Language } from "../words/words";
import { useCommands } from "./commands";
import { Connection, OfflineBar } from "./connection";
import { Help } from "./help";
import { isIn, openRooms } from "./nav";
import { setTheme, theme, THEMES } from "./theme";
import "./shell.css";

export function Shell({ children }: { children: ComponentChildren }) {
  const { path, route } = useLocation();
  const [help, setHelp] = useState(false);
  useCommands({
    help: () => setHelp(true),
    go_queue: () => route("/"),
    go_account: () => route("/account"),
    ...(may("statistics:read") && { go_statistics: () => route("/statistics") }),
    ...(may("calls:review") && { go_quality: () => route("/quality") }),
    ...(may("tickets:work") && { claim_next: () => void claimNextAnywhere(route) }),
  });
  return (
    <div class="shell">
      <a class="skip" href="#page">
        {t("shell.skip")}
      </a>
      <header class="side">
        <a class="brand" href="/" aria-label={t("shell.home")}>
          <img src="/icon.svg" alt="" width="24" height="24" />
          <span>Spillway</span>
        </a>
        <nav class="rooms" aria-label={t("shell.rooms")}>
          {openRooms().map((room) => (
            <a
              key={room.name}
              href={room.path}
              class="room"
              aria-current={isIn(room, path) ? "page" : undefined}
            >
              <Icon name={room.icon} />
              <span>{t(`room.${room.name}`)}</span>
            </a>
          ))}
        </nav>
        <div class="side-foot">
          {may("tickets:read") && <Connection />}
          <Button kind="quiet" icon="help" label={t("help.title")} onClick={() => setHelp(true)} />
          {may("tickets:work") && <PresenceMenu />}
          <UserMenu />
        </div>
      </header>
      <div class="page-box">
        {line.value === "offline" && <OfflineBar />}
        <main id="page" class="page" tabIndex={-1}>
          {children}
        </main>
      </div>
      {help && <Help onClose={() => setHelp(false)} />}
    </div>
  );
}

function UserMenu() {
  const { route } = useLocation();
  const user = session.value?.user;
  if (!user) return null;
  const items: MenuItem[] = [
    { words: t("shell.account"), onPick: () => route("/account") },
    ...THEMES.map((name, at) => ({
      words: t(`theme.${name}`),
      checked: theme.value === name,
      apart: at === 0,
      onPick: () => setTheme(name),
    })),
    ...languageItems(),
    {
      words: t("shell.log_out"),
      apart: true,
      onPick: () => void logOut().catch(toastError),
    },
  ];
  const initial = user.profile.display_name.trim().slice(0, 1).toUpperCase();
  return (
    <Menu label={t("shell.user_menu")} items={items} up align="start" class="user-menu">
      <span class="avatar" aria-hidden="true">
        {initial}
      </span>
      <span class="user-name">
        <b>{user.profile.display_name}</b>
        <small>{t(`role.${user.profile.role}`)}</small>
      </span>
    </Menu>
  );
}

export const languageItems = (): MenuItem[] =>
  (Object.keys(LANGUAGES) as Language[]).map((name, at) => ({
    words: LANGUAGES[name],
    checked: language.value === name,
    apart: at === 0,
    onPick: () => void setLanguage(name),
  }));
