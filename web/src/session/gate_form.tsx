// The form of a page before the log-in: what went wrong above it, one act below.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { asApiError, type ApiError } from "../api/problem";
import { Button } from "../ui/button";
import { errorWords } from "../ui/toast";

interface Props {
  act: string;
  /** What it does; a refusal is shown. */
  onSubmit: () => Promise<void>;
  /** True where it has dealt with the refusal itself. */
  onRefused?: (error: ApiError) => boolean;
  children: ComponentChildren;
}

export function GateForm({ act, onSubmit, onRefused, children }: Props) {
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    setBusy(true);
    setError("");
    try {
      await onSubmit();
    } catch (thrown) {
      const problem = asApiError(thrown);
      if (!onRefused?.(problem)) setError(errorWords(problem));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {error && (
        <p class="callout callout-bad" role="alert">
          {error}
        </p>
      )}
      {children}
      <Button kind="main" submit busy={busy}>
        {act}
      </Button>
    </form>
  );
}
