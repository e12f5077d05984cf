// The second factor: set up with a picture drawn here, its recovery codes shown once, removed.
import { useMemo, useState } from "preact/hooks";
import { encode } from "uqr";
import { api, ok, session } from "../api/client";
import type { Enrolment, SessionView } from "../api/schema";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { TextField } from "../ui/field";
import { toast, toastError } from "../ui/toast";
import { t } from "../words/words";
import { Secret } from "./secret";

export function SecondFactorCard({ on }: { on: boolean }) {
  const [dialog, setDialog] = useState<"" | "set_up" | "remove">("");
  return (
    <section class="card stack">
      <div class="line">
        <h2>{t("factor.title")}</h2>
        <Badge tone={on ? "green" : "plain"}>{t(on ? "factor.on" : "factor.off")}</Badge>
      </div>
      <p class="soft">{t("factor.lead")}</p>
      <div class="line">
        {on ? (
          <Button kind="danger" onClick={() => setDialog("remove")}>
            {t("factor.remove")}
          </Button>
        ) : (
          <Button kind="main" onClick={() => setDialog("set_up")}>
            {t("factor.set_up")}
          </Button>
        )}
      </div>
      {dialog === "set_up" && <SetUpDialog onClose={() => setDialog("")} />}
      {dialog === "remove" && <RemoveDialog onClose={() => setDialog("")} />}
    </section>
  );
}

function SetUpDialog({ onClose }: { onClose: () => void }) {
  const [password, setPassword] = useState("");
  const [enrolment, setEnrolment] = useState<Enrolment>();
  const [code, setCode] = useState("");
  const [made, setMade] = useState<{ codes: string[]; session: SessionView }>();
  const [busy, setBusy] = useState(false);

  const step = async (): Promise<void> => {
    setBusy(true);
    try {
      if (!enrolment) {
        setEnrolment(await ok(api.POST("/api/v1/second-factor", { body: { password } })));
      } else {
        const body = { code: code.replace(/\s/g, "") };
        const done = await ok(api.PUT("/api/v1/second-factor", { body }));
        setMade({ codes: done.recovery_codes, session: done.session });
      }
    } catch (thrown) {
      toastError(thrown);
    } finally {
      setBusy(false);
    }
  };
  if (made) {
    // Only now: the page behind changes with the session, and the codes are shown this once.
    const finish = (): void => {
      session.value = made.session;
      onClose();
    };
    return (
      <Dialog title={t("factor.codes_title")} onClose={finish} done={t("factor.codes_kept")}>
        <p>{t("factor.codes_lead")}</p>
        <Secret value={made.codes.join("\n")} lines />
      </Dialog>
    );
  }
  return (
    <Dialog
      title={t("factor.set_up")}
      onClose={onClose}
      onSubmit={() => void step()}
      actions={
        <Button kind="main" submit busy={busy}>
          {t("act.continue")}
        </Button>
      }
    >
      {enrolment ? (
        <Scan enrolment={enrolment} code={code} onCode={setCode} />
      ) : (
        <TextField
          label={t("log_in.password")}
          hint={t("factor.password_hint")}
          type="password"
          value={password}
          onInput={setPassword}
          autocomplete="current-password"
          required
          autofocus
        />
      )}
    </Dialog>
  );
}

interface ScanProps {
  enrolment: Enrolment;
  code: string;
  onCode: (code: string) => void;
}

function Scan({ enrolment, code, onCode }: ScanProps) {
  return (
    <>
      <p>{t("factor.scan")}</p>
      <Qr text={enrolment.url} />
      <details>
        <summary>{t("factor.by_hand")}</summary>
        <Secret value={enrolment.secret} />
      </details>
      <TextField
        label={t("log_in.code")}
        value={code}
        onInput={onCode}
        inputMode="numeric"
        autocomplete="one-time-code"
        required
        autofocus
      />
    </>
  );
}

function RemoveDialog({ onClose }: { onClose: () => void }) {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const remove = async (): Promise<void> => {
    try {
      await ok(api.POST("/api/v1/second-factor/removal", { body: { password, code } }));
      const now = session.value;
      if (now) session.value = { ...now, user: { ...now.user, second_factor: false } };
      toast(t("factor.removed"));
      onClose();
    } catch (thrown) {
      toastError(thrown);
    }
  };
  return (
    <Dialog
      title={t("factor.remove")}
      onClose={onClose}
      onSubmit={() => void remove()}
      actions={
        <Button kind="danger" submit>
          {t("factor.remove")}
        </Button>
      }
    >
      <TextField
        label={t("log_in.password")}
        type="password"
        value={password}
        onInput={setPassword}
        autocomplete="current-password"
        required
        autofocus
      />
      <TextField
        label={t("log_in.code")}
        hint={t("log_in.code_hint")}
        value={code}
        onInput={setCode}
        autocomplete="one-time-code"
        required
      />
    </Dialog>
  );
}

/** Always dark on white: cameras read it so. */
function Qr({ text }: { text: string }) {
  const { size, path } = useMemo(() => {
    const { size, data } = encode(text, { border: 2 });
    const dots = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")));
    return { size, path: dots.join("") };
  }, [text]);
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={t("factor.qr")}>
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" shape-rendering="crispEdges" />
    </svg>
  );
}
