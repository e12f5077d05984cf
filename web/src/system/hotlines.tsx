// The hotlines as the server has read them, and whether the server is well.
import { api, may, ok } from "../api/client";
import { line } from "../api/events";
import { useResource } from "../api/resource";
import type { HotlineView } from "../api/schema";
import { PageHead } from "../shell/page";
import { Badge } from "../ui/badge";
import { Empty, Loaded } from "../ui/state";
import { named, t } from "../words/words";
import { HotlineText } from "./hotline_text";
import { SystemTabs } from "./system_tabs";
import "./system.css";

export default function Hotlines() {
  const all = useResource("hotlines", () => ok(api.GET("/api/v1/hotlines")));
  const health = useResource("health", () => ok(api.GET("/api/v1/health")));
  return (
    <>
      <PageHead title={t("room.system")} />
      <SystemTabs />
      <div class="stack">
        <section class="card line health" aria-labelledby="health-title">
          <h2 id="health-title">{t("health.title")}</h2>
          {health.error ? (
            <Badge tone="red">{t("health.bad")}</Badge>
          ) : (
            <Badge tone="green">{t("health.good")}</Badge>
          )}
          {health.data && (
            <span class="soft">{t("health.version", { version: health.data.version })}</span>
          )}
          <span class="soft">{t("health.stream", { state: t(`line.${line.value}`) })}</span>
        </section>
        <Loaded of={all}>
          {(found) =>
            found.length === 0 ? (
              <Empty title={t("hotlines.none")}>{t("hotlines.none_do")}</Empty>
            ) : (
              <div class="hotlines">
                {found.map((hotline) => (
                  <Hotline key={hotline.name} of={hotline} />
                ))}
              </div>
            )
          }
        </Loaded>
        {may("system:read") && <HotlineText />}
      </div>
    </>
  );
}

function Hotline({ of }: { of: HotlineView }) {
  const slots = [of.slots.name, of.slots.address, of.slots.need];
  const rows: [string, string][] = [
    [t("hotlines.within"), t("hotlines.hours", { count: of.within_h })],
    [t("hotlines.zone"), of.zone],
    [t("hotlines.slots"), slots.map((slot) => named("slot", slot)).join(", ")],
    [
      t("hotlines.dispositions"),
      of.dispositions.map((disposition) => named("disposition", disposition)).join(", "),
    ],
    [t("hotlines.offices"), of.offices.join(", ") || t("hotlines.no_offices")],
  ];
  return (
    <section class="card">
      <h2>
        {may("system:read") ? (
          <a href={`/system/hotlines/${encodeURIComponent(of.name)}`}>{of.name}</a>
        ) : (
          of.name
        )}
      </h2>
      <dl class="pairs">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
