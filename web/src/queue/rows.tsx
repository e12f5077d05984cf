// The queue's table: only what can be seen is drawn; the focus is a ticket, not a line.
import type { RefObject } from "preact";
import { memo } from "preact/compat";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { TicketRow } from "../api/row";
import { Icon } from "../ui/icon";
import { useVirtual } from "../ui/virtual";
import { languageName } from "../words/time";
import { named, t } from "../words/words";
import { Due, PriorityMark, Stage } from "./stage";

interface Props {
  rows: readonly TicketRow[];
  total: number;
  focused: number;
  chosen: ReadonlySet<number>;
  fresh: ReadonlySet<number>;
  selectable: boolean;
  onFocus: (number: number) => void;
  onOpen: (number: number) => void;
  onChoose: (number: number) => void;
  onNear: (index: number) => void;
}

const NARROW = "(max-width: 900px)";

export function Rows(props: Props) {
  const { rows, total, focused } = props;
  const box = useRef<HTMLDivElement>(null);
  const height = useRowHeight();
  const count = Math.max(total, rows.length);
  const virtual = useVirtual(box, count, height);
  const items = virtual.getVirtualItems();
  const at = rows.findIndex((row) => row.number === focused);

  const last = items.at(-1)?.index ?? 0;
  useEffect(() => props.onNear(last), [last, rows.length]);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [focused]);
  useAnchor(box, rows, height);

  return (
    <div
      class="grid"
      role="grid"
      aria-label={t("queue.table")}
      aria-rowcount={count + 1}
      aria-multiselectable={props.selectable}
      aria-activedescendant={at >= 0 ? `ticket-${focused}` : undefined}
      tabIndex={0}
    >
      <Heads selectable={props.selectable} />
      <div class="grid-box" ref={box} role="rowgroup">
        <div
          class="grid-inner"
          role="presentation"
          style={{ height: `${virtual.getTotalSize()}px` }}
        >
          {items.map(({ index, start }) => {
            const row = rows[index];
            const place = { transform: `translateY(${start}px)`, height: `${height}px` };
            if (!row)
              return <div key={index} class="row row-empty" style={place} role="presentation" />;
            return (
              <div key={row.number} class="row-place" style={place} role="presentation">
                <Row
                  row={row}
                  index={index}
                  focused={row.number === focused}
                  chosen={props.chosen.has(row.number)}
                  fresh={props.fresh.has(row.number)}
                  selectable={props.selectable}
                  onFocus={props.onFocus}
                  onOpen={props.onOpen}
                  onChoose={props.onChoose}
                />
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function Heads({ selectable }: { selectable: boolean }) {
  return (
    <div role="rowgroup">
      <div class="row heads" role="row" aria-rowindex={1}>
        {selectable && (
          <span role="columnheader" class="cell-choose">
            <span class="unseen">{t("column.choose")}</span>
          </span>
        )}
        <span role="columnheader">{t("column.number")}</span>
        <span role="columnheader">{t("column.due")}</span>
        <span role="columnheader">{t("column.caller")}</span>
        <span role="columnheader">{t("column.need")}</span>
        <span role="columnheader">{t("column.stage")}</span>
        <span role="columnheader" class="cell-marks">
          {t("column.marks")}
        </span>
      </div>
    </div>
  );
}

interface RowProps extends Pick<Props, "selectable" | "onFocus" | "onOpen" | "onChoose"> {
  row: TicketRow;
  index: number;
  focused: boolean;
  chosen: boolean;
  fresh: boolean;
}

const Row = memo(function Row(props: RowProps) {
  const { row, focused, chosen, fresh, selectable } = props;
  const names = ["row", focused && "row-focused", chosen && "row-chosen", fresh && "row-fresh"];
  return (
    <div
      class={names.filter(Boolean).join(" ")}
      role="row"
      id={`ticket-${row.number}`}
      aria-rowindex={props.index + 2}
      aria-selected={selectable ? chosen : undefined}
      onClick={(event) => {
        if ((event.target as HTMLElement).closest("a, input")) return;
        props.onFocus(row.number);
        props.onOpen(row.number);
      }}
    >
      {selectable && (
        <span role="gridcell" class="cell-choose">
          <input
            type="checkbox"
            tabIndex={-1}
            aria-label={t("queue.choose", { number: row.number })}
            checked={chosen}
            onChange={() => props.onChoose(row.number)}
          />
        </span>
      )}
      <span role="gridcell" class="cell-number">
        <a href={`/tickets/${row.number}`} tabIndex={-1}>
          {row.number}
        </a>
        <PriorityMark priority={row.priority} />
      </span>
      <span role="gridcell" class="cell-due">
        <Due at={row.due_at} stage={row.stage} escalation={row.escalation} />
      </span>
      <span role="gridcell" class="cell-caller">
        <Caller row={row} />
      </span>
      <span role="gridcell" class="cell-need">
        <b class={row.need ? undefined : "unknown"}>
          {row.need ? named("need", row.need) : t("queue.need_unknown")}
        </b>
        <small>{row.masked ? (row.office ?? "") : row.address || t("queue.no_address")}</small>
      </span>
      <span role="gridcell" class="cell-stage">
        <Stage stage={row.stage} />
        {row.office && row.stage.name !== "referred" && <small>{row.office}</small>}
      </span>
      <span role="gridcell" class="cell-marks">
        <Marks row={row} />
      </span>
    </div>
  );
});

function Caller({ row }: { row: TicketRow }) {
  if (row.masked) return <small>{t("queue.masked")}</small>;
  return (
    <>
      <b class={row.name ? undefined : "unknown"}>{row.name || t("queue.no_name")}</b>
      <small>{row.callback_number || row.caller_id}</small>
    </>
  );
}

function Marks({ row }: { row: TicketRow }) {
  return (
    <>
      {row.to_be_transcribed && (
        <span class="mark mark-ear" title={t("mark.listen")}>
          <Icon name="ear" />
          <span class="unseen">{t("mark.listen")}</span>
        </span>
      )}
      <Mark
        icon="repeat"
        count={row.calls > 1 ? row.calls : 0}
        words={t("mark.calls", { count: row.calls })}
      />
      <Mark icon="phone" count={row.attempts} words={t("mark.attempts", { count: row.attempts })} />
      <Mark icon="note" count={row.notes} words={t("mark.notes", { count: row.notes })} />
      <span class="mark mark-language" title={languageName(row.language)}>
        {row.language}
      </span>
    </>
  );
}

function Mark(props: { icon: "repeat" | "phone" | "note"; count: number; words: string }) {
  if (props.count === 0) return null;
  return (
    <span class="mark" title={props.words}>
      <Icon name={props.icon} />
      <span aria-hidden="true">{props.count}</span>
      <span class="unseen">{props.words}</span>
    </span>
  );
}

function useRowHeight(): number {
  const [narrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const query = matchMedia(NARROW);
    const changed = (): void => setNarrow(query.matches);
    query.addEventListener("change", changed);
    return () => query.removeEventListener("change", changed);
  }, []);
  return narrow ? 88 : 46;
}

/** What is read does not move when tickets come and go above it. */
function useAnchor(
  box: RefObject<HTMLDivElement | null>,
  rows: readonly TicketRow[],
  height: number,
): void {
  const before = useRef(rows);
  useLayoutEffect(() => {
    const element = box.current;
    const old = before.current;
    before.current = rows;
    if (!element || element.scrollTop < height || old === rows) return;
    const top = Math.ceil(element.scrollTop / height);
    const number = old[top]?.number;
    const now = rows.findIndex((row) => row.number === number);
    // Further than a few lines it was sorted elsewhere by itself, and is not followed.
    if (now >= 0 && now !== top && Math.abs(now - top) < 20) {
      element.scrollTop += (now - top) * height;
    }
  }, [rows]);
}
