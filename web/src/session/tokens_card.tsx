// API tokens: for programs that act in one's name, with part of one's permissions.
import { useState } from "preact/hooks";
import { api, ok, session } from "../api/client";
import { useResource } from "../api/resource";
import type { Permission } from "../api/schema";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { CheckField, TextField } from "../ui/field";
import { Loaded } from "../ui/state";
import { Time } from "../ui/time";
import { toastError } from "../ui/toast";
import { day } from "../words/time";
import { t } from "../words/words";
import { Secret } from "./secret";

export function TokensCard() {
  const tokens = useResource("tokens", () => ok(api.GET("/api/v1/tokens")));
  const [adding, setAdding] = useState(false);
  const revoke = (number: number): void => {
    const init = { params: { path: { number } } };
    ok(api.DELETE("/api/v1/tokens/{number}", init)).then(tokens.reload).catch(toastError);
  };
  return (
    <section class="card stack account-wide">
      <div class="line spread">
        <h2>{t("tokens.title")}</h2>
        <Button small onClick={() => setAdding(true)}>
          {t("tokens.add")}
        </Button>
      </div>
      <Loaded of={tokens} rows={2}>
        {(all) =>
          all.length === 0 ? (
            <p class="soft">{t("tokens.none")}</p>
          ) : (
            <ul class="rows">
              {all.map((token) => (
                <li key={token.number} class="line spread">
                  <span class="rows-main">
                    <b>{token.label}</b>{" "}
                    {token.revoked_at && <Badge tone="red">{t("tokens.revoked")}</Badge>}
                    <span class="soft small block">
                      {t("tokens.until", { day: day(token.expires_at) })} ·{" "}
                      {token.used_at ? (
                        <>
                          {t("tokens.used")} <Time at={token.used_at} />
                        </>
                      ) : (
                        t("tokens.unused")
                      )}{" "}
                      · {token.scopes.join(", ")}
                    </span>
                  </span>
                  {!token.revoked_at && (
                    <Button small kind="danger" onClick={() => revoke(token.number)}>
                      {t("tokens.revoke")}
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {adding && <AddToken onClose={() => setAdding(false)} onMade={tokens.reload} />}
    </section>
  );
}

const DAY_MS = 86_400_000;

function AddToken({ onClose, onMade }: { onClose: () => void; onMade: () => void }) {
  const [label, setLabel] = useState("");
  const inAQuarter = new Date(Date.now() + 90 * DAY_MS).toISOString().slice(0, 10);
  const [until, setUntil] = useState(inAQuarter);
  const [scopes, setScopes] = useState<readonly Permission[]>([]);
  const [secret, setSecret] = useState("");
  const make = async (): Promise<void> => {
    try {
      const expires_at = new Date(`${until}T23:59:59`).toISOString();
      const body = { label, expires_at, scopes: [...scopes] };
      setSecret((await ok(api.POST("/api/v1/tokens", { body }))).secret);
      onMade();
    } catch (thrown) {
      toastError(thrown);
    }
  };
  if (secret) {
    return (
      <Dialog title={t("tokens.made")} onClose={onClose} done={t("act.close")}>
        <p>{t("tokens.made_lead")}</p>
        <Secret value={secret} />
      </Dialog>
    );
  }
  const toggle = (scope: Permission, on: boolean): void =>
    setScopes(on ? [...scopes, scope] : scopes.filter((other) => other !== scope));
  return (
    <Dialog
      title={t("tokens.add")}
      onClose={onClose}
      onSubmit={() => void make()}
      actions={
        <Button kind="main" submit disabled={scopes.length === 0}>
          {t("tokens.act")}
        </Button>
      }
    >
      <TextField
        label={t("tokens.label")}
        hint={t("tokens.label_hint")}
        value={label}
        onInput={setLabel}
        required
        autofocus
      />
      <TextField
        label={t("tokens.expires")}
        type="date"
        value={until}
        onInput={setUntil}
        required
      />
      <fieldset>
        <legend class="field-label">{t("tokens.scopes")}</legend>
        {session.value?.permissions.map((scope) => (
          <CheckField
            key={scope}
            label={scope}
            checked={scopes.includes(scope)}
            onChange={(on) => toggle(scope, on)}
          />
        ))}
      </fieldset>
    </Dialog>
  );
}
