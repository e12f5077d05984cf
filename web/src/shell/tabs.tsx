// Pages of one room, side by side, each with an address of its own.
import { useLocation } from "preact-iso";

interface Props {
  label: string;
  tabs: readonly (readonly [path: string, words: string])[];
}

export function Tabs({ label, tabs }: Props) {
  const { path } = useLocation();
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(([to, words]) => (
        <a key={to} href={to} aria-current={path === to ? "page" : undefined}>
          {words}
        </a>
      ))}
    </nav>
  );
}
