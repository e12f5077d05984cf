// The queue: live, in the order of giving out, worked by keyboard.
import { signal } from "@preact/signals";
import { useLocation } from "preact-iso";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { may, userName } from "../api/client";
import { onNews, useGaps } from "../api/events";
import { rowOf, type TicketRow } from "../api/row";
import { keyHint } from "../shell/help";
import { useCommands } from "../shell/commands";
import { PageHead } from "../shell/page";
import { DoneDialog } from "../ticket/done_dialog";
import { ReferDialog } from "../ticket/refer_dialog";
import { Button } from "../ui/button";
import { Empty, Failed, Skeleton } from "../ui/state";
import { toast } from "../ui/toast";
import { number } from "../words/time";
import { t } from "../words/words";
import { actClaimed, claimNextAnywhere, claimRow, refused } from "./claim";
import { FilterBar } from "./filter_bar";
import { readFilters, toQuery, writeFilters, type Filters } from "./filters";
import { LiveList } from "./list";
import { queuePath } from "./place";
import { Rows } from "./rows";
import "./queue.css";

/** Which ticket the keys are about; it outlives a look at the ticket. */
const focused = signal(0);
const SEARCH_PAUSE_MS = 250;
const PAGE_ROWS = 12;
/** So many rows before its end the next page is asked for. */
const AHEAD = 60;

const pathOf = (search: string): string => (search ? `/?${search}` : "/");

/** Filters as they stand in the address. */
function useFilters() {
  const { query, route } = useLocation();
  const [filters, setFilters] = useState(() => readFilters(query));
  const change = (change: Partial<Filters>): void => {
    const next = { ...filters, ...change };
    // Another preset has its own usual order.
    if (change.show) next.order = readFilters({ show: change.show }).order;
    setFilters(next);
    route(pathOf(writeFilters(next)), true);
  };
  const go = (search: string): void => {
    setFilters(readFilters(Object.fromEntries(new URLSearchParams(search))));
    route(pathOf(search), true);
  };
  queuePath.value = pathOf(writeFilters(filters));
  return { filters, change, go };
}

/** The ticket that the keys are about, and the keys that move it. */
function useFocus(rows: readonly TicketRow[]) {
  const at = rows.findIndex((row) => row.number === focused.value);
  const lastAt = useRef(0);
  if (at >= 0) lastAt.current = at;
  useEffect(() => {
    // What was done leaves the list: the next one takes its place.
    if (at < 0) focused.value = rows[Math.min(lastAt.current, rows.length - 1)]?.number ?? 0;
  }, [rows]);
  const move = (to: number): void => {
    const next = rows[Math.max(0, Math.min(to, rows.length - 1))];
    if (next) focused.value = next.number;
  };
  useCommands({
    next: () => move(at + 1),
    previous: () => move(at - 1),
    first: () => move(0),
    last: () => move(rows.length - 1),
    page_down: () => move(at + PAGE_ROWS),
    page_up: () => move(at - PAGE_ROWS),
  });
  return rows[at];
}

export function Queue() {
  const { route } = useLocation();
  const { filters, change, go } = useFilters();
  const list = useList(filters, writeFilters(filters));
  const { rows, total } = list.state.value;
  const box = useRef<HTMLInputElement>(null);
  const chosen = useChosen(rows);
  const [dialog, setDialog] = useState<"" | "done" | "refer">("");
  const works = may("tickets:work");
  const row = useFocus(rows);
  const open = (number: number): void => route(`/tickets/${number}`);
  const claimNext = (): void => void claimNextAnywhere(route, filters.hotline);
  const marked = chosen.numbers.size > 0 ? chosen.rows : row ? [row] : [];
  useCommands({
    open: () => row && open(row.number),
    search: () => box.current?.select(),
    ...(works && {
      claim: () => row && void claimRow(row, (next) => list.put(next)),
      claim_next: claimNext,
      done: () => row && setDialog("done"),
      refer: () => marked.length > 0 && setDialog("refer"),
      select: () => row && chosen.toggle(row.number),
      unselect: chosen.clear,
    }),
  });
  return (
    <div class="queue">
      <QueueHead total={total} filters={filters} works={works} onNext={claimNext} />
      <FilterBar filters={filters} change={change} go={go} search={box} canWork={works} />
      <Bulk chosen={chosen} onRefer={() => setDialog("refer")} />
      <List
        list={list}
        filters={filters}
        chosen={chosen.numbers}
        selectable={works}
        onChoose={chosen.toggle}
        onOpen={open}
      />
      {dialog === "done" && row && (
        <DoneDialog
          hotline={row.hotline}
          onClose={() => setDialog("")}
          onPick={(disposition) => void finish(row, disposition, list)}
        />
      )}
      {dialog === "refer" && (
        <ReferDialog
          hotlines={[...new Set(marked.map((row) => row.hotline))]}
          count={marked.length}
          onClose={() => setDialog("")}
          onPick={(office) => void referAll(marked, office, list).then(chosen.clear)}
        />
      )}
    </div>
  );
}

function Bulk({ chosen, onRefer }: { chosen: Chosen; onRefer: () => void }) {
  if (chosen.numbers.size === 0) return null;
  return (
    <div class="bulk" role="status">
      <b>{t("queue.chosen", { count: chosen.numbers.size })}</b>
      <Button small hint={keyHint("refer")} onClick={onRefer}>
        {t("queue.refer_chosen")}
      </Button>
      <Button small kind="quiet" hint="Esc" onClick={chosen.clear}>
        {t("queue.unchoose")}
      </Button>
    </div>
  );
}

async function finish(row: TicketRow, disposition: string, list: LiveList): Promise<void> {
  try {
    list.put(rowOf(await actClaimed(row, { act: "finish", disposition }), row));
    toast(t("ticket.finished", { number: row.number }));
  } catch (thrown) {
    await refused(row.number, thrown, (view) => list.put(rowOf(view, row)));
  }
}

/** One after the other: what is refused is named, the rest goes on. */
async function referAll(rows: readonly TicketRow[], office: string, list: LiveList): Promise<void> {
  let done = 0;
  for (const row of rows) {
    try {
      list.put(rowOf(await actClaimed(row, { act: "refer", office }), row));
      done += 1;
    } catch (thrown) {
      await refused(row.number, thrown, (view) => list.put(rowOf(view, row)));
    }
  }
  if (done > 0) toast(t("queue.referred", { count: done, office }));
}

interface HeadProps {
  total: number;
  filters: Filters;
  works: boolean;
  onNext: () => void;
}

function QueueHead(props: HeadProps) {
  const wanted = toQuery(props.filters, userName());
  const search = new URLSearchParams(
    Object.entries(wanted).map(([name, of]) => [name, String(of)]),
  );
  return (
    <PageHead
      title={t("room.queue")}
      beside={
        <span class="soft" aria-live="polite">
          {t("queue.count", { count: props.total, shown: number(props.total) })}
        </span>
      }
    >
      {may("tickets:export") && (
        <a class="button" href={`/api/v1/tickets/export?${search.toString()}`} download>
          {t("queue.export")}
        </a>
      )}
      {props.works && (
        <Button kind="main" icon="phone" hint={keyHint("claim_next")} onClick={props.onNext}>
          {t("command.claim_next")}
        </Button>
      )}
    </PageHead>
  );
}

interface ListProps {
  list: LiveList;
  filters: Filters;
  chosen: ReadonlySet<number>;
  selectable: boolean;
  onChoose: (number: number) => void;
  onOpen: (number: number) => void;
}

function List({ list, filters, ...rest }: ListProps) {
  const { rows, total, complete, loading, error } = list.state.value;
  if (rows.length === 0) {
    if (error) return <Failed error={error} again={() => void list.reload()} />;
    if (loading || !complete) return <Skeleton rows={10} height={46} />;
    const narrowed = writeFilters({ ...filters, show: "todo", order: "queue" }) !== "";
    return (
      <Empty title={t(narrowed ? "queue.none_found" : `empty.${filters.show}`)}>
        {t(narrowed ? "queue.none_found_do" : `empty.${filters.show}_do`)}
      </Empty>
    );
  }
  return (
    <Rows
      {...rest}
      rows={rows}
      total={total}
      focused={focused.value}
      fresh={list.fresh.value}
      onFocus={(number) => (focused.value = number)}
      onNear={(index) => {
        if (index + AHEAD > rows.length) void list.more();
      }}
    />
  );
}

function useList(filters: Filters, search: string): LiveList {
  const list = useMemo(() => new LiveList(filters), [search]);
  const shown = useRef(list);
  useEffect(() => {
    const wait = window.setTimeout(() => void list.reload(), filters.q ? SEARCH_PAUSE_MS : 0);
    const deaf = onNews((news) => list.told(news));
    return () => {
      window.clearTimeout(wait);
      deaf();
      list.close();
    };
  }, [list]);
  useGaps(() => void list.reload());
  // The old rows stay until the new ones are there: nothing jumps while one types.
  if (!list.state.value.loading || list.state.value.rows.length > 0) shown.current = list;
  return shown.current;
}

interface Chosen {
  numbers: ReadonlySet<number>;
  rows: readonly TicketRow[];
  toggle: (number: number) => void;
  clear: () => void;
}

function useChosen(rows: readonly TicketRow[]): Chosen {
  const [numbers, setNumbers] = useState<ReadonlySet<number>>(new Set());
  return {
    numbers,
    rows: rows.filter((row) => numbers.has(row.number)),
    toggle: (number) => {
      const next = new Set(numbers);
      if (!next.delete(number)) next.add(number);
      setNumbers(next);
    },
    clear: () => setNumbers(new Set()),
  };
}
