// Something to press: an act, with its key where it has one.
import type { ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "./icon";

interface Props {
  children?: ComponentChildren;
  onClick?: (event: MouseEvent) => void;
  kind?: "plain" | "main" | "quiet" | "danger";
  icon?: IconName;
  /** Shown beside the words; the command table does the work. */
  hint?: string;
  /** The name, where there are no words. */
  label?: string;
  busy?: boolean;
  disabled?: boolean;
  submit?: boolean;
  small?: boolean;
  pressed?: boolean;
  class?: string;
}

export function Button(props: Props): JSX.Element {
  const { kind = "plain", icon, hint, label, children } = props;
  const only = children === undefined || children === null;
  const names = ["button", `button-${kind}`, props.class];
  if (props.small) names.push("button-small");
  if (only) names.push("button-square");
  return (
    <button
      type={props.submit ? "submit" : "button"}
      class={names.filter(Boolean).join(" ")}
      disabled={props.disabled ?? false}
      aria-busy={props.busy ?? false}
      aria-label={label}
      title={only ? label : undefined}
      aria-pressed={props.pressed}
      onClick={(event) => !props.busy && props.onClick?.(event)}
    >
      {icon && <Icon name={icon} />}
      {!only && <span>{children}</span>}
      {hint && <kbd aria-hidden="true">{hint}</kbd>}
    </button>
  );
}
