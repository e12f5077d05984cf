// What a user is: role, hotlines, languages, personal data.
import { hotlines } from "../api/hotlines";
import type { Profile } from "../api/schema";
import { CheckField, SelectField, TextField } from "../ui/field";
import { languageName } from "../words/time";
import { t } from "../words/words";

const ROLES = ["operator", "supervisor", "observer", "qa", "administrator"] as const;
/** Languages in which hotlines are, besides those a user has already. */
const SPOKEN = ["vi", "cs", "uk", "ru", "ko", "en"];
/** Roles to which personal data may be granted: the others have it, or never. */
const GRANTED: readonly Profile["role"][] = ["observer", "administrator"];

interface Props {
  profile: Profile;
  onChange: (profile: Profile) => void;
}

export function ProfileFields({ profile, onChange }: Props) {
  const change = (change: Partial<Profile>): void => onChange({ ...profile, ...change });
  return (
    <>
      <TextField
        label={t("people.display_name")}
        value={profile.display_name}
        onInput={(display_name) => change({ display_name })}
        required
        max={100}
      />
      <SelectField
        label={t("people.role")}
        hint={t(`role_hint.${profile.role}`)}
        value={profile.role}
        options={ROLES.map((role) => [role, t(`role.${role}`)] as const)}
        onInput={(name) => change({ role: ROLES.find((role) => role === name) ?? "operator" })}
      />
      {GRANTED.includes(profile.role) && (
        <CheckField
          label={t("people.personal_data")}
          hint={t("people.personal_data_hint")}
          checked={profile.personal_data}
          onChange={(personal_data) => change({ personal_data })}
        />
      )}
      <TextField
        label={t("people.extension")}
        hint={t("people.extension_hint")}
        value={profile.extension}
        onInput={(extension) => change({ extension: extension.trim() })}
        max={32}
      />
      <Languages profile={profile} change={change} />
      <OwnHotlines profile={profile} change={change} />
    </>
  );
}

interface PartProps {
  profile: Profile;
  change: (change: Partial<Profile>) => void;
}

function Languages({ profile, change }: PartProps) {
  const all = [...new Set([...SPOKEN, ...profile.languages])];
  return (
    <fieldset>
      <legend class="field-label">{t("people.languages")}</legend>
      <p class="field-hint">{t("people.languages_hint")}</p>
      <div class="checks">
        {all.map((code) => (
          <CheckField
            key={code}
            label={languageName(code)}
            checked={profile.languages.includes(code)}
            onChange={(on) =>
              change({
                languages: on
                  ? [...profile.languages, code]
                  : profile.languages.filter((other) => other !== code),
              })
            }
          />
        ))}
      </div>
    </fieldset>
  );
}

function OwnHotlines({ profile, change }: PartProps) {
  const only = profile.hotlines === "all" ? [] : profile.hotlines.only;
  return (
    <fieldset>
      <legend class="field-label">{t("people.hotlines")}</legend>
      <CheckField
        label={t("people.all_hotlines")}
        checked={profile.hotlines === "all"}
        onChange={(all) => change({ hotlines: all ? "all" : { only: [] } })}
      />
      {profile.hotlines !== "all" && (
        <div class="checks">
          {hotlines.value.map(({ name }) => (
            <CheckField
              key={name}
              label={name}
              checked={only.includes(name)}
              onChange={(on) =>
                change({
                  hotlines: { only: on ? [...only, name] : only.filter((one) => one !== name) },
                })
              }
            />
          ))}
        </div>
      )}
    </fieldset>
  );
}
