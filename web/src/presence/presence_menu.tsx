// Ready, on a call, on a break: one's own choice, beside the name.
import { Menu } from "../ui/menu";
import { t } from "../words/words";
import { be, presence, shown, STATES } from "./presence";
import "./presence.css";

export function PresenceMenu() {
  const state = shown();
  const items = STATES.map((name) => ({
    words: t(`presence.${name}`),
    checked: presence.value === name,
    onPick: () => be(name),
  }));
  return (
    <Menu label={t("presence.title")} items={items} up align="start" class="presence-menu">
      <PresenceDot state={state} />
      <span>{t(`presence.${state}`)}</span>
    </Menu>
  );
}

export function PresenceDot({ state }: { state: (typeof STATES)[number] }) {
  return <i class={`presence-dot presence-${state}`} aria-hidden="true" />;
}
