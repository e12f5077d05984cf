// What was sent to webhooks: done, waiting for another try, or given up.
import { useState } from "preact/hooks";
import { api, may, ok } from "../api/client";
import { useResource } from "../api/resource";
import type { DeliveryState, Webhook, WebhookDelivery } from "../api/schema";
import { Badge, type Tone } from "../ui/badge";
import { Button } from "../ui/button";
import { SelectField } from "../ui/field";
import { Loaded } from "../ui/state";
import { Time } from "../ui/time";
import { toast, toastError } from "../ui/toast";
import { t } from "../words/words";

const STATES: readonly DeliveryState[] = ["waiting", "done", "dead"];
const TONES: Record<DeliveryState, Tone> = { waiting: "amber", done: "green", dead: "red" };

export function Deliveries({ webhooks }: { webhooks: readonly Webhook[] }) {
  const [state, setState] = useState<DeliveryState | "">("");
  const [cursor, setCursor] = useState("");
  const found = useResource(`deliveries ${state} ${cursor}`, () => {
    const query = { ...(state && { state }), ...(cursor && { cursor }) };
    return ok(api.GET("/api/v1/webhook-deliveries", { params: { query } }));
  });
  const again = (id: number): void => {
    ok(api.POST("/api/v1/webhook-deliveries/{id}/redelivery", { params: { path: { id } } }))
      .then(() => {
        toast(t("deliveries.again_done"));
        found.reload();
      })
      .catch(toastError);
  };
  const nameOf = (id: number): string => webhooks.find((hook) => hook.id === id)?.name ?? `${id}`;
  return (
    <section class="card table-box" aria-labelledby="deliveries-title">
      <div class="table-head">
        <h2 id="deliveries-title">{t("deliveries.title")}</h2>
        <SelectField
          bare
          label={t("deliveries.state")}
          value={state}
          options={[
            ["", t("deliveries.all")],
            ...STATES.map((state) => [state, t(`delivery.${state}`)] as const),
          ]}
          onInput={(value) => {
            setCursor("");
            setState(STATES.find((state) => state === value) ?? "");
          }}
        />
      </div>
      <Loaded of={found} rows={4}>
        {(page) =>
          page.items.length === 0 ? (
            <p class="soft table-none">{t("deliveries.none")}</p>
          ) : (
            <>
              <DeliveryTable items={page.items} nameOf={nameOf} again={again} />
              {page.next && (
                <div class="table-none">
                  <Button onClick={() => setCursor(page.next ?? "")}>{t("audit.more")}</Button>
                </div>
              )}
            </>
          )
        }
      </Loaded>
    </section>
  );
}

interface TableProps {
  items: readonly WebhookDelivery[];
  nameOf: (id: number) => string;
  again: (id: number) => void;
}

function DeliveryTable({ items, nameOf, again }: TableProps) {
  return (
    <table class="table">
      <thead>
        <tr>
          <th scope="col">{t("deliveries.state")}</th>
          <th scope="col">{t("deliveries.to")}</th>
          <th scope="col">{t("deliveries.what")}</th>
          <th scope="col">{t("column.number")}</th>
          <th scope="col">{t("audit.at")}</th>
          <th scope="col">{t("deliveries.tries")}</th>
          <th scope="col">
            <span class="unseen">{t("deliveries.again")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((one) => (
          <tr key={one.id}>
            <td>
              <Badge tone={TONES[one.state]}>{t(`delivery.${one.state}`)}</Badge>
            </td>
            <td>{nameOf(one.webhook)}</td>
            <td>{one.kind}</td>
            <td>
              <a href={`/tickets/${one.ticket}`}>{one.ticket}</a>
            </td>
            <td>
              <Time at={one.at} />
            </td>
            <td>
              {one.attempts} <span class="soft small">{one.last_error ?? one.last_status}</span>
            </td>
            <td class="figure">
              {one.state === "dead" && may("system:manage") && (
                <Button small icon="repeat" onClick={() => again(one.id)}>
                  {t("deliveries.again")}
                </Button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
