// Inviting somebody: the person chooses the password, nobody else knows it.
import { useState } from "preact/hooks";
import { api, ok } from "../api/client";
import type { Invitation, Profile } from "../api/schema";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { TextField } from "../ui/field";
import { toastError } from "../ui/toast";
import { t } from "../words/words";
import { ProfileFields } from "./profile_fields";

const NEW: Profile = {
  display_name: "",
  role: "operator",
  languages: [],
  hotlines: "all",
  personal_data: false,
  extension: "",
};

interface Props {
  onClose: () => void;
  onMade: (name: string, invitation: Invitation) => void;
}

export function AddPerson({ onClose, onMade }: Props) {
  const [name, setName] = useState("");
  const [profile, setProfile] = useState(NEW);
  const [busy, setBusy] = useState(false);
  const invite = async (): Promise<void> => {
    setBusy(true);
    try {
      const made = await ok(api.POST("/api/v1/users", { body: { name, profile } }));
      onMade(made.user.profile.display_name, made.invitation);
    } catch (thrown) {
      toastError(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t("people.invite")}
      onClose={onClose}
      onSubmit={() => void invite()}
      actions={
        <Button kind="main" submit busy={busy}>
          {t("people.invite_act")}
        </Button>
      }
    >
      <TextField
        label={t("log_in.name")}
        hint={t("set_up.name_hint")}
        value={name}
        onInput={setName}
        required
        autofocus
      />
      <ProfileFields profile={profile} onChange={setProfile} />
    </Dialog>
  );
}
