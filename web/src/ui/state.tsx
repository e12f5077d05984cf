// What stands where data should be: nothing yet, nothing at all, or what went wrong.
import type { ComponentChildren } from "preact";
import type { ApiError } from "../api/problem";
import type { Resource } from "../api/resource";
import { t } from "../words/words";
import { Button } from "./button";
import { errorWords } from "./toast";

interface EmptyProps {
  title: string;
  children?: ComponentChildren;
  action?: ComponentChildren;
}

export function Empty({ title, children, action }: EmptyProps) {
  return (
    <div class="state">
      <svg class="state-picture" viewBox="0 0 64 40" aria-hidden="true">
        <path d="M4 10h18c9 0 7 9 14 9h24M4 22h12c9 0 7 11 15 11h29" />
      </svg>
      <h2>{title}</h2>
      {children && <p class="soft">{children}</p>}
      {action}
    </div>
  );
}

export function Failed({ error, again }: { error: ApiError; again: () => void }) {
  return (
    <div class="state" role="alert">
      <h2>{t(error.kind === "offline" ? "state.offline" : "state.failed")}</h2>
      <p class="soft">{error.kind === "offline" ? t("state.offline_do") : errorWords(error)}</p>
      <Button icon="repeat" onClick={again}>
        {t("act.again")}
      </Button>
    </div>
  );
}

/** Grey lines of the height that the data will have. */
export function Skeleton({ rows = 6, height = 44 }: { rows?: number; height?: number }) {
  return (
    <div class="skeleton" role="status" aria-label={t("state.loading")}>
      {Array.from({ length: rows }, (_, at) => (
        <div key={at} class="skeleton-row" style={{ height: `${height}px` }}>
          <i style={{ width: `${30 + ((at * 37) % 50)}%` }} />
        </div>
      ))}
    </div>
  );
}

interface LoadedProps<T> {
  of: Resource<T>;
  children: (data: T) => ComponentChildren;
  rows?: number;
}

/** A resource in whichever state it is; old data stays on the screen when reading it again fails. */
export function Loaded<T>({ of, children, rows = 6 }: LoadedProps<T>) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error) return <Failed error={of.error} again={of.reload} />;
  return <Skeleton rows={rows} />;
}
