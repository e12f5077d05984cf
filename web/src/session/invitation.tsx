// Who was invited chooses a password.
import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";
import { api, ok, session } from "../api/client";
import { TextField } from "../ui/field";
import { toast } from "../ui/toast";
import { t } from "../words/words";
import { Gate, secretOfAddress } from "./gate";
import { GateForm } from "./gate_form";
import { NewPassword } from "./password";

export default function Invitation() {
  const { route } = useLocation();
  const [secret, setSecret] = useState(secretOfAddress);
  const [given] = useState(secret !== "");
  const [password, setPassword] = useState("");

  const accept = async (): Promise<void> => {
    const body = { secret: secret.trim(), password };
    const { name } = await ok(api.POST("/api/v1/invitations/accept", { body }));
    // Who has a second factor is asked for it on the log-in page.
    const logged = await api.POST("/api/v1/session", { body: { name, password } });
    if (logged.data) session.value = logged.data;
    toast(t(logged.data ? "invitation.welcome" : "invitation.log_in"));
    route("/", true);
  };
  return (
    <Gate title={t("invitation.title")} lead={t("invitation.lead")}>
      <GateForm act={t("invitation.act")} onSubmit={accept}>
        {!given && (
          <TextField label={t("invitation.secret")} value={secret} onInput={setSecret} required />
        )}
        <NewPassword value={password} onInput={setPassword} />
      </GateForm>
    </Gate>
  );
}
