"""Mask what must not be stored: card numbers, bank accounts, and tokens inside text, addresses and paths."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Final, NamedTuple
from urllib.parse import unquote, unquote_plus

MASKED: Final = "[token]"
# Fewer digits than this can be neither a card nor a bank account in use.
MIN_DIGITS: Final = 6
MIN_CARD_DIGITS: Final = 13
SHOWN: Final = 4
MIN_OPAQUE: Final = 20
# Random text changes between upper case, lower case and digits at every second character, words seldom do.
OPAQUE_CHANGES: Final = 0.4
CAPITALS_CHANGES: Final = 0.5
# A word of MIN_OPAQUE characters with digits and this many changes is no word.
WORD_CHANGES: Final = 3

_ASCII: Final = bytes(range(128))
_DIGITS: Final = b"0123456789"
_OTHER_DIGIT: Final = re.compile("[\\d\u00b2\u00b3\u00b9\u2070-\u2089\u2460-\u2468\u24ea]")

# What stands between the groups of a number, once `_fold` has made every blank, dash and mark one of these.
_ESCAPED: Final = "%20|%2[dD]|%[cC]2%[aA]0"
_GAP: Final = rf"(?:[\s.+_-]|{_ESCAPED})"
_RUN: Final = re.compile(rf"[0-9](?:{_GAP}{{0,5}}[0-9]){{{MIN_CARD_DIGITS - 1},}}", re.ASCII)
# Marks that part the groups of a card, and much else: dates, times and amounts have shorter groups.
_LOOSE_MARKS: Final = re.compile(r"[/,|*:'()\[\]{}]")
_LOOSE_GAP: Final = re.compile(rf"(?<=[0-9]{{4}})(?:{_GAP}|{_LOOSE_MARKS.pattern}){{1,5}}(?=[0-9]{{3}})", re.ASCII)
_GROUPED: Final = re.compile(r"[^0-9]")
_RUN_PART: Final = re.compile(rf"{_ESCAPED}|[0-9]")
_IBAN_START: Final = re.compile(r"[A-Za-z]{2}(?=[0-9]{2})")
_IBAN_GAPS: Final = re.compile(rf"{_ESCAPED}|[^A-Za-z0-9]")
# A letter counts as its two-digit number, A as 10.
_IBAN_DIGITS: Final = str.maketrans({chr(ord("A") + place): str(10 + place) for place in range(26)})

_JWT: Final = re.compile(r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?")
_URL: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s<>\"']+")
_USERINFO: Final = re.compile(r"(?<=://)[^\s/?#@]+@")
_PAIR: Final = re.compile(r"([?&#;])([^\s=?&#;]{1,80})=([^\s&#;<>\"']+)")
_SECRET_NAME: Final = re.compile(
    r"token|secret|session|sessid|passw|signature|credential|jwt"
    r"|(?:api|access|private|auth|verification|confirmation|reset|login|invite|magic)[_-]?(?:code|key|link)"
    r"|(?:^|[_.-])(?:sig|sid|pwd|pin|otp|ticket|nonce)(?:$|[_.-])"
    r"|^(?:code|key|auth|assertion|hash)$",
    re.IGNORECASE,
)
_UUID: Final = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_DASHED_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_OPAQUE: Final = re.compile(rf"[A-Za-z0-9_.~=-]{{{MIN_OPAQUE},}}")
_KINDS: Final = {
    code: "0" if chr(code).isdigit() else "A" if chr(code).isupper() else "a" if chr(code).islower() else None
    for code in range(128)
}

# How card numbers in use begin, by their length. 16 first: nearly all have that many.
_MAESTRO: Final = "5[06-8]|6[37]"
_ISSUERS: Final = {
    13: re.compile(rf"4|{_MAESTRO}"),
    14: re.compile(rf"3(?:0[0-5]|095|[689])|{_MAESTRO}"),
    15: re.compile(rf"3[47]|{_MAESTRO}"),
    16: re.compile("[456]|2(?:2|[3-6]|7[0-2])|3[05689]|8[12]|9792"),
    17: re.compile(rf"6[0245]|3[05689]|220|{_MAESTRO}"),
    18: re.compile(rf"6[0245]|3[05689]|220|{_MAESTRO}"),
    19: re.compile(rf"4|6[0245]|3[05689]|220|{_MAESTRO}"),
}
# Lengths that are found in the midst of other digits. The rare ones need a free end, or one order number in
# twenty would be taken for one of them.
_COMMON_LENGTHS: Final = frozenset({15, 16})
_VALUES: Final = bytes.maketrans(_DIGITS, bytes(range(10)))
_DOUBLED: Final = bytes.maketrans(_DIGITS, bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))

_IBAN_LENGTHS: Final = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES FK MD PK RO SA SE SK TN VG YE",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}


class Finding(NamedTuple):
    """A stretch of text, and what takes its place."""

    start: int
    end: int
    mask: str


def redact(text: str) -> str:
    """Mask card numbers as `[card ..1111]`, IBANs as `[iban ..1234]`, tokens as `[token]`; leave all else alone.

    Costs under a microsecond for text without six digits, an address or a token.
    """
    if not _may_hold_any(text):
        return text
    return _mask_numbers(_mask_tokens(text))


def is_plain_id(text: str) -> bool:
    """Whether a client's own id may be stored as it is: a card number is no id. A UUID is one, whatever its digits."""
    rest = _DASHED_UUID.sub("", text)
    return redact(rest) == rest


def redact_segment(segment: str) -> str:
    """One segment of a path. A long random one is masked: it may open something, and no agent can use it."""
    decoded = unquote(segment)
    if is_opaque(decoded):
        return MASKED
    masked = redact(decoded)
    return segment if masked == decoded else masked


def redact_parameter(name: str, value: str) -> str:
    """The value of one query parameter."""
    decoded = unquote_plus(value)
    if decoded and (_SECRET_NAME.search(unquote_plus(name)) or is_opaque(decoded)):
        return MASKED
    masked = redact(decoded)
    return value if masked == decoded else masked


def is_opaque(text: str) -> bool:
    """Whether this looks like random characters rather than words or a short number."""
    if not _OPAQUE.fullmatch(text):
        return False
    if _UUID.fullmatch(text):
        return True
    has_digit = any(character.isdigit() for character in text)
    if _count_changes(text) >= (OPAQUE_CHANGES if has_digit else CAPITALS_CHANGES) * len(text):
        return True
    words = re.split(r"[_.~=-]", text) if has_digit else []
    return any(len(word) >= MIN_OPAQUE and _count_changes(word) >= WORD_CHANGES for word in words)


def _count_changes(text: str) -> int:
    return sum(before != after for before, after in pairwise(text.translate(_KINDS)))


def _may_hold_any(text: str) -> bool:
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) - len(raw.translate(None, _DIGITS)) >= MIN_DIGITS or "=" in text or "eyJ" in text or "://" in text:
        return True
    if len(raw) == len(text):
        return False
    return _OTHER_DIGIT.search(raw.translate(None, _ASCII).decode("utf-8", "surrogatepass")) is not None


def _mask_tokens(text: str) -> str:
    text = _JWT.sub(MASKED, text)
    text = _URL.sub(lambda found: _mask_address(found.group()), text)
    return _PAIR.sub(_mask_pair, text)


def _mask_address(address: str) -> str:
    cut = min((place for mark in "?#" if (place := address.find(mark)) >= 0), default=len(address))
    base = _USERINFO.sub(f"{MASKED}@", address[:cut])
    origin, segments = base.split("/")[:3], base.split("/")[3:]
    masked = [MASKED if is_opaque(unquote(segment)) else segment for segment in segments]
    return "/".join(origin + masked) + address[cut:]


def _mask_pair(found: re.Match[str]) -> str:
    mark, name, value = found.groups()
    if _SECRET_NAME.search(unquote_plus(name)) or is_opaque(unquote_plus(value)):
        value = MASKED
    return f"{mark}{name}={value}"


def _mask_numbers(text: str) -> str:
    text = _replace(text, _find_ibans(_fold(text)))
    return _replace(text, _find_cards(_tighten(_fold(text))))


def _replace(text: str, findings: Iterator[Finding]) -> str:
    parts, done = [], 0
    for start, end, mask in findings:
        parts += [text[done:start], mask]
        done = end
    return "".join([*parts, text[done:]]) if parts else text


def _fold(text: str) -> str:
    """The same text, character for character, in the ASCII that it looks like."""
    return text if text.isascii() else "".join(map(_fold_character, text))


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    category = unicodedata.category(character)
    if category[0] == "Z":
        return " "
    # Dashes, the minus sign, and marks that show nothing between two digits or sit on one.
    if category in ("Pd", "Cf", "Mn", "Me") or character == "\u2212":
        return "-"
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 else character


def _tighten(folded: str) -> str:
    """The same text, character for character, with a plain gap wherever marks part two groups as a card's are."""
    if not _LOOSE_MARKS.search(folded):
        return folded
    return _LOOSE_GAP.sub(lambda gap: "-" * len(gap.group()), folded)


def _find_ibans(folded: str) -> Iterator[Finding]:
    done = 0
    for found in _IBAN_START.finditer(folded):
        length = _IBAN_LENGTHS.get(found.group().upper())
        if length is None or found.start() < done:
            continue
        whole = _iban_of(length).match(folded, found.start())
        account = _IBAN_GAPS.sub("", whole.group()).upper() if whole else ""
        if whole and _has_iban_checksum(account):
            done = whole.end()
            yield Finding(whole.start(), done, f"[iban ..{account[-SHOWN:]}]")


@lru_cache
def _iban_of(length: int) -> re.Pattern[str]:
    return re.compile(rf"[A-Za-z0-9](?:{_GAP}{{0,3}}[A-Za-z0-9]){{{length - 1}}}", re.ASCII)


def _has_iban_checksum(account: str) -> bool:
    return int((account[4:] + account[:4]).translate(_IBAN_DIGITS)) % 97 == 1


def _find_cards(folded: str) -> Iterator[Finding]:
    for found in _RUN.finditer(folded):
        run = _Run(found)
        start, end = 0, 0
        for first, last in run.find_windows():
            if end and first >= end:
                yield run.mask(start, end)
                start, end = first, last
            start, end = (start, max(end, last)) if end else (first, last)
        if end:
            yield run.mask(start, end)


def _read_digits(run: str, offset: int) -> tuple[str, Sequence[int]]:
    """The digits of a run, and where each stands in the text."""
    if not _GROUPED.search(run):
        return run, range(offset, offset + len(run))
    parts = [part for part in _RUN_PART.finditer(run) if len(part.group()) == 1]
    return "".join(part.group() for part in parts), [offset + part.start() for part in parts]


def _alternate(even: bytes, odd: bytes) -> bytes:
    """Every second value of one, and those between of the other."""
    mixed = bytearray(even)
    mixed[1::2] = odd[1::2]
    return bytes(mixed)


@lru_cache(maxsize=10_000)
def _lengths_of(start: str) -> tuple[int, ...]:
    """How many digits a card that begins with these four may have."""
    return tuple(length for length, issuer in _ISSUERS.items() if issuer.match(start))


class _Run:
    """Digits with nothing but gaps between them, and where each stands in the text."""

    def __init__(self, found: re.Match[str]) -> None:
        self.digits, self.places = _read_digits(found.group(), found.start())
        values = self.digits.encode().translate(_VALUES)
        doubled = self.digits.encode().translate(_DOUBLED)
        # Luhn doubles every second digit counted from the last: one running sum for each parity of that place.
        self.sums = [
            list(accumulate(_alternate(values, doubled), initial=0)),
            list(accumulate(_alternate(doubled, values), initial=0)),
        ]

    def find_windows(self) -> Iterator[tuple[int, int]]:
        """Every stretch that could be a card, by its start; they may overlap."""
        digits, last = self.digits, len(self.digits)
        for start in range(last - MIN_CARD_DIGITS + 1):
            for length in _lengths_of(digits[start : start + 4]):
                end = start + length
                sums = self.sums[(end - 1) % 2]
                if end <= last and not (sums[end] - sums[start]) % 10 and self._is_apart(start, end):
                    yield start, end

    def mask(self, start: int, end: int) -> Finding:
        shown = self.digits[end - SHOWN : end]
        return Finding(self.places[start], self.places[end - 1] + 1, f"[card ..{shown}]")

    def _is_apart(self, start: int, end: int) -> bool:
        return end - start in _COMMON_LENGTHS or self._is_free(start) or self._is_free(end)

    def _is_free(self, edge: int) -> bool:
        if edge in (0, len(self.digits)):
            return True
        return self.places[edge] - self.places[edge - 1] > 1
