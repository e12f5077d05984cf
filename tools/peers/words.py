"""Words said and words heard: word error rate, in percent (substitutions, insertions and omissions
for each word said, by Levenshtein's distance)."""

import re
import unicodedata
from collections.abc import Iterable

# Recognisers write small numbers as digits where people have written them out.
_ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()


def normal(language: str, text: str) -> list[str]:
    """Words in small letters without punctuation (NFC)."""
    plain = unicodedata.normalize("NFC", text).lower().replace("\u2019", "'")
    words = [w.strip("'") for w in re.sub(r"[^\w']|_", " ", plain).split()]
    if language == "en":
        small = {str(n): word for n, word in enumerate(_ENGLISH)}
        words = [small.get(word, word) for word in words]
    return [word for word in words if word]


def distance(said: list[str], heard: list[str]) -> int:
    """How many words must change to make one the other."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            best = min(row[j] + 1, row[j - 1] + 1, before + (word != other))
            before, row[j] = row[j], best
    return row[-1]


def error_rate(language: str, pairs: Iterable[tuple[str, str]]) -> float:
    """Of all pairs of said and heard together, in percent."""
    wrong = words = 0
    for said, heard in pairs:
        expected = normal(language, said)
        wrong += distance(expected, normal(language, heard))
        words += len(expected)
    return 100 * wrong / max(words, 1)
