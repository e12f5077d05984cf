// A call back by a click: one's own telephone rings, then the caller's; asks how it went.
import { useEffect, useState } from "preact/hooks";
import { api, ok, session, userName } from "../api/client";
import { hotlineOf } from "../api/hotlines";
import type { CallbackCall, TicketView } from "../api/schema";
import { talks } from "../presence/presence";
import { Button } from "../ui/button";
import { toastError } from "../ui/toast";
import { now, position } from "../words/time";
import { t } from "../words/words";
import type { Acts } from "./acts";

const LOOK_MS = 1_000;

/** The server can ring one's own telephone and the caller's. */
export const callsByClick = (view: TicketView): boolean =>
  (hotlineOf(view.hotline)?.calls_back ?? false) &&
  (session.value?.user.profile.extension ?? "") !== "" &&
  view.callback_number !== "";

const params = (number: number) => ({ params: { path: { number } } });

export interface CallBackState {
  call: CallbackCall | undefined;
  /** True when one's telephone rings. */
  place: () => Promise<boolean>;
  hangUp: () => void;
}

/** Follows the ticket's call while there is one. */
export function useCallBack(view: TicketView): CallBackState {
  const own = "by" in view.stage && view.stage.by === userName();
  const [call, setCall] = useState<CallbackCall>();
  const running = call !== undefined && call.state.name !== "ended";
  const look = async (): Promise<void> => {
    const found = api.GET("/api/v1/tickets/{number}/call", params(view.number));
    setCall((await found.catch(() => undefined))?.data);
  };
  useEffect(() => {
    if (own && view.stage.name === "calling" && callsByClick(view)) void look();
  }, [view.number, own]);
  useEffect(() => {
    talks(running);
    if (!running) return;
    const timer = window.setInterval(() => void look(), LOOK_MS);
    return () => window.clearInterval(timer);
  }, [running]);
  const place = async (): Promise<boolean> => {
    try {
      setCall(await ok(api.POST("/api/v1/tickets/{number}/call", params(view.number))));
      return true;
    } catch (thrown) {
      toastError(thrown);
      return false;
    }
  };
  const hangUp = (): void => {
    ok(api.DELETE("/api/v1/tickets/{number}/call", params(view.number)))
      .then(look)
      .catch(toastError);
  };
  return { call, place, hangUp };
}

/** By the server where it can, else by whatever opens `tel:` on this computer. */
export async function ringUp(view: TicketView, acts: Acts, by: CallBackState): Promise<void> {
  if (callsByClick(view)) {
    const open = view.stage.name === "open";
    if (!open || (await acts.act({ act: "claim" }))) await by.place();
  } else if ((await acts.act({ act: "ring" })) && view.callback_number) {
    location.href = `tel:${view.callback_number}`;
  }
}

export function CallBack({ of }: { of: CallBackState }) {
  const { call, hangUp } = of;
  if (!call) return null;
  const { state } = call;
  return (
    <div class={`call-back call-back-${state.name}`}>
      <p role="status">
        <b>{t(`call_back.${state.name}`)}</b>
        {state.name === "talking" && <Length since={state.since} />}
        {state.name === "ended" && <span>{t(`call_back.outcome.${state.outcome}`)}</span>}
      </p>
      {state.name === "ended" ? (
        <p class="small soft">{t("call_back.say_how")}</p>
      ) : (
        <Button kind="danger" icon="phone" onClick={hangUp}>
          {t("call_back.hang_up")}
        </Button>
      )}
    </div>
  );
}

function Length({ since }: { since: string }) {
  const [at, setAt] = useState(now.value);
  useEffect(() => {
    const timer = window.setInterval(() => setAt(Date.now()), 1_000);
    return () => window.clearInterval(timer);
  }, []);
  return <span class="call-back-length">{position(Math.max(0, at - Date.parse(since)))}</span>;
}
