// Which words were heard otherwise than they were said.

export interface Piece {
  kind: "same" | "heard" | "said";
  words: string;
}

const plain = (word: string): string => word.toLowerCase().replace(/[.,!?;:"“”]/g, "");

/** The longest common words stay; what was heard wrongly stands before what was said. */
export function wordDiff(heard: string, said: string): Piece[] {
  const left = heard.split(/\s+/).filter(Boolean);
  const right = said.split(/\s+/).filter(Boolean);
  const length = lengths(left, right);
  const pieces: Piece[] = [];
  const add = (kind: Piece["kind"], word: string): void => {
    const last = pieces.at(-1);
    if (last?.kind === kind) last.words += ` ${word}`;
    else pieces.push({ kind, words: word });
  };
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    const [ours, theirs] = [left[i], right[j]];
    if (ours !== undefined && theirs !== undefined && plain(ours) === plain(theirs)) {
      add("same", theirs);
      [i, j] = [i + 1, j + 1];
    } else if (
      ours !== undefined &&
      (theirs === undefined || at(length, i + 1, j) >= at(length, i, j + 1))
    ) {
      add("heard", ours);
      i += 1;
    } else if (theirs !== undefined) {
      add("said", theirs);
      j += 1;
    }
  }
  return pieces;
}

const at = (table: number[][], i: number, j: number): number => table[i]?.[j] ?? 0;

/** Of the longest common words from each place on. */
function lengths(left: string[], right: string[]): number[][] {
  const table = Array.from({ length: left.length + 1 }, () =>
    Array<number>(right.length + 1).fill(0),
  );
  for (let i = left.length - 1; i >= 0; i -= 1) {
    const row = table[i];
    for (let j = right.length - 1; row && j >= 0; j -= 1) {
      const same = plain(left[i] ?? "") === plain(right[j] ?? "");
      row[j] = same
        ? at(table, i + 1, j + 1) + 1
        : Math.max(at(table, i + 1, j), at(table, i, j + 1));
    }
  }
  return table;
}
