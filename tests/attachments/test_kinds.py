"""What a file is, its content says."""

from __future__ import annotations

import pytest

from handoff.attachments.kinds import CSV, GIF, JPEG, PDF, PNG, TEXT, WEBP, Kind, find_kind
from tests.attachments.files import PDF as A_PDF
from tests.attachments.files import image, moving, noise


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (image("PNG"), "a.exe", PNG),
        (image("JPEG"), "a.png", JPEG),
        (moving("GIF"), "a.js", GIF),
        (image("WEBP"), "", WEBP),
        (A_PDF, "a.txt", PDF),
        (b"date,amount\n2026-11-27,42.10\n", "Umsatz.CSV", CSV),
        (b"date,amount\n", "export", TEXT),
        ("Grüße aus Köln\n".encode("cp1252"), "a.txt", TEXT),
        ("مرحبا".encode(), "a.csv", CSV),
        (b"\xef\xbb\xbfhello", "a.txt", TEXT),
        (b"if a < b: print(a)", "a.txt", TEXT),
        (b"words before a %PDF-1.4", "a.pdf", TEXT),
    ],
)
def test_a_kind_is_told_by_content(content: bytes, name: str, kind: Kind) -> None:
    assert find_kind(content[:4096], name=name) is kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><script>alert(1)</script>",
        b"\xef\xbb\xbf  <!doctype html>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b'<?xml version="1.0"?><svg/>',
        b"hello <script src=//evil.example></script>",
        b"\n\n <SVG onload=alert(1)>",
        b"MZ\x90\x00\x03",
        b"PK\x03\x04" + b"\0" * 20,
        b"\x7fELF\x02\x01",
        b"\x00\x00\x00\x20ftypmp42",
        b"\x00\x00\x00\x20ftypheic",
        b"text with a \x00 in it",
        "hello".encode("utf-16"),
        b"BM" + b"\0" * 30,
        b"II*\x00" + b"\0" * 30,
        noise(4096),
    ],
)
def test_what_is_not_taken(content: bytes) -> None:
    assert find_kind(content, name="receipt.png") is None
