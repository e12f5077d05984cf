// An invitation's address, shown once, to be handed over.
import type { Invitation } from "../api/schema";
import { Secret } from "../session/secret";
import { Dialog } from "../ui/dialog";
import { moment } from "../words/time";
import { t } from "../words/words";

interface Props {
  name: string;
  invitation: Invitation;
  onClose: () => void;
}

export function InvitationDialog({ name, invitation, onClose }: Props) {
  return (
    <Dialog title={t("people.invited", { name })} onClose={onClose} done={t("act.close")}>
      <p>{t("people.invited_lead", { until: moment(invitation.expires_at) })}</p>
      <Secret value={`${location.origin}/invitation#${encodeURIComponent(invitation.secret)}`} />
    </Dialog>
  );
}
