// The parts of a value: house, street, ward, with the unit's kind before its name.
import type { PartView } from "../api/schema";
import { TextField } from "../ui/field";
import { named, t } from "../words/words";

type PartList = readonly PartView[];

/** A unit's kind and official code belong to it: `ward_kind`, `ward_code`. */
const BESIDE = /_(kind|code)$/;

const isOwn = (part: PartView): boolean => !BESIDE.test(part.name);

const beside = (parts: PartList, name: string): string =>
  parts.find((part) => part.name === name)?.value ?? "";

/** What was left empty is left out, and what belonged to it. */
export function filled(parts: PartList): PartView[] {
  const empty = parts.filter((part) => isOwn(part) && part.value.trim() === "");
  const names = new Set(empty.map((part) => part.name));
  return parts.filter((part) => !names.has(part.name.replace(BESIDE, "")));
}

/** Another name is another unit: the old one's kind and code go. */
export function renamed(parts: PartList, name: string, value: string): PartView[] {
  const others = parts.filter((part) => isOwn(part) || part.name.replace(BESIDE, "") !== name);
  return others.map((part) => (part.name === name ? { name, value } : part));
}

export function Parts({ parts }: { parts: PartList }) {
  const own = parts.filter(isOwn);
  if (own.length === 0) return null;
  return (
    <dl class="parts">
      {own.map(({ name, value }) => (
        <div key={name}>
          <dt>{named("part", name)}</dt>
          <dd title={code(parts, name)}>
            {beside(parts, `${name}_kind`)} {name === "category" ? named("need", value) : value}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function code(parts: PartList, name: string): string | undefined {
  const code = beside(parts, `${name}_code`);
  return code ? t("slot.code", { code }) : undefined;
}

interface Props {
  parts: PartList;
  onInput: (parts: PartView[]) => void;
}

export function PartFields({ parts, onInput }: Props) {
  const own = parts.filter(isOwn);
  if (own.length === 0) return null;
  return (
    <div class="slot-parts">
      {own.map(({ name, value }) => (
        <TextField
          key={name}
          label={named("part", name)}
          value={value}
          max={400}
          onInput={(value) => onInput(renamed(parts, name, value))}
        />
      ))}
    </div>
  );
}
