"""A name is a claim: what is shown is one line, no path, and ends as the content does."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.attachments.kinds import CSV, JPEG, KINDS, PDF, PNG, TEXT, Kind
from handoff.attachments.names import make_name


@pytest.mark.parametrize(
    ("raw", "kind", "shown"),
    [
        ("receipt.png", PNG, "receipt.png"),
        ("Scan 12.06.2026.pdf", PDF, "Scan 12.06.2026.pdf"),
        ("photo.JPEG", JPEG, "photo.jpeg"),
        ("IMG_0042.heic", JPEG, "IMG_0042.jpg"),
        ("../../etc/passwd", TEXT, "passwd.txt"),
        ("C:\\Users\\maya\\bill.pdf", PDF, "bill.pdf"),
        ("..\uff0f..\uff0fbill.pdf", PDF, "bill.pdf"),
        ("bill.pdf.exe", PDF, "bill.pdf"),
        ("bill.exe.pdf", PDF, "bill_exe.pdf"),
        ("page.html", TEXT, "page.txt"),
        ("data.csv", CSV, "data.csv"),
        ("server.log", TEXT, "server.log"),
        ("minutes.v2.final", PDF, "minutes.v2.final.pdf"),
        # Shown from right to left it would read `cod` at the end.
        ("invoice\u202efdp.exe", PDF, "invoicefdp.pdf"),
        ("re\0ceipt\r\n.png", PNG, "receipt.png"),
        ("  .hidden. ", PNG, "hidden.png"),
        ("", PNG, "file.png"),
        ("....", PDF, "file.pdf"),
        (".png", PNG, "png.png"),
        ("CON.pdf", PDF, "_CON.pdf"),
        ("lpt1.tar.pdf", PDF, "_lpt1.tar.pdf"),
        ("a\u3000b\u200b.pdf", PDF, "a b.pdf"),
        ("<img src=x onerror=1>.png", PNG, "_img src=x onerror=1_.png"),
        ("Überweisung für Łukasz.pdf", PDF, "Überweisung für Łukasz.pdf"),
        ("إيصال.png", PNG, "إيصال.png"),
        ("😀" * 500 + ".png", PNG, "😀" * 45 + ".png"),
    ],
)
def test_a_name_becomes(raw: str, kind: Kind, shown: str) -> None:
    assert make_name(raw, kind=kind) == shown


def test_five_hundred_characters_keep_their_beginning_and_their_ending() -> None:
    shown = make_name("x" * 500 + ".pdf", kind=PDF)
    assert shown == "x" * 80 + ".pdf"


@given(st.text(max_size=300), st.sampled_from(KINDS))
def test_any_name_is_safe(raw: str, kind: Kind) -> None:
    shown = make_name(raw, kind=kind)
    stem, _, ending = shown.rpartition(".")
    assert ending in kind.endings
    assert stem.strip(" .") == stem != ""
    assert len(shown.encode()) <= 200
    assert not set(shown) & set('/\\<>:"|?*%\0')
    assert not any(unicodedata.category(one) in ("Cc", "Cf", "Cs", "Co") for one in shown)
    assert make_name(shown, kind=kind) == shown
