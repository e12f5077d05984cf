// Says plainly when what is on the screen no longer keeps up.
import { line } from "../api/events";
import { t } from "../words/words";

export function Connection() {
  const state = line.value;
  return (
    <div class={`connection connection-${state}`} role="status" title={t(`line.${state}_hint`)}>
      <i aria-hidden="true" />
      <span>{t(`line.${state}`)}</span>
    </div>
  );
}

export function OfflineBar() {
  if (line.value !== "offline") return null;
  return (
    <div class="offline-bar" role="alert">
      {t("line.bar")}
    </div>
  );
}
