// The pages of the room "system", as far as who looks may see them.
import { may } from "../api/client";
import { Tabs } from "../shell/tabs";
import { t } from "../words/words";

export function SystemTabs() {
  const tabs: [string, string][] = [["/system", t("system.hotlines")]];
  if (may("system:read")) {
    tabs.push(["/system/packs", t("packs.tab")]);
    tabs.push(["/system/retention", t("retention.tab")]);
    tabs.push(["/system/webhooks", t("system.webhooks")]);
  }
  if (may("audit:read")) tabs.push(["/system/audit", t("system.audit")]);
  return <Tabs label={t("room.system")} tabs={tabs} />;
}
