// One thing to fill in: label, hint, what is wrong with it.
import type { ComponentChildren, RefObject } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

interface Shared {
  label: string;
  value: string;
  onInput: (value: string) => void;
  hint?: string;
  error?: string | undefined;
  required?: boolean;
  autofocus?: boolean;
  /** The label is read, not shown: the field stands in a row of its kind. */
  bare?: boolean;
}

interface TextProps extends Shared {
  type?: "text" | "password" | "search" | "url" | "datetime-local" | "date" | "tel";
  autocomplete?: string;
  inputMode?: "numeric" | "text" | "tel";
  rows?: number;
  max?: number;
  pattern?: string;
  min?: string;
}

export function TextField(props: TextProps) {
  const id = useId();
  const frame = useRef<HTMLDivElement>(null);
  // Before the next key is struck. Browsers heed the attribute only while a page or a dialog opens.
  useLayoutEffect(() => {
    if (props.autofocus) frame.current?.querySelector<HTMLElement>("input, textarea")?.focus();
  }, []);
  const told = [props.hint && `${id}-hint`, props.error && `${id}-error`].filter(Boolean).join(" ");
  const common = {
    id,
    value: props.value,
    required: props.required ?? false,
    autofocus: props.autofocus ?? false,
    maxLength: props.max,
    "aria-invalid": props.error ? true : undefined,
    "aria-describedby": told || undefined,
    onInput: (event: { currentTarget: { value: string } }) =>
      props.onInput(event.currentTarget.value),
  };
  return (
    <Frame {...props} id={id} frame={frame}>
      {props.rows ? (
        <textarea {...common} rows={props.rows} />
      ) : (
        <input
          {...common}
          {...kindOf(props.type)}
          autocomplete={props.autocomplete ?? "off"}
          inputMode={props.inputMode}
          pattern={props.pattern}
          min={props.min}
          spellcheck={false}
        />
      )}
    </Frame>
  );
}

/** The types know each kind of input by itself, and not one that varies. */
function kindOf(type: TextProps["type"] = "text"): { type: "text" } {
  return { type: type as "text" };
}

interface SelectProps extends Shared {
  options: readonly (readonly [value: string, words: string])[];
}

export function SelectField(props: SelectProps) {
  const id = useId();
  return (
    <Frame {...props} id={id}>
      <select
        id={id}
        value={props.value}
        required={props.required ?? false}
        class={props.value && props.options[0]?.[0] === "" ? "is-set" : undefined}
        onChange={(event) => props.onInput(event.currentTarget.value)}
      >
        {props.options.map(([value, words]) => (
          <option key={value} value={value} selected={value === props.value}>
            {words}
          </option>
        ))}
      </select>
    </Frame>
  );
}

interface CheckProps {
  label: ComponentChildren;
  checked: boolean;
  onChange: (checked: boolean) => void;
  hint?: string;
  disabled?: boolean;
}

export function CheckField({ label, checked, onChange, hint, disabled = false }: CheckProps) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span>
        {label}
        {hint && <span class="field-hint">{hint}</span>}
      </span>
    </label>
  );
}

interface FrameProps extends Shared {
  id: string;
  frame?: RefObject<HTMLDivElement | null>;
  children: ComponentChildren;
}

function Frame(props: FrameProps) {
  const { id, label, hint, error, bare, frame } = props;
  return (
    <div class="field" ref={frame ?? null}>
      <label class={bare ? "unseen" : "field-label"} for={id}>
        {label}
      </label>
      {props.children}
      {hint && (
        <div class="field-hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
      {error && (
        <div class="field-error" id={`${id}-error`}>
          {error}
        </div>
      )}
    </div>
  );
}
