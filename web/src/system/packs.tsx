// Model packs and gazetteers as they are installed, and what else the server needs to run.
import { useState } from "preact/hooks";
import { api, ok } from "../api/client";
import { useResource } from "../api/resource";
import type { PackView, Prerequisite } from "../api/schema";
import { PageHead } from "../shell/page";
import { Badge, type Tone } from "../ui/badge";
import { Button } from "../ui/button";
import { Loaded } from "../ui/state";
import { size } from "../words/size";
import { languageName } from "../words/time";
import { t } from "../words/words";
import { Command } from "./command";
import { SystemTabs } from "./system_tabs";
import "./system.css";

const TONES: Record<PackView["state"], Tone> = {
  ready: "green",
  unstamped: "blue",
  outdated: "amber",
  lacking: "amber",
  damaged: "red",
  missing: "plain",
};

export default function Packs() {
  const [verify, setVerify] = useState(false);
  const packs = useResource(`packs ${verify}`, () =>
    ok(api.GET("/api/v1/packs", { params: { query: { verify } } })),
  );
  const needs = useResource("prerequisites", () => ok(api.GET("/api/v1/prerequisites")));
  return (
    <>
      <PageHead title={t("room.system")} />
      <SystemTabs />
      <div class="stack">
        <section class="card stack" aria-labelledby="needs-title">
          <h2 id="needs-title">{t("packs.needs")}</h2>
          <Loaded of={needs} rows={4}>
            {(found) => <Prerequisites of={found} />}
          </Loaded>
        </section>
        <section aria-labelledby="packs-title">
          <div class="line section-head">
            <h2 id="packs-title">{t("packs.title")}</h2>
            {!verify && (
              <Button icon="check" onClick={() => setVerify(true)}>
                {t("packs.verify")}
              </Button>
            )}
            {verify && packs.data && <Badge tone="green">{t("packs.verified")}</Badge>}
          </div>
          <Loaded of={packs} rows={8}>
            {(found) => <Table of={found} />}
          </Loaded>
        </section>
      </div>
    </>
  );
}

/** What is missing comes first; what is there is told in a line. */
function Prerequisites({ of }: { of: readonly Prerequisite[] }) {
  const missing = of.filter((one) => !one.present);
  const there = of.filter((one) => one.present);
  return (
    <>
      {missing.some((one) => one.needed) || (
        <p>
          <Badge tone="green">{t("packs.all_needed")}</Badge>
        </p>
      )}
      <ul class="prerequisites">
        {missing.map((one) => (
          <li key={one.name}>
            <p class="line">
              <Badge tone={one.needed ? "red" : "amber"}>
                {t(one.needed ? "packs.needed" : "packs.absent")}
              </Badge>
              <b>{one.name}</b> <span class="soft">{one.detail}</span>
            </p>
            {one.mend && <Command text={one.mend} />}
          </li>
        ))}
      </ul>
      <details>
        <summary>{t("packs.there", { count: there.length })}</summary>
        <dl class="pairs prompts">
          {there.map((one) => (
            <div key={one.name}>
              <dt>{one.name}</dt>
              <dd class="soft">{one.detail}</dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  );
}

function Table({ of }: { of: readonly PackView[] }) {
  // What is broken first, then what is there.
  const order = ["damaged", "outdated", "lacking", "ready", "unstamped", "missing"];
  const sorted = [...of].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  return (
    <div class="card table-box" role="region" aria-label={t("packs.title")} tabIndex={0}>
      <table class="table table-cards">
        <thead>
          <tr>
            <th scope="col">{t("packs.pack")}</th>
            <th scope="col">{t("packs.for")}</th>
            <th scope="col">{t("packs.state")}</th>
            <th scope="col">{t("packs.size")}</th>
            <th scope="col">{t("packs.licence")}</th>
            <th scope="col">{t("packs.made_of")}</th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((pack) => (
            <Row key={pack.name} of={pack} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ of }: { of: PackView }) {
  return (
    <tr>
      <td>
        <b>{of.name}</b>
        <small class="soft block">{t(`packs.kind.${of.engine}`)}</small>
      </td>
      <td data-label={t("packs.for")}>{of.languages.map(languageName).join(", ")}</td>
      <td data-label={t("packs.state")}>
        <Badge tone={TONES[of.state]}>{t(`packs.standing.${of.state}`)}</Badge>
        {of.detail && <small class="soft block">{of.detail}</small>}
        {of.trusted_on_first_use && <small class="soft block">{t("packs.first_use")}</small>}
        {of.mend && <Command text={of.mend} />}
      </td>
      <td class="nowrap" data-label={t("packs.size")}>
        {of.bytes == null || of.bytes === 0 ? "–" : size(of.bytes)}
      </td>
      <td data-label={t("packs.licence")}>{of.licence}</td>
      <td class="small" data-label={t("packs.made_of")}>
        {of.stamp && <code class="soft">{of.stamp}</code>}
        {of.made_of.map((file) => (
          <span key={file} class="soft block wrap">
            {file}
          </span>
        ))}
        {!of.stamp && "–"}
      </td>
    </tr>
  );
}
