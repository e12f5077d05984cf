// The audit log's chain of hashes, computed again by the server; the head is kept elsewhere.
import { useState } from "preact/hooks";
import { api, ok } from "../api/client";
import type { AuditReport } from "../api/schema";
import { Secret } from "../session/secret";
import { Button } from "../ui/button";
import { TextField } from "../ui/field";
import { toastError } from "../ui/toast";
import { number } from "../words/time";
import { t } from "../words/words";

export function Verification() {
  const [head, setHead] = useState("");
  const [asked, setAsked] = useState("");
  const [report, setReport] = useState<AuditReport>();
  const [busy, setBusy] = useState(false);
  const verify = async (): Promise<void> => {
    setBusy(true);
    try {
      const query = head.trim() ? { head: head.trim() } : {};
      setReport(await ok(api.GET("/api/v1/audit/verification", { params: { query } })));
      setAsked(head.trim());
    } catch (thrown) {
      toastError(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="card stack" aria-labelledby="verify-title">
      <form
        class="verify"
        onSubmit={(event) => {
          event.preventDefault();
          void verify();
        }}
      >
        <div>
          <h2 id="verify-title">{t("verify.title")}</h2>
          <p class="soft small">{t("verify.lead")}</p>
        </div>
        <TextField label={t("verify.head")} value={head} onInput={setHead} />
        <Button submit kind="main" busy={busy}>
          {t("verify.act")}
        </Button>
      </form>
      {report && <Result report={report} asked={asked} />}
    </section>
  );
}

function Result({ report, asked }: { report: AuditReport; asked: string }) {
  if (report.broken) {
    return (
      <p class="callout callout-bad" role="alert">
        {t("verify.broken", { what: report.broken })}
      </p>
    );
  }
  const missing = asked !== "" && !report.head_found;
  return (
    <div class="stack" role="status">
      <p class={missing ? "callout callout-bad" : "callout callout-good"}>
        {missing
          ? t("verify.head_missing")
          : t("verify.good", { events: number(report.events), seals: number(report.seals) })}
      </p>
      {report.unsealed > 0 && (
        <p class="soft small">{t("verify.unsealed", { count: report.unsealed })}</p>
      )}
      <p class="small">{t("verify.keep")}</p>
      <Secret value={report.head} />
    </div>
  );
}
