// Changing one's own password.
import { useState } from "preact/hooks";
import { api, ok, session } from "../api/client";
import { Button } from "../ui/button";
import { TextField } from "../ui/field";
import { toast, toastError } from "../ui/toast";
import { t } from "../words/words";
import { NewPassword } from "./password";

export function PasswordCard() {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [busy, setBusy] = useState(false);

  const change = async (): Promise<void> => {
    setBusy(true);
    try {
      // The session goes on with another CSRF token.
      session.value = await ok(api.PUT("/api/v1/password", { body: { old, new: fresh } }));
      setOld("");
      setFresh("");
      toast(t("password.changed"));
    } catch (thrown) {
      toastError(thrown);
    } finally {
      setBusy(false);
    }
  };

  return (
    <section class="card stack">
      <h2>{t("password.title")}</h2>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void change();
        }}
      >
        <TextField
          label={t("password.old")}
          type="password"
          value={old}
          onInput={setOld}
          autocomplete="current-password"
          required
        />
        <NewPassword value={fresh} onInput={setFresh} />
        <div class="line">
          <Button submit busy={busy}>
            {t("password.act")}
          </Button>
          <span class="soft small">{t("password.ends_others")}</span>
        </div>
      </form>
    </section>
  );
}
