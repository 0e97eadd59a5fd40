"""Mask what must not be stored: card numbers, bank accounts, and tokens inside text, addresses and paths."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
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
_RUN: Final = re.compile(rf"[0-9](?:{_GAP}{{0,4}}[0-9]){{{MIN_CARD_DIGITS - 1},}}", re.ASCII)
_RUN_PART: Final = re.compile(rf"{_ESCAPED}|[0-9]")
_IBAN_START: Final = re.compile(r"[A-Za-z]{2}(?=[0-9]{2})")
_IBAN_NEXT: Final = re.compile(rf"{_GAP}{{0,3}}([A-Za-z0-9])", re.ASCII)

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
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

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
    return _replace(text, _find_cards(_fold(text)))


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


def _find_ibans(folded: str) -> Iterator[Finding]:
    done = 0
    for found in _IBAN_START.finditer(folded):
        length = _IBAN_LENGTHS.get(found.group().upper())
        if length is None or found.start() < done:
            continue
        account, end = _read_account(folded, found.start(), length)
        if len(account) == length and _has_iban_checksum(account):
            done = end
            yield Finding(found.start(), end, f"[iban ..{account[-SHOWN:]}]")


def _read_account(folded: str, start: int, length: int) -> tuple[str, int]:
    characters: list[str] = []
    end = start
    while len(characters) < length and (found := _IBAN_NEXT.match(folded, end)):
        characters.append(found.group(1))
        end = found.end()
    return "".join(characters).upper(), end


def _has_iban_checksum(account: str) -> bool:
    turned = account[4:] + account[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


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


class _Run:
    """Digits with nothing but gaps between them, and where each stands in the text."""

    def __init__(self, found: re.Match[str]) -> None:
        text, offset = found.group(), found.start()
        parts = [part for part in _RUN_PART.finditer(text) if len(part.group()) == 1]
        self.digits = "".join(part.group() for part in parts)
        self.places = [offset + part.start() for part in parts]
        values = [int(digit) for digit in self.digits]
        # Luhn doubles every second digit counted from the last: one running sum for each parity of that place.
        self.sums = [
            list(accumulate((_DOUBLED[v] if (i + parity) % 2 else v for i, v in enumerate(values)), initial=0))
            for parity in (0, 1)
        ]

    def find_windows(self) -> Iterator[tuple[int, int]]:
        """Every stretch that could be a card, by its start; they may overlap."""
        for start in range(len(self.digits) - MIN_CARD_DIGITS + 1):
            for length, issuer in _ISSUERS.items():
                end = start + length
                if end <= len(self.digits) and issuer.match(self.digits, start) and self._is_card(start, end):
                    yield start, end

    def mask(self, start: int, end: int) -> Finding:
        shown = self.digits[end - SHOWN : end]
        return Finding(self.places[start], self.places[end - 1] + 1, f"[card ..{shown}]")

    def _is_card(self, start: int, end: int) -> bool:
        sums = self.sums[(end - 1) % 2]
        if (sums[end] - sums[start]) % 10:
            return False
        return end - start in _COMMON_LENGTHS or self._is_free(start) or self._is_free(end)

    def _is_free(self, edge: int) -> bool:
        if edge in (0, len(self.digits)):
            return True
        return self.places[edge] - self.places[edge - 1] > 1
