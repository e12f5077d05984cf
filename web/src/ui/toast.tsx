// Short news at the edge of the page: what was done, and plainly what was not.
import { signal } from "@preact/signals";
import { ApiError } from "../api/problem";
import { named, t } from "../words/words";
import { Button } from "./button";

interface Toast {
  id: number;
  words: string;
  bad: boolean;
}

const toasts = signal<readonly Toast[]>([]);
let last = 0;

const SHOWN_MS = 5_000;
/** What went wrong is read slowly. */
const BAD_SHOWN_MS = 12_000;

export function toast(words: string, bad = false): void {
  last += 1;
  const id = last;
  toasts.value = [
    ...toasts.value.filter((old) => old.words !== words).slice(-3),
    { id, words, bad },
  ];
  setTimeout(() => drop(id), bad ? BAD_SHOWN_MS : SHOWN_MS);
}

/** Says what an error means here; its own detail follows, for it names people and times. */
export function toastError(thrown: unknown): void {
  if (!(thrown instanceof ApiError)) throw thrown;
  toast(errorWords(thrown), true);
}

export function errorWords(error: ApiError): string {
  const said = named("problem", error.kind);
  if (error.kind === "offline") return said;
  const known = said !== error.kind;
  return known && error.message
    ? `${said} ${t("problem.told", { detail: error.message })}`
    : error.message || said;
}

function drop(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

export function Toasts() {
  const shown = (bad: boolean) =>
    toasts.value
      .filter((toast) => toast.bad === bad)
      .map((toast) => (
        <div key={toast.id} class={toast.bad ? "toast toast-bad" : "toast"}>
          <span>{toast.words}</span>
          <Button
            kind="quiet"
            icon="close"
            small
            label={t("act.close")}
            onClick={() => drop(toast.id)}
          />
        </div>
      ));
  return (
    <div class="toasts">
      <div role="status" aria-live="polite">
        {shown(false)}
      </div>
      <div role="alert" aria-live="assertive">
        {shown(true)}
      </div>
    </div>
  );
}
