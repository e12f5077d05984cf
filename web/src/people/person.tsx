// One user: profile, invitation, second factor, log-ins, tokens; kept out, or removed.
import { useLocation, useRoute } from "preact-iso";
import { useState } from "preact/hooks";
import { api, ok, userName } from "../api/client";
import { useResource, type Resource } from "../api/resource";
import type { Invitation, User } from "../api/schema";
import { PageHead } from "../shell/page";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Loaded } from "../ui/state";
import { toast, toastError } from "../ui/toast";
import { day } from "../words/time";
import { t } from "../words/words";
import { InvitationDialog } from "./invitation_dialog";
import { Status } from "./people";
import { ProfileFields } from "./profile_fields";
import "./people.css";

export default function Person() {
  const name = useRoute().params.name ?? "";
  const path = { params: { path: { name } } };
  const user = useResource(`user ${name}`, () => ok(api.GET("/api/v1/users/{name}", path)));
  return (
    <>
      <PageHead
        title={user.data?.profile.display_name ?? name}
        beside={
          <div class="line">
            <span class="soft">{name}</span>
            {user.data && <Status of={user.data.status} />}
          </div>
        }
      >
        <a class="button button-quiet" href="/people">
          <Icon name="back" />
          <span>{t("people.back")}</span>
        </a>
      </PageHead>
      <Loaded of={user}>
        {(found) => (
          <div class="person">
            <ProfileCard key={found.version} user={found} of={user} />
            <AccessCard user={found} of={user} />
            <Tokens name={found.name} />
          </div>
        )}
      </Loaded>
    </>
  );
}

function ProfileCard({ user, of }: { user: User; of: Resource<User> }) {
  const [profile, setProfile] = useState(user.profile);
  const save = async (): Promise<void> => {
    const header = { "If-Match": `"${user.version}"` };
    const params = { path: { name: user.name }, header };
    try {
      of.set(await ok(api.PUT("/api/v1/users/{name}", { params, body: profile })));
      toast(t("people.saved"));
    } catch (thrown) {
      toastError(thrown);
      of.reload();
    }
  };
  return (
    <form
      class="card stack"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <h2>{t("people.profile")}</h2>
      <ProfileFields profile={profile} onChange={setProfile} />
      <div>
        <Button kind="main" submit disabled={profile === user.profile}>
          {t("act.save")}
        </Button>
      </div>
    </form>
  );
}

function AccessCard({ user, of }: { user: User; of: Resource<User> }) {
  const { route } = useLocation();
  const [invitation, setInvitation] = useState<Invitation>();
  const [removing, setRemoving] = useState(false);
  const self = user.name === userName();
  const params = { path: { name: user.name } };
  const out = user.status === "disabled";
  const run = (work: Promise<unknown>, words: string): void => {
    work.then(() => toast(words), toastError).finally(of.reload);
  };
  const invite = (): void => {
    ok(api.POST("/api/v1/users/{name}/invitation", { params }))
      .then(setInvitation)
      .catch(toastError);
  };
  const keepOut = (): void => {
    const body = { disabled: !out };
    const words = t(out ? "people.let_in_done" : "people.kept_out_done");
    run(ok(api.PUT("/api/v1/users/{name}/disabled", { params, body })), words);
  };
  const dropFactor = (): void =>
    run(ok(api.DELETE("/api/v1/users/{name}/second-factor", { params })), t("factor.removed"));
  const endAll = (): void =>
    run(ok(api.DELETE("/api/v1/users/{name}/sessions", { params })), t("people.ended"));
  const remove = (): void => {
    ok(api.DELETE("/api/v1/users/{name}", { params }))
      .then(() => route("/people"))
      .catch(toastError);
  };
  return (
    <section class="card stack">
      <h2>{t("people.access")}</h2>
      <Step words={t("people.invite_again_hint")} act={t("people.invite_again")} onClick={invite} />
      {user.second_factor && (
        <Step words={t("people.factor_hint")} act={t("factor.remove")} onClick={dropFactor} />
      )}
      <Step words={t("people.end_hint")} act={t("sessions.end_all")} onClick={endAll} />
      {!self && (
        <>
          <Step
            words={t("people.keep_out_hint")}
            act={t(out ? "people.let_in" : "people.keep_out")}
            onClick={keepOut}
          />
          <Step
            words={t("people.remove_hint")}
            act={t("people.remove")}
            onClick={() => setRemoving(true)}
            danger
          />
        </>
      )}
      {invitation && (
        <InvitationDialog
          name={user.profile.display_name}
          invitation={invitation}
          onClose={() => setInvitation(undefined)}
        />
      )}
      {removing && (
        <RemoveDialog
          name={user.profile.display_name}
          onClose={() => setRemoving(false)}
          onRemove={remove}
        />
      )}
    </section>
  );
}

interface RemoveProps {
  name: string;
  onClose: () => void;
  onRemove: () => void;
}

function RemoveDialog({ name, onClose, onRemove }: RemoveProps) {
  return (
    <Dialog
      title={t("people.remove_title", { name })}
      onClose={onClose}
      onSubmit={onRemove}
      actions={
        <Button kind="danger" submit>
          {t("people.remove")}
        </Button>
      }
    >
      <p>{t("people.remove_hint")}</p>
    </Dialog>
  );
}

interface StepProps {
  words: string;
  act: string;
  onClick: () => void;
  danger?: boolean;
}

function Step({ words, act, onClick, danger = false }: StepProps) {
  return (
    <div class="step">
      <p class="soft">{words}</p>
      <Button small kind={danger ? "danger" : "plain"} onClick={onClick}>
        {act}
      </Button>
    </div>
  );
}

function Tokens({ name }: { name: string }) {
  const init = { params: { path: { name } } };
  const tokens = useResource(`tokens ${name}`, () =>
    ok(api.GET("/api/v1/users/{name}/tokens", init)),
  );
  const revoke = (number: number): void => {
    const params = { path: { name, number } };
    ok(api.DELETE("/api/v1/users/{name}/tokens/{number}", { params }))
      .then(tokens.reload)
      .catch(toastError);
  };
  return (
    <section class="card stack">
      <h2>{t("tokens.title")}</h2>
      <Loaded of={tokens} rows={1}>
        {(all) =>
          all.length === 0 ? (
            <p class="soft">{t("people.no_tokens")}</p>
          ) : (
            <ul>
              {all.map((token) => (
                <li key={token.number} class="step">
                  <span>
                    <b>{token.label}</b>{" "}
                    <span class="soft small">
                      {t("tokens.until", { day: day(token.expires_at) })}
                    </span>
                  </span>
                  {token.revoked_at ? (
                    <Badge tone="red">{t("tokens.revoked")}</Badge>
                  ) : (
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
    </section>
  );
}
