"""Hangul to phonemes: Standard Korean pronunciation across syllables, as far as plain speech needs
it (National Institute of Korean Language, Standard Pronunciation, chapters 4 and 5)."""

import re

INITIALS = "k k͈ n t t͈ ɾ m p p͈ s s͈ - tɕ t͈ɕ tɕʰ kʰ tʰ pʰ h".split()
VOWELS = "a ɛ ja jɛ ɔ e jɔ je o wa wɛ we jo u wɔ we wi ju ɯ ɰi i".split()
FINALS = "- k k k n n n t l l m l l l p l m p p t t ŋ t t k t p t".split()
NO_FINAL, NO_INITIAL = 0, 11
G, N, D, R, M, B, S, J, H = 0, 2, 3, 5, 6, 7, 9, 12, 18
# Initial that a final becomes before a vowel, and what is left of a double one.
LINKED = {1: (0, 0), 2: (0, 1), 3: (1, 10), 4: (0, 2), 5: (4, 12), 6: (0, 2), 7: (0, 3), 8: (0, 5),
          9: (8, 0), 10: (8, 6), 11: (8, 7), 12: (8, 9), 13: (8, 16), 14: (8, 17), 15: (0, 5),
          16: (0, 6), 17: (0, 7), 18: (17, 10), 19: (0, 9), 20: (0, 10), 22: (0, 12), 23: (0, 14),
          24: (0, 15), 25: (0, 16), 26: (0, 17), 27: (0, NO_INITIAL)}
NASAL = {"k": 21, "t": 4, "p": 16}
TENSE = {G: 1, D: 4, B: 8, S: 10, J: 13}
BREATHED = {"k": 15, "t": 16, "p": 17}
CHANGED_BY_H = {G: 15, D: 16, J: 14, S: 10}
VOICED = {"k": "ɡ", "t": "d", "p": "b", "tɕ": "dʑ"}
SYLLABLES = re.compile("[가-힣]+")


def join(before, after):
    """Changes the final of `before` and the initial of `after` where they meet."""
    sound, initial = FINALS[before[2]], after[0]
    if initial == NO_INITIAL and before[2] in LINKED:
        before[2], after[0] = LINKED[before[2]]
    elif initial in (N, M) and sound in NASAL:
        before[2] = NASAL[sound]
    elif initial == R and sound in ("m", "ŋ"):
        after[0] = N
    elif initial == R and sound in ("k", "p"):
        before[2], after[0] = NASAL[sound], N
    elif initial == R and sound == "n":
        before[2] = 8
    elif initial == N and sound == "l":
        after[0] = R
    elif before[2] in (6, 15, 27) and initial in CHANGED_BY_H:
        before[2] = {6: 4, 15: 8, 27: NO_FINAL}[before[2]]
        after[0] = CHANGED_BY_H[initial]
    elif initial == H and sound in BREATHED:
        before[2], after[0] = NO_FINAL, BREATHED[sound]
    elif initial in TENSE and sound in ("k", "t", "p"):
        after[0] = TENSE[initial]


def word(text):
    syllables = [[n // 588, n // 28 % 21, n % 28] for n in (ord(c) - 0xAC00 for c in text)]
    for before, after in zip(syllables, syllables[1:]):
        join(before, after)
    phonemes, last = "", None
    for initial, vowel, final in syllables:
        first, middle = INITIALS[initial], VOWELS[vowel]
        if last in ("-", "n", "m", "ŋ", "l"):
            first = VOICED.get(first, first)
        if first in ("s", "s͈") and middle[0] in "ijw" and middle != "wa":
            first = first.replace("s", "ɕ")
        if first == "ɾ" and last == "l":
            first = "l"
        last = FINALS[final]
        phonemes += (first + middle + last).replace("-", "")
    return phonemes


def phonemes(text):
    """The phonemes of `text`, marks and spaces kept. Numerals must be written out."""
    return SYLLABLES.sub(lambda found: word(found.group()), text)
