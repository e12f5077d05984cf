// Who was invited chooses a password.
import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";
import { api, ok, session } from "../api/client";
import { asApiError } from "../api/problem";
import { Button } from "../ui/button";
import { TextField } from "../ui/field";
import { errorWords, toast } from "../ui/toast";
import { t } from "../words/words";
import { Gate, secretOfAddress } from "./gate";
import { NewPassword } from "./password";

export default function Invitation() {
  const { route } = useLocation();
  const [secret, setSecret] = useState(secretOfAddress);
  const [given] = useState(secret !== "");
  const [password, setPassword] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  const accept = async (): Promise<void> => {
    setBusy(true);
    setError("");
    try {
      const body = { secret: secret.trim(), password };
      const { name } = await ok(api.POST("/api/v1/invitations/accept", { body }));
      session.value = await ok(api.POST("/api/v1/session", { body: { name, password } }));
      toast(t("invitation.welcome"));
      route("/", true);
    } catch (thrown) {
      setError(errorWords(asApiError(thrown)));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Gate title={t("invitation.title")} lead={t("invitation.lead")}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void accept();
        }}
      >
        {error && (
          <p class="callout callout-bad" role="alert">
            {error}
          </p>
        )}
        {!given && (
          <TextField label={t("invitation.secret")} value={secret} onInput={setSecret} required />
        )}
        <NewPassword value={password} onInput={setPassword} />
        <Button kind="main" submit busy={busy}>
          {t("invitation.act")}
        </Button>
      </form>
    </Gate>
  );
}
