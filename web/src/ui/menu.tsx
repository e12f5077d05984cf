// A button that opens a list of acts; arrow keys move, Escape closes, focus comes back.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icon";

export interface MenuItem {
  words: string;
  onPick: () => void;
  hint?: string;
  checked?: boolean;
  danger?: boolean;
  /** A line above it. */
  apart?: boolean;
}

interface Props {
  label: string;
  items: readonly MenuItem[];
  children?: ComponentChildren;
  icon?: IconName;
  align?: "start" | "end";
  up?: boolean;
  class?: string;
}

export function Menu(props: Props) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const id = useId();
  const buttons = (): HTMLElement[] => [
    ...(root.current?.querySelectorAll<HTMLElement>(".menu-item") ?? []),
  ];

  useEffect(() => {
    if (!open) return;
    buttons()[0]?.focus();
    const outside = (event: Event): void => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);

  const close = (): void => {
    setOpen(false);
    root.current?.querySelector("button")?.focus();
  };
  const keyed = (event: KeyboardEvent): void => {
    if (!open) return;
    const all = buttons();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: -1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") close();
    else if (to !== undefined) all.at(to < 0 ? to : to % all.length)?.focus();
    else return;
    event.stopPropagation();
    if (event.key !== "Tab") event.preventDefault();
  };

  const place = `menu-${props.align ?? "start"}${props.up ? " menu-up" : ""}`;
  return (
    <div class={`menu ${props.class ?? ""}`} ref={root} onKeyDown={keyed}>
      <button
        type="button"
        class={`button button-quiet ${props.children ? "" : "button-square"}`}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-label={props.children ? undefined : props.label}
        title={props.label}
        onClick={() => setOpen(!open)}
      >
        {props.icon && <Icon name={props.icon} />}
        {props.children}
      </button>
      {open && (
        <div class={`menu-list ${place}`} role="menu" id={id} aria-label={props.label}>
          {props.items.map((item) => (
            <MenuButton key={item.words} item={item} close={close} />
          ))}
        </div>
      )}
    </div>
  );
}

function MenuButton({ item, close }: { item: MenuItem; close: () => void }) {
  const names = ["menu-item", item.danger && "menu-danger", item.apart && "menu-apart"];
  return (
    <button
      type="button"
      role={item.checked === undefined ? "menuitem" : "menuitemradio"}
      aria-checked={item.checked}
      class={names.filter(Boolean).join(" ")}
      tabIndex={-1}
      onClick={() => {
        close();
        item.onPick();
      }}
    >
      <span class="menu-check">{item.checked && <Icon name="check" />}</span>
      <span class="menu-words">{item.words}</span>
      {item.hint && <kbd aria-hidden="true">{item.hint}</kbd>}
    </button>
  );
}
