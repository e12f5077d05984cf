// The first run: whoever started the server makes the first administrator.
import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";
import { api, ok } from "../api/client";
import { TextField } from "../ui/field";
import { toast } from "../ui/toast";
import { t } from "../words/words";
import { Gate, secretOfAddress } from "./gate";
import { GateForm } from "./gate_form";
import { NewPassword } from "./password";

export default function SetUp() {
  const { route } = useLocation();
  const [secret, setSecret] = useState(secretOfAddress);
  const [name, setName] = useState("");
  const [shown, setShown] = useState("");
  const [password, setPassword] = useState("");

  const make = async (): Promise<void> => {
    const body = { secret: secret.trim(), name, display_name: shown, password };
    await ok(api.POST("/api/v1/set-up", { body }));
    toast(t("set_up.made"));
    route("/");
  };
  return (
    <Gate title={t("set_up.title")} lead={t("set_up.lead")}>
      <GateForm act={t("set_up.act")} onSubmit={make}>
        <TextField
          label={t("set_up.secret")}
          hint={t("set_up.secret_hint")}
          value={secret}
          onInput={setSecret}
          required
          autofocus={!secret}
        />
        <TextField
          label={t("set_up.display_name")}
          hint={t("set_up.display_name_hint")}
          value={shown}
          onInput={setShown}
          autocomplete="name"
          required
          max={100}
        />
        <TextField
          label={t("log_in.name")}
          hint={t("set_up.name_hint")}
          value={name}
          onInput={setName}
          autocomplete="username"
          pattern="\s*[A-Za-z0-9][A-Za-z0-9._+@\-]{0,63}\s*"
          required
        />
        <NewPassword value={password} onInput={setPassword} />
      </GateForm>
      <a class="small" href="/">
        {t("set_up.back")}
      </a>
    </Gate>
  );
}
