// One's own password, second factor, sessions and API tokens.
import { session } from "../api/client";
import { PageHead } from "../shell/page";
import { t } from "../words/words";
import { PasswordCard } from "./password_card";
import { SecondFactorCard } from "./second_factor";
import { SessionsCard } from "./sessions_card";
import { TokensCard } from "./tokens_card";
import "./session.css";

export default function Account() {
  const now = session.value;
  if (!now) return null;
  if (now.must_enrol) {
    return (
      <>
        <PageHead title={t("account.enrol_title")} />
        <p class="callout callout-warn enrol">{t("account.enrol_lead")}</p>
        <div class="account">
          <SecondFactorCard on={false} />
        </div>
      </>
    );
  }
  return (
    <>
      <PageHead
        title={t("account.title")}
        beside={<span class="soft">{`${now.user.profile.display_name} (${now.user.name})`}</span>}
      />
      <div class="account">
        <PasswordCard />
        <SecondFactorCard on={now.user.second_factor} />
        <SessionsCard />
        <TokensCard />
      </div>
    </>
  );
}
