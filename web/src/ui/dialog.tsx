// A question in front of the page, on the browser's own <dialog>: it keeps the focus inside and
// gives it back.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../words/words";
import { Button } from "./button";

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  /** What stands at the end, beside "Cancel". */
  actions?: ComponentChildren;
  /** Makes the whole a form. */
  onSubmit?: () => void;
  wide?: boolean;
  /** No "Cancel": there is nothing to take back. */
  done?: string;
}

export function Dialog(props: Props) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    const dialog = box.current;
    dialog?.showModal();
    // Not the button that closes it, which comes first.
    const first = dialog?.querySelector<HTMLElement>(
      "[autofocus], .dialog-body :is(button, input, select, textarea)",
    );
    first?.focus();
    return () => {
      // While it is open nothing behind it takes the focus.
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={box}
      class={props.wide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onClick={(event) => event.target === box.current && props.onClose()}
    >
      <form
        class="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          props.onSubmit?.();
        }}
      >
        <header class="dialog-head">
          <h2 id={id}>{props.title}</h2>
          <Button kind="quiet" icon="close" label={t("act.close")} onClick={props.onClose} />
        </header>
        <div class="dialog-body">{props.children}</div>
        <footer class="dialog-foot">
          <Button kind={props.done ? "main" : "plain"} onClick={props.onClose}>
            {props.done ?? t("act.cancel")}
          </Button>
          {props.actions}
        </footer>
      </form>
    </dialog>
  );
}
