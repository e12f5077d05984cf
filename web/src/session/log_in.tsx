// Name, password, and a code where there is a second factor.
import { useRef, useState } from "preact/hooks";
import { api, ok, session } from "../api/client";
import { asApiError } from "../api/problem";
import { Button } from "../ui/button";
import { TextField } from "../ui/field";
import { errorWords } from "../ui/toast";
import { t } from "../words/words";
import { Gate } from "./gate";

export function LogIn() {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [codeNeeded, setCodeNeeded] = useState(false);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);

  const logIn = async (): Promise<void> => {
    setBusy(true);
    setError("");
    try {
      const body = codeNeeded
        ? { name, password, code: code.replace(/\s/g, "") }
        : { name, password };
      session.value = await ok(api.POST("/api/v1/session", { body }));
    } catch (thrown) {
      const problem = asApiError(thrown);
      if (problem.kind === "code-needed") {
        setCodeNeeded(true);
      } else {
        setError(errorWords(problem));
        if (!codeNeeded) setPassword("");
        form.current?.querySelector<HTMLInputElement>("[type=password]")?.focus();
      }
    } finally {
      setBusy(false);
    }
  };

  return (
    <Gate title={t("log_in.title")}>
      <form
        class="stack"
        ref={form}
        onSubmit={(event) => {
          event.preventDefault();
          void logIn();
        }}
      >
        {error && (
          <p class="callout callout-bad" role="alert">
            {error}
          </p>
        )}
        <TextField
          label={t("log_in.name")}
          value={name}
          onInput={setName}
          autocomplete="username"
          required
          autofocus
        />
        <TextField
          label={t("log_in.password")}
          type="password"
          value={password}
          onInput={setPassword}
          autocomplete="current-password"
          required
        />
        {codeNeeded && (
          <TextField
            label={t("log_in.code")}
            hint={t("log_in.code_hint")}
            value={code}
            onInput={setCode}
            autocomplete="one-time-code"
            required
            autofocus
          />
        )}
        <Button kind="main" submit busy={busy}>
          {t("log_in.act")}
        </Button>
        <p class="soft small">{t("log_in.help")}</p>
        <a class="small" href="/set-up">
          {t("log_in.first")}
        </a>
      </form>
    </Gate>
  );
}
