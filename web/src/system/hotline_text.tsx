// A hotline's file before it is put in its place: pasted or chosen, and checked without saving.
import { useState } from "preact/hooks";
import { api, ok } from "../api/client";
import { asApiError, type ApiError } from "../api/problem";
import type { HotlineCheck } from "../api/schema";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { errorWords } from "../ui/toast";
import { t } from "../words/words";
import { Findings } from "./findings";
import { HotlineFormView } from "./hotline_form";

/** As the server takes. */
const CHARS_MAX = 65_536;

export function HotlineText() {
  const [text, setText] = useState("");
  const [check, setCheck] = useState<HotlineCheck>();
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const tooLong = text.length > CHARS_MAX;
  const change = (next: string): void => {
    setText(next);
    setCheck(undefined);
    setError(undefined);
  };
  const run = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      setCheck(await ok(api.POST("/api/v1/hotline-checks", { body: { text } })));
    } catch (thrown) {
      setError(asApiError(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="card stack" aria-labelledby="text-title">
      <h2 id="text-title">{t("hotline_file.try")}</h2>
      <p class="soft small">{t("hotline_file.try_hint")}</p>
      <textarea
        class="toml"
        rows={8}
        spellcheck={false}
        aria-label={t("hotline_file.text")}
        placeholder={'title = "…"\nlanguage = "en"\ncountry = "US"'}
        value={text}
        onInput={(event) => change(event.currentTarget.value)}
      />
      <div class="line">
        <Button
          kind="main"
          icon="check"
          busy={busy}
          disabled={!text.trim() || tooLong}
          onClick={() => void run()}
        >
          {t("hotline_file.check")}
        </Button>
        <ChooseFile onRead={change} />
        {check && (
          <Badge tone={check.good ? "green" : "red"}>
            {t(check.good ? "hotline_file.good" : "hotline_file.bad")}
          </Badge>
        )}
      </div>
      {tooLong && <p class="callout callout-warn">{t("hotline_file.too_long")}</p>}
      {error && (
        <p class="callout callout-warn" role="alert">
          {errorWords(error)}
        </p>
      )}
      <div role="status">{check && <Findings of={check.findings} />}</div>
      {check?.form && <HotlineFormView form={check.form} />}
    </section>
  );
}

function ChooseFile({ onRead }: { onRead: (text: string) => void }) {
  return (
    <label class="button button-plain file-button">
      <span>{t("hotline_file.choose")}</span>
      <input
        type="file"
        accept=".toml"
        class="unseen"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (file) void file.text().then(onRead);
        }}
      />
    </label>
  );
}
