// What an address may be: picked from a list, or found in the tree of provinces, districts, wards.
import { useEffect, useRef, useState } from "preact/hooks";
import { listUnits, readAddress } from "../api/addresses";
import { asApiError } from "../api/problem";
import { useResource } from "../api/resource";
import type { AddressView, UnitView } from "../api/schema";
import { plain } from "../api/tickets";
import { Button } from "../ui/button";
import { Loaded } from "../ui/state";
import { toast } from "../ui/toast";
import { t } from "../words/words";
import "./address_choices.css";

/** Somebody types on. */
const QUIET_MS = 250;
const SAID_MAX = 400;
/** So many units are looked through; more are searched. */
const SCANNED_MAX = 24;

interface Props {
  hotline: string;
  /** What was typed, or what the caller said. */
  said: string;
  onPick: (address: AddressView) => void;
}

export function AddressChoices({ hotline, said, onPick }: Props) {
  const words = useQuiet(said.slice(0, SAID_MAX).trim());
  const found = useResource(`address ${hotline} ${words}`, () =>
    words ? readAddress(hotline, words) : Promise.resolve([]),
  );
  const [tree, setTree] = useState(false);
  const list = useRef<HTMLUListElement>(null);
  const choices = found.data ?? [];
  const move = async (unit: UnitView): Promise<void> => {
    try {
      const [moved] = await readAddress(hotline, words, unit.id);
      if (moved) onPick(moved);
    } catch (thrown) {
      toast(asApiError(thrown).message, true);
    }
  };
  return (
    <div class="choices">
      {words && <h4 class="small soft">{t("address.choices")}</h4>}
      {choices.length > 0 ? (
        <ul ref={list} onKeyDown={(event) => walk(event, list.current)}>
          {choices.map((choice) => (
            <li key={`${choice.value} ${choice.unit ?? ""}`}>
              <button type="button" class="address-choice" onClick={() => onPick(choice)}>
                <b>{choice.value}</b>
                <span class="soft small">{place(choice)}</span>
              </button>
            </li>
          ))}
        </ul>
      ) : (
        words && !found.loading && <p class="soft small">{t("address.none")}</p>
      )}
      <Button small kind="quiet" icon="down" pressed={tree} onClick={() => setTree(!tree)}>
        {t("address.tree")}
      </Button>
      {tree && (
        <UnitTree
          hotline={hotline}
          start={choices[0]?.unit ?? undefined}
          onPick={(unit) => void move(unit)}
        />
      )}
    </div>
  );
}

/** The official codes tell two places of one name apart. */
function place(choice: AddressView): string {
  const codes = choice.parts.filter((part) => part.name.endsWith("_code"));
  return codes.map((part) => part.value).join(" · ");
}

/** Arrow keys go through the list. */
function walk(event: KeyboardEvent, list: HTMLElement | null): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !list) return;
  const buttons = [...list.querySelectorAll<HTMLElement>("button")];
  const at = buttons.findIndex((button) => button === document.activeElement);
  buttons[at + step]?.focus();
  event.preventDefault();
}

interface TreeProps {
  hotline: string;
  start: number | undefined;
  onPick: (unit: UnitView) => void;
}

function UnitTree({ hotline, start, onPick }: TreeProps) {
  const [within, setWithin] = useState(start);
  const [wanted, setWanted] = useState("");
  const units = useResource(`units ${hotline} ${within ?? ""}`, () => listUnits(hotline, within));
  const go = (unit: UnitView | undefined): void => {
    setWanted("");
    setWithin(unit?.id);
    if (unit) onPick(unit);
  };
  return (
    <Loaded of={units} rows={2}>
      {({ path, units }) => (
        <div class="unit-tree">
          <nav class="line" aria-label={t("address.path")}>
            <Button small kind="quiet" onClick={() => go(undefined)}>
              {t("address.top")}
            </Button>
            {path.map((unit) => (
              <span key={unit.id} class="line">
                <span aria-hidden="true">›</span>
                <Button small kind="quiet" onClick={() => go(unit)}>
                  {unit.name}
                </Button>
              </span>
            ))}
          </nav>
          {units.length > SCANNED_MAX && (
            <input
              type="search"
              value={wanted}
              aria-label={t("address.find")}
              placeholder={t("address.find")}
              onInput={(event) => setWanted(event.currentTarget.value)}
            />
          )}
          <div class="unit-list">
            {units.filter(named(wanted)).map((unit) => (
              <Button key={unit.id} small onClick={() => go(unit)}>
                {unit.name}
              </Button>
            ))}
          </div>
        </div>
      )}
    </Loaded>
  );
}

/** Without accents and case. */
function named(wanted: string): (unit: UnitView) => boolean {
  const words = plain(wanted);
  return (unit) => plain(unit.name).includes(words);
}

/** `value` once it has stood still; the first at once. */
function useQuiet(value: string): string {
  const [quiet, setQuiet] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setQuiet(value), QUIET_MS);
    return () => window.clearTimeout(timer);
  }, [value]);
  return quiet;
}
