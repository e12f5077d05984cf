// Search, presets and filters of the queue; all of it stands in the address.
import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { choicesOf, loadChoices } from "../api/choices";
import { hotlines } from "../api/hotlines";
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

function Selects({ filters, change, wide }: Props & { wide: boolean }) {
  useEffect(() => void loadChoices().catch(() => undefined), [filters.hotline]);
  const any = t("queue.any");
  const { hotline } = filters;
  const select = (
    name: "need" | "language" | "hotline" | "office" | "branch" | "district",
    all: readonly string[],
    words: (one: string) => string = (one) => one,
  ) => {
    const label = t(`filter.${name}`);
    const options = all.map((one) => [one, words(one)] as const);
    return (
      all.length > 0 && (
        <SelectField
          bare
          label={label}
          value={filters[name]}
          options={[["", `${label}: ${any}`], ...options]}
          onInput={(value) => change({ [name]: value })}
        />
      )
    );
  };
  const names = hotlines.value.map((hotline) => hotline.name);
  return (
    <div class={wide ? "selects selects-wide" : "selects"}>
      {select("need", choicesOf("needs", hotline, filters.need), (need) => named("need", need))}
      {select("language", choicesOf("languages", hotline, filters.language), languageName)}
      {select("hotline", names)}
      {select("office", choicesOf("offices", hotline, filters.office))}
      {select("branch", choicesOf("branches", hotline, filters.branch))}
      {select("district", choicesOf("districts", hotline, filters.district))}
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
