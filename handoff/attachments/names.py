"""A file's name as it may be shown and saved: no path, no tricks, and an ending that tells what the file is."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from handoff.attachments.kinds import KINDS, Kind

# Shown in one line and saved on any disk: most take 255 bytes, and the browser may add a number.
STEM_CHARACTERS: Final = 80
STEM_BYTES: Final = 180
# As much of what was sent as is looked at, from the end.
_RAW_CHARACTERS: Final = 2000
NAMELESS: Final = "file"
# Windows gives these to devices, whatever their ending.
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\Z", re.IGNORECASE)
_FORBIDDEN: Final = re.compile(r'[<>:"|?*%]')
_ENDING: Final = re.compile(r"\.([A-Za-z][A-Za-z0-9]{0,7})\Z")
# Endings that an operating system or a browser runs or opens as something else.
_RUN: Final = re.compile(
    "app|apk|bat|bash|bin|cmd|com|cpl|dll|dmg|docm|exe|gadget|hta|html?|inf|jar|jse?|lnk|mht|mhtml|mjs|msc|msi|msp|"
    "pif|pl|ps1|py|reg|scf|scr|sh|shtml|svg|swf|url|vb|vbe|vbs|wsf|wsh|xht|xhtml|xlsm|xml"
)
_KNOWN: Final = frozenset(ending for kind in KINDS for ending in kind.endings)


def make_name(raw: str, *, kind: Kind) -> str:
    """`../..//etc/cv.pdf.exe` of a PDF becomes `cv.pdf`. Never empty, never longer than its bounds and the ending."""
    stem, ending = _part(_last_component(_visible(raw[-_RAW_CHARACTERS:])), kind)
    stem = _disarm(stem)
    stem = _shorten(stem).strip(" .") or NAMELESS
    if _RESERVED.match(stem.split(".")[0].strip()):
        stem = f"_{stem}"
    return f"{stem}.{ending}"


def _visible(raw: str) -> str:
    """Without what moves, hides or overlays characters: controls, direction marks, surrogates, private use."""
    text = unicodedata.normalize("NFC", raw)
    shown = (" " if unicodedata.category(one)[0] == "Z" else one for one in text if not _is_hidden(one))
    return re.sub(r" +", " ", "".join(shown))


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Me")


def _last_component(text: str) -> str:
    return _FORBIDDEN.sub("_", re.split(r"[/\\\u2215\u2044\uff0f\uff3c]", text)[-1]).strip(" .")


def _part(name: str, kind: Kind) -> tuple[str, str]:
    """The stem, and the ending that fits: what claims to be something else is taken off, from the end."""
    while found := _ENDING.search(name):
        ending = found[1].lower()
        if ending in kind.endings:
            return name[: found.start()], ending
        if not _is_claim(ending) and name.count(".") > 1:
            # Part of the name rather than a claim: `minutes.v2.final`.
            break
        name = name[: found.start()].rstrip(" .")
    return name, kind.endings[0]


def _is_claim(ending: str) -> bool:
    return ending in _KNOWN or _RUN.fullmatch(ending) is not None


def _disarm(stem: str) -> str:
    """Systems that hide known endings would show `bill.exe` of `bill.exe.pdf`."""
    while (found := _ENDING.search(stem)) and _is_claim(found[1].lower()):
        stem = f"{stem[: found.start()]}_{found[1]}"
    return stem


def _shorten(stem: str) -> str:
    """By characters and by bytes, and not in front of a combining mark."""
    cut = stem[:STEM_CHARACTERS].encode()[:STEM_BYTES].decode(errors="ignore")
    rest = stem[len(cut) : len(cut) + 1]
    while rest and cut and unicodedata.combining(rest):
        cut, rest = cut[:-1], cut[-1]
    return cut
