// Who is told of changes, and what could not be told.
import { useState } from "preact/hooks";
import { api, may, ok } from "../api/client";
import { useResource } from "../api/resource";
import type { Webhook } from "../api/schema";
import { Secret } from "../session/secret";
import { PageHead } from "../shell/page";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Empty, Loaded } from "../ui/state";
import { toastError } from "../ui/toast";
import { t } from "../words/words";
import { Deliveries } from "./deliveries";
import { SystemTabs } from "./system_tabs";
import { WebhookDialog } from "./webhook_dialog";
import "./system.css";

export default function Webhooks() {
  const all = useResource("webhooks", () => ok(api.GET("/api/v1/webhooks")));
  const [edited, setEdited] = useState<Webhook | "new">();
  const [removed, setRemoved] = useState<Webhook>();
  const [secret, setSecret] = useState("");
  const manages = may("system:manage");
  return (
    <>
      <PageHead title={t("room.system")}>
        {manages && (
          <Button kind="main" onClick={() => setEdited("new")}>
            {t("webhooks.add")}
          </Button>
        )}
      </PageHead>
      <SystemTabs />
      <div class="stack">
        <Loaded of={all} rows={3}>
          {(found) =>
            found.length === 0 ? (
              <Empty title={t("webhooks.none")}>{t("webhooks.none_do")}</Empty>
            ) : (
              <ul class="card hooks">
                {found.map((hook) => (
                  <Hook
                    key={hook.id}
                    of={hook}
                    manages={manages}
                    onEdit={() => setEdited(hook)}
                    onRemove={() => setRemoved(hook)}
                  />
                ))}
              </ul>
            )
          }
        </Loaded>
        {(all.data?.length ?? 0) > 0 && <Deliveries webhooks={all.data ?? []} />}
      </div>
      {edited && (
        <WebhookDialog
          webhook={edited === "new" ? undefined : edited}
          onClose={() => setEdited(undefined)}
          onSaved={(secret) => {
            setEdited(undefined);
            setSecret(secret);
            all.reload();
          }}
        />
      )}
      {removed && (
        <RemoveDialog of={removed} onClose={() => setRemoved(undefined)} onDone={all.reload} />
      )}
      {secret && (
        <Dialog title={t("webhooks.made")} onClose={() => setSecret("")} done={t("act.close")}>
          <p>{t("webhooks.made_lead")}</p>
          <Secret value={secret} />
        </Dialog>
      )}
    </>
  );
}

interface HookProps {
  of: Webhook;
  manages: boolean;
  onEdit: () => void;
  onRemove: () => void;
}

function Hook({ of, manages, onEdit, onRemove }: HookProps) {
  return (
    <li class="hook">
      <div class="hook-body">
        <b>{of.name}</b>{" "}
        <Badge tone={of.problem ? "red" : of.active ? "green" : "plain"}>
          {t(of.problem ? "webhooks.failing" : of.active ? "webhooks.active" : "webhooks.paused")}
        </Badge>
        <code class="soft">{of.url}</code>
        <p class="soft small">
          {of.kinds.length === 0 ? t("webhooks.all_kinds") : of.kinds.join(", ")}
        </p>
        {of.problem && <p class="callout callout-bad small">{of.problem}</p>}
      </div>
      {manages && (
        <div class="line">
          <Button small icon="pencil" onClick={onEdit}>
            {t("slot.edit")}
          </Button>
          <Button small kind="danger" onClick={onRemove}>
            {t("webhooks.remove")}
          </Button>
        </div>
      )}
    </li>
  );
}

interface RemoveProps {
  of: Webhook;
  onClose: () => void;
  onDone: () => void;
}

function RemoveDialog({ of, onClose, onDone }: RemoveProps) {
  const remove = (): void => {
    ok(api.DELETE("/api/v1/webhooks/{id}", { params: { path: { id: of.id } } }))
      .then(onDone)
      .catch(toastError)
      .finally(onClose);
  };
  return (
    <Dialog
      title={t("webhooks.remove_title", { name: of.name })}
      onClose={onClose}
      onSubmit={remove}
      actions={
        <Button kind="danger" submit>
          {t("webhooks.remove")}
        </Button>
      }
    >
      <p>{t("webhooks.remove_lead")}</p>
    </Dialog>
  );
}
