// Figures side by side: what, how much, and a word more.
import "./tiles.css";

export type Tile = readonly [name: string, value: string, more: string];

export function Tiles({ of }: { of: readonly Tile[] }) {
  return (
    <dl class="tiles">
      {of.map(([name, value, more]) => (
        <div key={name} class="tile">
          <dt>{name}</dt>
          <dd class="tile-value">{value}</dd>
          <dd class="soft small">{more}</dd>
        </div>
      ))}
    </dl>
  );
}
