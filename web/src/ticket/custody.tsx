// What of the ticket must stay, and what must go: legal hold and the right to erasure.
import { useState } from "preact/hooks";
import { api, may, ok } from "../api/client";
import { useResource } from "../api/resource";
import { getHistory } from "../api/tickets";
import type { ErasureReason, TicketView } from "../api/schema";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { SelectField, TextField } from "../ui/field";
import { Loaded } from "../ui/state";
import { Time } from "../ui/time";
import { toast, toastError } from "../ui/toast";
import { whole } from "../words/time";
import { t } from "../words/words";
import { actorName } from "./history";

const REASON_CHARS_MAX = 200;
const GROUNDS = ["request", "order", "mistake"] as const;

const at = (number: number) => ({ params: { path: { number } } });

interface Props {
  view: TicketView;
  reload: () => void;
}

export function Custody({ view, reload }: Props) {
  const [dialog, setDialog] = useState<"" | "hold" | "erase">("");
  const holds = may("recordings:hold");
  const erases = may("callers:erase");
  const held = view.hold != null;
  if (!holds && !erases && !held && view.files_gone_at == null) return null;
  const close = (): void => setDialog("");
  const release = (): void => {
    ok(api.DELETE("/api/v1/tickets/{number}/hold", at(view.number)))
      .then(() => {
        toast(t("custody.released"));
        reload();
      })
      .catch(toastError);
  };
  return (
    <section class="card stack" aria-labelledby="custody-title">
      <div class="line">
        <h2 id="custody-title">{t("custody.title")}</h2>
        {held && <Badge tone="amber">{t("custody.held")}</Badge>}
      </div>
      {held && <Held view={view} />}
      {view.files_gone_at != null && (
        <p class="soft small" title={whole(view.files_gone_at)}>
          {t("custody.gone")} <Time at={view.files_gone_at} />
        </p>
      )}
      <div class="line">
        {holds && !held && <Button onClick={() => setDialog("hold")}>{t("custody.hold")}</Button>}
        {holds && held && <Button onClick={release}>{t("custody.release")}</Button>}
        {erases && (
          <Button kind="danger" disabled={held} onClick={() => setDialog("erase")}>
            {t("custody.erase")}
          </Button>
        )}
      </div>
      {erases && held && <p class="soft small">{t("custody.held_first")}</p>}
      {dialog === "hold" && <HoldDialog number={view.number} onClose={close} onDone={reload} />}
      {dialog === "erase" && <EraseDialog view={view} onClose={close} onDone={reload} />}
    </section>
  );
}

/** Why, who and when: the reason stands on the ticket, the rest in its history. */
function Held({ view }: { view: TicketView }) {
  const history = useResource(`history ${view.number} ${view.version}`, () =>
    getHistory(view.number),
  );
  const act = history.data?.findLast((entry) => entry.act === "hold");
  return (
    <div>
      {view.hold && <p class="wrap">{view.hold}</p>}
      {act && (
        <p class="soft small">
          {actorName(act.actor)} · <Time at={act.at} />
        </p>
      )}
    </div>
  );
}

interface DialogProps {
  onClose: () => void;
  onDone: () => void;
}

function HoldDialog({ number, onClose, onDone }: DialogProps & { number: number }) {
  const [reason, setReason] = useState("");
  const hold = (): void => {
    ok(api.PUT("/api/v1/tickets/{number}/hold", { ...at(number), body: { reason } }))
      .then(() => {
        toast(t("custody.hold_done"));
        onDone();
        onClose();
      })
      .catch(toastError);
  };
  return (
    <Dialog
      title={t("custody.hold")}
      onClose={onClose}
      onSubmit={hold}
      actions={
        <Button kind="main" submit disabled={!reason.trim()}>
          {t("custody.hold")}
        </Button>
      }
    >
      <p>{t("custody.hold_means")}</p>
      <TextField
        label={t("retention.reason")}
        hint={t("custody.reason_hint")}
        value={reason}
        max={REASON_CHARS_MAX}
        onInput={setReason}
        required
        autofocus
      />
    </Dialog>
  );
}

function EraseDialog({ view, onClose, onDone }: DialogProps & { view: TicketView }) {
  const [reason, setReason] = useState<ErasureReason>("request");
  const [reference, setReference] = useState("");
  const [busy, setBusy] = useState(false);
  const ask = (dry_run: boolean) => {
    const body = { grounds: { reason, reference }, dry_run };
    return ok(api.POST("/api/v1/tickets/{number}/erasure", { ...at(view.number), body }));
  };
  const found = useResource(`erasure ${view.number}`, () => ask(true));
  const erase = async (): Promise<void> => {
    setBusy(true);
    try {
      const done = await ask(false);
      toast(t(done.failed.length > 0 ? "custody.erase_again" : "custody.erased"));
      onDone();
      onClose();
    } catch (thrown) {
      toastError(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t("custody.erase")}
      onClose={onClose}
      onSubmit={() => void erase()}
      actions={
        <Button kind="danger" submit busy={busy} disabled={!found.data}>
          {t("custody.erase_now")}
        </Button>
      }
    >
      <div class="stack">
        <p>{t("custody.erase_means")}</p>
        <Loaded of={found} rows={1}>
          {({ tickets }) => (
            <p class="callout callout-warn">
              <b>{t("custody.erase_tickets", { tickets: tickets.join(", ") })}</b>
            </p>
          )}
        </Loaded>
        <p class="soft small">{t("custody.erase_stays")}</p>
        <SelectField
          label={t("retention.reason")}
          value={reason}
          options={GROUNDS.map((name) => [name, t(`custody.grounds.${name}`)] as const)}
          onInput={(name) => setReason(GROUNDS.find((one) => one === name) ?? "request")}
        />
        <TextField
          label={t("custody.reference")}
          hint={t("custody.reference_hint")}
          value={reference}
          max={40}
          pattern="[A-Za-z0-9./\-]*"
          onInput={setReference}
        />
      </div>
    </Dialog>
  );
}
