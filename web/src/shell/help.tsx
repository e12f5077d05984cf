// All keys, drawn from the table of commands.
import { may } from "../api/client";
import { CheckField } from "../ui/field";
import { Dialog } from "../ui/dialog";
import { t } from "../words/words";
import { COMMANDS, setSingleKeys, singleKeys, type CommandName, type Place } from "./commands";

const PLACES: readonly Place[] = ["queue", "everywhere", "ticket", "quality", "call"];
const SIGNS: Record<string, string> = { " ": "␣", ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc" };

export const keySign = (key: string): string => SIGNS[key] ?? key;

/** What stands on a button: the command's first key. */
export const keyHint = (name: CommandName): string => keySign(COMMANDS[name].keys[0]);

/** Keys of a room that one may not enter are of no use. */
const entered = (place: Place): boolean =>
  (place !== "quality" && place !== "call") || may("calls:review");

export function Help({ onClose }: { onClose: () => void }) {
  const names = Object.keys(COMMANDS) as CommandName[];
  return (
    <Dialog title={t("help.title")} onClose={onClose} wide done={t("act.close")}>
      <CheckField
        label={t("help.single_keys")}
        hint={t("help.single_keys_hint")}
        checked={singleKeys.value}
        onChange={setSingleKeys}
      />
      <div class="help-columns">
        {PLACES.filter(entered).map((place) => (
          <section key={place}>
            <h3>{t(`help.place.${place}`)}</h3>
            <dl class="help-keys">
              {names
                .filter((name) => COMMANDS[name].place === place)
                .map((name) => (
                  <div key={name}>
                    <dt>
                      {COMMANDS[name].keys.map((keys) =>
                        keys === " " ? (
                          <kbd key={keys}>{keySign(keys)}</kbd>
                        ) : (
                          keys.split(" ").map((key) => <kbd key={key}>{keySign(key)}</kbd>)
                        ),
                      )}
                    </dt>
                    <dd>{t(`command.${name}`)}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
