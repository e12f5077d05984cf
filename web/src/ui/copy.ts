// Text for the clipboard.
import { t } from "../words/words";
import { toast } from "./toast";

export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("act.copied"));
  } catch {
    // Browsers refuse it on plain HTTP.
    toast(t("act.copy_by_hand"), true);
  }
}
