// Something shown once, to be copied.
import { Button } from "../ui/button";
import { toast } from "../ui/toast";
import { t } from "../words/words";

export function Secret({ value, lines = false }: { value: string; lines?: boolean }) {
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(value);
      toast(t("act.copied"));
    } catch {
      // Browsers refuse it on plain HTTP.
      toast(t("act.copy_by_hand"), true);
    }
  };
  return (
    <div class="secret">
      <code class={lines ? "secret-lines" : undefined}>{value}</code>
      <Button icon="copy" label={t("act.copy")} onClick={() => void copy()} />
    </div>
  );
}
