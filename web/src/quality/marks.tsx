// What went wrong, from a list in the field's words.
import type { Mark, MarkKind } from "../api/schema";
import { Badge } from "../ui/badge";
import { Icon } from "../ui/icon";
import { Menu } from "../ui/menu";
import { named, t } from "../words/words";

export const KINDS: readonly MarkKind[] = [
  "misrecognition",
  "wrong_slot_value",
  "cut_off",
  "false_barge_in",
  "bad_prompt",
  "missed_emergency",
  "other",
];

export const markWords = (mark: Mark): string =>
  mark.slot
    ? `${t(`mark_kind.${mark.kind}`)}: ${named("slot", mark.slot)}`
    : t(`mark_kind.${mark.kind}`);

interface Props {
  of: readonly Mark[];
  /** Absent where nothing may be changed. */
  remove?: ((mark: Mark) => void) | undefined;
}

export function Marks({ of, remove }: Props) {
  return (
    <>
      {of.map((mark) => (
        <Badge key={`${mark.kind} ${mark.turn} ${mark.slot}`} tone="amber">
          {markWords(mark)}
          {remove && (
            <button
              type="button"
              class="mark-remove"
              aria-label={t("quality.unmark", { mark: markWords(mark) })}
              onClick={() => remove(mark)}
            >
              <Icon name="close" />
            </button>
          )}
        </Badge>
      ))}
    </>
  );
}

interface MarkMenuProps {
  label: string;
  add: (kind: MarkKind) => void;
  has: readonly Mark[];
}

export function MarkMenu({ label, add, has }: MarkMenuProps) {
  const free = KINDS.filter((kind) => !has.some((mark) => mark.kind === kind));
  const items = free.map((kind) => ({ words: t(`mark_kind.${kind}`), onPick: () => add(kind) }));
  return <Menu label={label} icon="flag" items={items} align="end" class="mark-menu" />;
}
