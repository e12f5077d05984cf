// What is to be done now: whom to call, and the acts that fit where the ticket stands.
import { useState } from "preact/hooks";
import { may, userName } from "../api/client";
import type { TicketView } from "../api/schema";
import { stageWords } from "../queue/stage";
import { keyHint } from "../shell/help";
import { useCommands } from "../shell/commands";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { Menu, type MenuItem } from "../ui/menu";
import { toast } from "../ui/toast";
import { t } from "../words/words";
import type { Acts } from "./acts";
import { CallBack, ringUp, useCallBack } from "./call_back";
import { DoneDialog } from "./done_dialog";
import { Lease } from "./lease";
import { MergeDialog } from "./merge_dialog";
import { ReferDialog } from "./refer_dialog";
import { ScheduleDialog } from "./schedule_dialog";

interface Props {
  view: TicketView;
  acts: Acts;
  leave: () => void;
}

type DialogName = "" | "done" | "refer" | "schedule" | "merge";

export function Desk({ view, acts, leave }: Props) {
  const [dialog, setDialog] = useState<DialogName>("");
  const close = (): void => setDialog("");
  const can = abilities(view);
  const callBack = useCallBack(view);
  const ring = (): Promise<void> => ringUp(view, acts, callBack);
  const miss = async (): Promise<void> => {
    if (await acts.act({ act: "miss" })) toast(t("ticket.missed"));
  };
  const run = (ability: keyof Abilities, work: () => void) => (can[ability] ? work : undefined);
  const keys = {
    ticket_claim: run("claim", () => void acts.act({ act: "claim" })),
    ring: run("ring", () => void ring()),
    missed: run("miss", () => void miss()),
    ticket_done: run("finish", () => setDialog("done")),
    ticket_refer: run("refer", () => setDialog("refer")),
    schedule: run("schedule", () => setDialog("schedule")),
    extend: run("extend", () => void acts.act({ act: "extend" })),
    give_back: run("release", () => void acts.act({ act: "release" })),
    leave,
  };
  // Only what can be done answers its key: the rest is left to whoever else knows it.
  useCommands(Object.fromEntries(Object.entries(keys).filter(([, work]) => work)));

  const finish = async (disposition: string): Promise<void> => {
    if (await acts.act({ act: "finish", disposition })) {
      toast(t("ticket.finished", { number: view.number }));
      leave();
    }
  };
  const refer = async (office: string): Promise<void> => {
    const done = await acts.act({ act: "refer", office });
    if (done) toast(t("queue.referred", { count: 1, office }));
  };
  return (
    <section class="card desk" aria-labelledby="desk-title">
      <h2 id="desk-title" class="unseen">
        {t("desk.title")}
      </h2>
      <Number view={view} />
      {"until" in view.stage ? (
        <Lease stage={view.stage} />
      ) : (
        view.stage.name !== "open" && <p class="soft">{stageWords(view.stage)}</p>
      )}
      <CallBack of={callBack} />
      {view.offices.length > 0 && (
        <p class="callout callout-warn small">
          {t("desk.decide", { offices: view.offices.join(", ") })}
        </p>
      )}
      <Buttons keys={keys} view={view} acts={acts} can={can} openMerge={() => setDialog("merge")} />
      {dialog === "done" && (
        <DoneDialog hotline={view.hotline} onClose={close} onPick={(how) => void finish(how)} />
      )}
      {dialog === "refer" && (
        <ReferDialog
          hotlines={[view.hotline]}
          count={1}
          likely={view.offices}
          onClose={close}
          onPick={(office) => void refer(office)}
        />
      )}
      {dialog === "schedule" && <ScheduleDialog acts={acts} onClose={close} />}
      {dialog === "merge" && <MergeDialog view={view} acts={acts} onClose={close} />}
    </section>
  );
}

function Number({ view }: { view: TicketView }) {
  if (view.masked) return null;
  const number = view.callback_number || view.caller_id;
  if (!number) return <p class="desk-number desk-none">{t("desk.no_number")}</p>;
  return (
    <p class="desk-number">
      <a href={`tel:${number}`}>{number}</a>
      {view.caller_id && view.caller_id !== number && (
        <small class="soft">{t("desk.called_from", { number: view.caller_id })}</small>
      )}
    </p>
  );
}

interface Abilities {
  claim: boolean;
  ring: boolean;
  miss: boolean;
  finish: boolean;
  refer: boolean;
  schedule: boolean;
  extend: boolean;
  release: boolean;
  handBack: boolean;
  cancel: boolean;
  reopen: boolean;
  supervise: boolean;
}

/** What the life cycle takes here, of whom; the server decides the same way. */
export function abilities(view: TicketView): Abilities {
  const { stage } = view;
  const works = may("tickets:work");
  const supervise = may("tickets:supervise");
  const held = stage.name === "claimed" || stage.name === "calling";
  const own = held && stage.by === userName();
  const open = stage.name === "open";
  const waiting = open || stage.name === "scheduled";
  const pending = waiting || held || stage.name === "referred";
  const free = works && pending && (!held || own);
  const ended = ["put_through", "done", "unreached", "cancelled"].includes(stage.name);
  return {
    claim: works && open,
    ring: works && (open || (own && stage.name === "claimed")),
    miss: own && stage.name === "calling",
    finish: works && (own || open || stage.name === "referred"),
    refer: free,
    schedule: free && stage.name !== "referred",
    extend: own,
    release: own || (held && supervise),
    handBack: works && stage.name === "referred",
    cancel: free,
    reopen: supervise && (ended || stage.name === "scheduled"),
    supervise: supervise && works,
  };
}

type Keys = Partial<Record<string, (() => void) | undefined>>;

interface ButtonsProps {
  keys: Keys;
  view: TicketView;
  acts: Acts;
  can: Abilities;
  openMerge: () => void;
}

function Buttons({ keys, view, acts, can, openMerge }: ButtonsProps) {
  const { stage } = view;
  const button = (
    name:
      | "ticket_claim"
      | "ring"
      | "missed"
      | "ticket_done"
      | "ticket_refer"
      | "schedule"
      | "give_back",
    main = false,
  ) => {
    const work = keys[name];
    return (
      work && (
        <Button kind={main ? "main" : "plain"} hint={keyHint(name)} busy={acts.busy} onClick={work}>
          {t(`command.${name}`)}
        </Button>
      )
    );
  };
  const more = moreItems(view, acts, can, openMerge);
  return (
    <div class="desk-acts">
      {button("ticket_claim", stage.name === "open")}
      {button("ring", stage.name === "claimed")}
      {button("ticket_done", stage.name === "calling" || stage.name === "referred")}
      {button("missed")}
      {button("schedule")}
      {button("ticket_refer")}
      {button("give_back")}
      {keys.extend && (
        <Button hint={keyHint("extend")} busy={acts.busy} onClick={keys.extend}>
          {t("command.extend")}
        </Button>
      )}
      {can.handBack && (
        <Button busy={acts.busy} onClick={() => void acts.act({ act: "hand_back" })}>
          {t("desk.hand_back")}
        </Button>
      )}
      {can.reopen && (
        <Button busy={acts.busy} onClick={() => void acts.act({ act: "reopen" })}>
          {t("desk.reopen")}
        </Button>
      )}
      {more.length > 0 && (
        <Menu label={t("desk.more")} items={more} align="end">
          <span>{t("desk.more")}</span>
          <Icon name="down" />
        </Menu>
      )}
    </div>
  );
}

function moreItems(
  view: TicketView,
  acts: Acts,
  can: Abilities,
  openMerge: () => void,
): MenuItem[] {
  const items: MenuItem[] = [];
  if (can.supervise) {
    for (const priority of ["emergency", "high", "normal"] as const) {
      items.push({
        words: t(`desk.priority_${priority}`),
        checked: view.priority === priority,
        onPick: () => void acts.act({ act: "prioritise", priority }),
      });
    }
    items.push({ words: t("merge.title"), apart: true, onPick: openMerge });
  }
  if (can.cancel) {
    const onPick = (): void => void acts.act({ act: "cancel" });
    items.push({ words: t("desk.cancel"), danger: true, onPick });
  }
  return items;
}
