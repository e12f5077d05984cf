// A webhook, as an administrator writes it.
import { useState } from "preact/hooks";
import { api, ok } from "../api/client";
import type { Webhook, WebhookSpec } from "../api/schema";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { CheckField, SelectField, TextField } from "../ui/field";
import { toastError } from "../ui/toast";
import { t } from "../words/words";

/** Those that others mostly wait for; more can be written. */
const USUAL = [
  "ticket.received",
  "ticket.claimed",
  "ticket.done",
  "ticket.referred",
  "ticket.scheduled",
  "ticket.unreached",
  "ticket.escalated",
  "ticket.overdue",
  "ticket.cancelled",
];

interface Props {
  webhook: Webhook | undefined;
  onClose: () => void;
  /** The secret of a new one, else nothing. */
  onSaved: (secret: string) => void;
}

export function WebhookDialog({ webhook, onClose, onSaved }: Props) {
  const [spec, setSpec] = useState<WebhookSpec>(() => specOf(webhook));
  const [authorization, setAuthorization] = useState("");
  const change = (change: Partial<WebhookSpec>): void => setSpec({ ...spec, ...change });
  const save = async (): Promise<void> => {
    const body = authorization ? { ...spec, authorization } : spec;
    try {
      if (webhook) {
        const params = { path: { id: webhook.id } };
        await ok(api.PUT("/api/v1/webhooks/{id}", { params, body }));
        onSaved("");
      } else {
        onSaved((await ok(api.POST("/api/v1/webhooks", { body }))).secret);
      }
    } catch (thrown) {
      toastError(thrown);
    }
  };
  return (
    <Dialog
      title={t(webhook ? "webhooks.edit" : "webhooks.add")}
      onClose={onClose}
      onSubmit={() => void save()}
      actions={
        <Button kind="main" submit>
          {t("act.save")}
        </Button>
      }
    >
      <TextField
        label={t("webhooks.name")}
        value={spec.name}
        onInput={(name) => change({ name })}
        required
        autofocus
      />
      <TextField
        label={t("webhooks.url")}
        type="url"
        value={spec.url}
        onInput={(url) => change({ url })}
        required
      />
      <TextField
        label={t("webhooks.authorization")}
        hint={t(
          webhook?.authorized ? "webhooks.authorization_kept" : "webhooks.authorization_hint",
        )}
        value={authorization}
        onInput={setAuthorization}
      />
      <Format spec={spec} change={change} />
      <Kinds spec={spec} change={change} />
      <CheckField
        label={t("webhooks.active")}
        hint={t("webhooks.active_hint")}
        checked={spec.active ?? true}
        onChange={(active) => change({ active })}
      />
    </Dialog>
  );
}

function specOf(webhook: Webhook | undefined): WebhookSpec {
  if (!webhook) return { name: "", url: "", kinds: [], active: true, format: { type: "spillway" } };
  const { name, url, kinds, active, format } = webhook;
  return { name, url, kinds, active, format };
}

interface PartProps {
  spec: WebhookSpec;
  change: (change: Partial<WebhookSpec>) => void;
}

function Format({ spec, change }: PartProps) {
  const format = spec.format ?? { type: "spillway" };
  return (
    <>
      <SelectField
        label={t("webhooks.format")}
        value={format.type}
        options={[
          ["spillway", "Spillway"],
          ["zammad", "Zammad"],
        ]}
        onInput={(type) =>
          change({ format: type === "zammad" ? { type, group: "Users" } : { type: "spillway" } })
        }
      />
      {format.type === "zammad" && (
        <TextField
          label={t("webhooks.group")}
          value={format.group}
          onInput={(group) => change({ format: { type: "zammad", group } })}
          required
        />
      )}
    </>
  );
}

function Kinds({ spec, change }: PartProps) {
  const kinds = spec.kinds ?? [];
  const all = [...new Set([...USUAL, ...kinds])];
  return (
    <fieldset>
      <legend class="field-label">{t("webhooks.kinds")}</legend>
      <p class="field-hint">{t("webhooks.kinds_hint")}</p>
      <div class="checks">
        {all.map((kind) => (
          <CheckField
            key={kind}
            label={kind}
            checked={kinds.includes(kind)}
            onChange={(on) =>
              change({ kinds: on ? [...kinds, kind] : kinds.filter((other) => other !== kind) })
            }
          />
        ))}
      </div>
    </fieldset>
  );
}
