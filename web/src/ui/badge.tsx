// A word about a state, with its colour; the word says it without the colour.
import type { ComponentChildren } from "preact";

export type Tone = "plain" | "red" | "alarm" | "amber" | "green" | "blue";

interface Props {
  tone?: Tone;
  title?: string;
  children: ComponentChildren;
}

export function Badge({ tone = "plain", title, children }: Props) {
  return (
    <span class={`badge badge-${tone}`} title={title}>
      {children}
    </span>
  );
}
