// Search, presets and filters of the queue; all of it stands in the address.
import type { RefObject } from "preact";
import { useState } from "preact/hooks";
import { hotlines, officesOf } from "../api/hotlines";
import type { TicketRow } from "../api/row";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { SelectField, TextField } from "../ui/field";
import { Icon } from "../ui/icon";
import { Menu, type MenuItem } from "../ui/menu";
import { languageName } from "../words/time";
import { named, t } from "../words/words";
import { FIELDS, SHOWS, writeFilters, type Filters } from "./filters";
import { removeView, saveView, views } from "./views";

interface Props {
  filters: Filters;
  change: (change: Partial<Filters>) => void;
  go: (search: string) => void;
  search: RefObject<HTMLInputElement | null>;
  rows: readonly TicketRow[];
  canWork: boolean;
}

export function FilterBar(props: Props) {
  const { filters, change, search, canWork } = props;
  const [wide, setWide] = useState(false);
  const set = FIELDS.filter((name) => filters[name]).length;
  return (
    <div class="filters">
      <div class="presets" role="group" aria-label={t("queue.show")}>
        {SHOWS.filter((show) => show !== "mine" || canWork).map((show) => (
          <button
            key={show}
            type="button"
            class="preset"
            aria-pressed={filters.show === show}
            onClick={() => change({ show })}
          >
            {t(`show.${show}`)}
          </button>
        ))}
      </div>
      <div class="search">
        <Icon name="search" />
        <input
          ref={search}
          type="search"
          aria-label={t("queue.search")}
          placeholder={t("queue.search")}
          value={filters.q}
          onInput={(event) => change({ q: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === "Escape" || event.key === "Enter") event.currentTarget.blur();
          }}
        />
        <kbd aria-hidden="true">/</kbd>
      </div>
      <Button
        class="filters-toggle"
        pressed={wide}
        icon="flag"
        onClick={() => setWide(!wide)}
      >{`${t("queue.filters")}${set > 0 ? ` (${set})` : ""}`}</Button>
      <ViewsMenu filters={filters} go={props.go} />
      <Selects {...props} wide={wide} />
    </div>
  );
}

function Selects({ filters, change, rows, wide }: Props & { wide: boolean }) {
  const any = t("queue.any");
  // What the hotlines do not tell is taken from the rows that are there.
  const found = (of: (row: TicketRow) => string, own: string): string[] =>
    [...new Set([...rows.map(of), own])].filter(Boolean).sort((a, b) => a.localeCompare(b));
  const options = (
    label: string,
    all: readonly string[],
    words: (one: string) => string = (one) => one,
  ): (readonly [string, string])[] => [
    ["", `${label}: ${any}`],
    ...all.map((one) => [one, words(one)] as const),
  ];
  const needs = found((row) => row.need, filters.need);
  const languages = found((row) => row.language, filters.language);
  const branches = found((row) => row.branch, filters.branch);
  const select = (
    name: Exclude<keyof Filters, "show" | "order" | "q" | "district">,
    all: readonly string[],
    words?: (one: string) => string,
  ) =>
    all.length > 0 && (
      <SelectField
        bare
        label={t(`filter.${name}`)}
        value={filters[name]}
        options={options(t(`filter.${name}`), all, words)}
        onInput={(value) => change({ [name]: value })}
      />
    );
  const names = hotlines.value.map((hotline) => hotline.name);
  return (
    <div class={wide ? "selects selects-wide" : "selects"}>
      {select("need", needs, (need) => named("need", need))}
      {select("language", languages, languageName)}
      {select("hotline", names)}
      {select("office", officesOf(filters.hotline))}
      {select("branch", branches)}
      <District filters={filters} change={change} rows={rows} />
      <SelectField
        bare
        label={t("queue.order")}
        value={filters.order}
        options={[
          ["queue", t("queue.order_queue")],
          ["newest", t("queue.order_newest")],
        ]}
        onInput={(order) => change({ order: order === "newest" ? "newest" : "queue" })}
      />
      {FIELDS.some((name) => filters[name]) && (
        <Button
          kind="quiet"
          icon="close"
          onClick={() => change(Object.fromEntries(FIELDS.map((name) => [name, ""])))}
        >
          {t("queue.clear")}
        </Button>
      )}
    </div>
  );
}

/** Any district: those of the rows that are there are offered. */
function District({ filters, change, rows }: Pick<Props, "filters" | "change" | "rows">) {
  const seen = [...new Set(rows.map((row) => row.district))].filter(Boolean);
  return (
    <>
      <input
        type="text"
        class={filters.district ? "is-set" : undefined}
        aria-label={t("filter.district")}
        placeholder={t("filter.district")}
        list="districts"
        value={filters.district}
        onChange={(event) => change({ district: event.currentTarget.value.trim() })}
      />
      <datalist id="districts">
        {seen
          .sort((a, b) => a.localeCompare(b))
          .map((district) => (
            <option key={district} value={district} />
          ))}
      </datalist>
    </>
  );
}

function ViewsMenu({ filters, go }: { filters: Filters; go: (search: string) => void }) {
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState("");
  const here = writeFilters(filters);
  const current = views.value.find((view) => view.search === here);
  const items: MenuItem[] = views.value.map((view) => ({
    words: view.name,
    checked: view === current,
    onPick: () => go(view.search),
  }));
  items.push({ words: t("views.save"), apart: items.length > 0, onPick: () => setNaming(true) });
  if (current) {
    const words = t("views.remove", { name: current.name });
    items.push({ words, danger: true, onPick: () => removeView(current.name) });
  }
  const save = (): void => {
    saveView({ name: name.trim(), search: here });
    setNaming(false);
  };
  return (
    <>
      <Menu label={t("views.title")} icon="save" items={items} align="end">
        <span>{current?.name ?? t("views.title")}</span>
        <Icon name="down" />
      </Menu>
      {naming && (
        <Dialog
          title={t("views.save")}
          onClose={() => setNaming(false)}
          onSubmit={save}
          actions={
            <Button kind="main" submit disabled={!name.trim()}>
              {t("act.save")}
            </Button>
          }
        >
          <TextField label={t("views.name")} value={name} onInput={setName} required autofocus />
        </Dialog>
      )}
    </>
  );
}
