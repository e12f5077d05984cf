// A command to be run on the server, with a button that copies it.
import { Button } from "../ui/button";
import { copyText } from "../ui/copy";
import { t } from "../words/words";

export function Command({ text }: { text: string }) {
  const copy = (): void => void copyText(text);
  return (
    <span class="command">
      <code>{text}</code>
      <Button kind="quiet" small icon="copy" label={t("act.copy")} onClick={copy} />
    </span>
  );
}
