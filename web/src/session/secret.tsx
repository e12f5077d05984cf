// Something shown once, to be copied.
import { Button } from "../ui/button";
import { copyText } from "../ui/copy";
import { t } from "../words/words";

export function Secret({ value, lines = false }: { value: string; lines?: boolean }) {
  return (
    <div class="secret">
      <code class={lines ? "secret-lines" : undefined}>{value}</code>
      <Button icon="copy" label={t("act.copy")} onClick={() => void copyText(value)} />
    </div>
  );
}
