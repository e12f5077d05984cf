// A new password, with what it needs said beside it.
import { TextField } from "../ui/field";
import { t } from "../words/words";

export const PASSWORD_MIN = 12;

interface Props {
  value: string;
  onInput: (value: string) => void;
}

export function NewPassword({ value, onInput }: Props) {
  const missing = PASSWORD_MIN - Array.from(value).length;
  const short = value !== "" && missing > 0;
  return (
    <TextField
      label={t("password.new")}
      hint={short ? t("password.missing", { count: missing }) : t("password.hint")}
      type="password"
      value={value}
      onInput={onInput}
      autocomplete="new-password"
      required
      max={128}
    />
  );
}
