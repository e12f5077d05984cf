// One hotline's files as they are on disk: what they say, whether they are good, whether they run.
import { useRoute } from "preact-iso";
import { useState } from "preact/hooks";
import { api, ok } from "../api/client";
import { asApiError, type ApiError } from "../api/problem";
import { useResource } from "../api/resource";
import type { HotlineCheck, HotlineFileView } from "../api/schema";
import { PageHead } from "../shell/page";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { Loaded } from "../ui/state";
import { errorWords } from "../ui/toast";
import { t } from "../words/words";
import { Findings } from "./findings";
import { HotlineFormView } from "./hotline_form";
import { SystemTabs } from "./system_tabs";
import "./system.css";

export default function HotlinePage() {
  const name = useRoute().params.name ?? "";
  const params = { path: { name } };
  const file = useResource(`hotline ${name}`, () =>
    ok(api.GET("/api/v1/hotlines/{name}/file", { params })),
  );
  return (
    <>
      <PageHead title={name}>
        <a class="button button-quiet" href="/system">
          <Icon name="back" />
          <span>{t("system.hotlines")}</span>
        </a>
      </PageHead>
      <SystemTabs />
      <Loaded of={file} rows={8}>
        {(view) => (
          <div class="stack">
            <Standing of={view} />
            {view.form && <HotlineFormView form={view.form} />}
          </div>
        )}
      </Loaded>
    </>
  );
}

function Standing({ of }: { of: HotlineFileView }) {
  const [check, setCheck] = useState<HotlineCheck>();
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const params = { path: { name: of.name } };
      setCheck(await ok(api.GET("/api/v1/hotlines/{name}/check", { params })));
    } catch (thrown) {
      setError(asApiError(thrown));
    } finally {
      setBusy(false);
    }
  };
  const differs = check?.differs ?? of.differs;
  return (
    <section class="card stack" aria-labelledby="check-title">
      <div class="line">
        <h2 id="check-title">{t("hotline_file.on_disk")}</h2>
        {of.served && <Badge tone="blue">{t("hotline_file.served")}</Badge>}
        <Badge tone={differs ? "amber" : "green"}>
          {t(differs ? "hotline_file.differs" : "hotline_file.same")}
        </Badge>
        {check && (
          <Badge tone={check.good ? "green" : "red"}>
            {t(check.good ? "hotline_file.good" : "hotline_file.bad")}
          </Badge>
        )}
        <Button icon="check" busy={busy} onClick={() => void run()}>
          {t("hotline_file.check")}
        </Button>
      </div>
      <p class="soft small">{t("hotline_file.check_hint")}</p>
      {error && (
        <p class="callout callout-warn" role="alert">
          {errorWords(error)}
        </p>
      )}
      <div role="status">
        <Findings of={check?.findings ?? of.findings} />
      </div>
    </section>
  );
}
