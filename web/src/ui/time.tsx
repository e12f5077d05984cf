// A point in time, relative, with the whole of it in the title.
import { ago, moment, whole } from "../words/time";

export function Time({ at, full = false }: { at: string; full?: boolean }) {
  return (
    <time dateTime={at} title={whole(at)}>
      {full ? moment(at) : ago(at)}
    </time>
  );
}
