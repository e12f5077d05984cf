// What a check found wrong with a hotline's files: file, key, and what would be right.
import type { FindingView } from "../api/schema";
import { t } from "../words/words";

export function Findings({ of }: { of: readonly FindingView[] }) {
  if (of.length === 0) return null;
  return (
    <ol class="findings" aria-label={t("hotline_file.findings")}>
      {of.map((finding, at) => (
        <li key={at}>
          <p class="finding-place">
            <code>{finding.file}</code>
            {finding.key && <b>{finding.key}</b>}
          </p>
          <pre>{finding.problem}</pre>
        </li>
      ))}
    </ol>
  );
}
