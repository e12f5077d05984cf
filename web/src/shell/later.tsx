// A page whose code is fetched when it is opened; where that fails, one is told, and tries again.
import type { ComponentType } from "preact";
import { lazy } from "preact-iso";
import { offline } from "../api/problem";
import { Failed } from "../ui/state";
import { t } from "../words/words";
import { PageHead } from "./page";

/** Off line, or the server was renewed and has this code no more: reading all anew helps. */
function NotThere() {
  return (
    <>
      <PageHead title={t("state.failed")} />
      <Failed error={offline()} again={() => location.reload()} />
    </>
  );
}

export const later = (load: () => Promise<{ default: ComponentType }>) =>
  lazy(() => load().catch(() => ({ default: NotThere })));
