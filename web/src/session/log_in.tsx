// Name, password, and a code where there is a second factor.
import { useState } from "preact/hooks";
import { api, ok, session } from "../api/client";
import { TextField } from "../ui/field";
import { t } from "../words/words";
import { Gate } from "./gate";
import { GateForm } from "./gate_form";

export function LogIn() {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [codeNeeded, setCodeNeeded] = useState(false);

  const logIn = async (): Promise<void> => {
    const known = { name, password };
    const body = codeNeeded ? { ...known, code: code.replace(/\s/g, "") } : known;
    session.value = await ok(api.POST("/api/v1/session", { body }));
  };
  return (
    <Gate title={t("log_in.title")}>
      <GateForm
        act={t("log_in.act")}
        onSubmit={logIn}
        onRefused={(error) => {
          if (error.kind === "code-needed") setCodeNeeded(true);
          return error.kind === "code-needed";
        }}
      >
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
      </GateForm>
      <p class="soft small">{t("log_in.help")}</p>
      <a class="small" href="/set-up">
        {t("log_in.first")}
      </a>
    </Gate>
  );
}
