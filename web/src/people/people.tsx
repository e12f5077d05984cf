// Who may log in, as what.
import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";
import { api, ok } from "../api/client";
import { useResource } from "../api/resource";
import type { Invitation, User } from "../api/schema";
import { PageHead } from "../shell/page";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { Empty, Loaded } from "../ui/state";
import { Time } from "../ui/time";
import { languageName } from "../words/time";
import { t } from "../words/words";
import { AddPerson } from "./add_person";
import { InvitationDialog } from "./invitation_dialog";
import "./people.css";

const TONES = { active: "green", invited: "amber", disabled: "red" } as const;

export function Status({ of }: { of: User["status"] }) {
  return <Badge tone={TONES[of]}>{t(`user_status.${of}`)}</Badge>;
}

export default function People() {
  const people = useResource("people", () => ok(api.GET("/api/v1/users")));
  const [adding, setAdding] = useState(false);
  const [invited, setInvited] = useState<{ name: string; invitation: Invitation }>();
  return (
    <>
      <PageHead title={t("room.people")}>
        <Button kind="main" onClick={() => setAdding(true)}>
          {t("people.invite")}
        </Button>
      </PageHead>
      <Loaded of={people}>
        {(all) =>
          all.length === 0 ? (
            <Empty title={t("people.none")} />
          ) : (
            <div class="card table-box">
              <table class="table table-cards people">
                <thead>
                  <tr>
                    <th scope="col">{t("people.name")}</th>
                    <th scope="col">{t("people.role")}</th>
                    <th scope="col">{t("people.hotlines")}</th>
                    <th scope="col">{t("people.languages")}</th>
                    <th scope="col">{t("factor.title")}</th>
                    <th scope="col">{t("people.login")}</th>
                    <th scope="col">{t("people.status")}</th>
                  </tr>
                </thead>
                <tbody>
                  {all.map((user) => (
                    <Row key={user.name} user={user} />
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
      {adding && (
        <AddPerson
          onClose={() => setAdding(false)}
          onMade={(name, invitation) => {
            setAdding(false);
            setInvited({ name, invitation });
            people.reload();
          }}
        />
      )}
      {invited && <InvitationDialog {...invited} onClose={() => setInvited(undefined)} />}
    </>
  );
}

function Row({ user }: { user: User }) {
  const { route } = useLocation();
  const { profile } = user;
  const path = `/people/${encodeURIComponent(user.name)}`;
  const hotlines = profile.hotlines === "all" ? t("people.all") : profile.hotlines.only.join(", ");
  return (
    <tr class="people-row" onClick={() => route(path)}>
      <td>
        <a href={path}>
          <b>{profile.display_name}</b>
        </a>
        <small class="soft">{user.name}</small>
      </td>
      <td data-label={t("people.role")}>{t(`role.${profile.role}`)}</td>
      <td data-label={t("people.hotlines")}>{hotlines}</td>
      <td data-label={t("people.languages")}>
        {profile.languages.map(languageName).join(", ") || t("people.all")}
      </td>
      <td data-label={t("factor.title")}>{t(user.second_factor ? "factor.on" : "factor.off")}</td>
      <td data-label={t("people.login")}>{user.login_at ? <Time at={user.login_at} /> : "–"}</td>
      <td>
        <Status of={user.status} />
      </td>
    </tr>
  );
}
