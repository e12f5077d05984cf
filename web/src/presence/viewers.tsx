// Others who look at the same ticket now.
import { useEffect, useState } from "preact/hooks";
import { api, ok } from "../api/client";
import type { AgentView } from "../api/schema";
import { t } from "../words/words";
import { lookAt } from "./presence";
import { PresenceDot } from "./presence_menu";

const EVERY_MS = 5_000;

export function Viewers({ number }: { number: number }) {
  const [others, setOthers] = useState<AgentView[]>([]);
  useEffect(() => {
    lookAt(number);
    const look = async (): Promise<void> => {
      if (document.hidden) return;
      const path = { number };
      const found = ok(api.GET("/api/v1/tickets/{number}/viewers", { params: { path } }));
      // Who is there is a courtesy: a failure says nothing.
      setOthers(await found.catch(() => []));
    };
    void look();
    const timer = window.setInterval(() => void look(), EVERY_MS);
    return () => {
      window.clearInterval(timer);
      lookAt(undefined);
    };
  }, [number]);
  return (
    <div role="status">
      {others.length > 0 && (
        <p class="callout small viewers">
          {others[0] && <PresenceDot state={others[0].state} />}
          {t("presence.viewers", {
            count: others.length,
            names: others.map((other) => other.user).join(", "),
          })}
        </p>
      )}
    </div>
  );
}
