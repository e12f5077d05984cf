// An address that leads nowhere.
import { Empty } from "../ui/state";
import { t } from "../words/words";
import { PageHead } from "./page";

export function Missing() {
  return (
    <>
      <PageHead title={t("missing.title")} />
      <Empty title={t("missing.words")} action={<a href="/">{t("missing.home")}</a>} />
    </>
  );
}
