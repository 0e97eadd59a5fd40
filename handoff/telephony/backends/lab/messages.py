"""SIP messages as they stand on the wire: read what came, write what goes (RFC 3261, section 7)."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

VERSION: Final = "SIP/2.0"
_COMPACT: Final = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
    "k": "supported",
}
REASONS: Final = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    400: "Bad Request",
    405: "Method Not Allowed",
    408: "Request Timeout",
    415: "Unsupported Media Type",
    420: "Bad Extension",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    503: "Service Unavailable",
    603: "Decline",
}
_REQUEST_LINE: Final = re.compile(r"(?P<method>[A-Z]{1,20}) (?P<uri>\S{1,500}) SIP/2\.0")
_STATUS_LINE: Final = re.compile(r"SIP/2\.0 (?P<status>[1-6][0-9]{2})(?: (?P<reason>.*))?")
_CSEQ: Final = re.compile(r"(?P<number>[0-9]{1,10})\s+(?P<method>[A-Za-z]{1,20})")
_QUOTED_NAME: Final = re.compile(r'\s*"(?:[^"\\]|\\.)*"')
_URI: Final = re.compile(
    r"sips?:(?:(?P<user>[^@;?<>\s]*)@)?(?P<host>[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?(?=[;?>\s]|$)"
)
_LINE_BREAK: Final = re.compile(r"[\r\n\0]+")


class Malformed(ValueError):
    """These bytes are no SIP message."""


Header = tuple[str, str]


@dataclass
class Message(ABC):
    """Headers by their long names in lower case, in order, and a body."""

    headers: list[Header] = field(default_factory=list)
    body: bytes = b""

    def get(self, name: str) -> str:
        """The first header of this name, or ""."""
        return next((value for known, value in self.headers if known == name), "")

    def get_all(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known == name]

    @property
    def call_id(self) -> str:
        return self.get("call-id")

    @property
    def cseq(self) -> tuple[int, str]:
        """Number and method; (0, "") if it cannot be read."""
        found = _CSEQ.fullmatch(self.get("cseq").strip())
        return (int(found["number"]), found["method"].upper()) if found else (0, "")

    @property
    def from_tag(self) -> str:
        return find_parameter(after_address(self.get("from")), name="tag")

    @property
    def to_tag(self) -> str:
        return find_parameter(after_address(self.get("to")), name="tag")

    @property
    def via(self) -> str:
        """The topmost hop."""
        return self.get("via").split(",", 1)[0].strip()

    @property
    def branch(self) -> str:
        return find_parameter(self.via, name="branch")

    @abstractmethod
    def start_line(self) -> str: ...

    def to_bytes(self) -> bytes:
        """A line break in a value would begin a header of its own, so there is none."""
        lines = [self.start_line(), *(f"{name.title()}: {value}" for name, value in self.headers)]
        lines = [_LINE_BREAK.sub(" ", line) for line in lines]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode() + self.body


@dataclass
class Request(Message):
    method: str = ""
    uri: str = ""

    def start_line(self) -> str:
        return f"{self.method} {self.uri} {VERSION}"

    @property
    def is_complete(self) -> bool:
        """Whether everything is there that an answer or a dialog is made from."""
        has_all = all(self.get(name) for name in ("from", "to", "call-id")) and bool(self.from_tag)
        return has_all and self.cseq[1] == self.method and bool(self.branch)


@dataclass
class Response(Message):
    status: int = 0
    reason: str = ""

    def start_line(self) -> str:
        return f"{VERSION} {self.status} {self.reason}"


def parse(data: bytes) -> Request | Response:
    """Raises Malformed."""
    head, mark, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not mark:
        raise Malformed("no end of the headers")
    try:
        first, *lines = head.decode().split("\r\n")
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error
    headers = _parse_headers(lines)
    stated = next((value for name, value in headers if name == "content-length"), str(len(body)))
    if not (stated.isascii() and stated.isdigit() and len(stated) < 7) or int(stated) > len(body):
        raise Malformed("the body is not as long as stated")
    kept = [header for header in headers if header[0] != "content-length"]
    return _begin(first, headers=kept, body=body[: int(stated)])


def _parse_headers(lines: Sequence[str]) -> list[Header]:
    headers: list[Header] = []
    for line in lines:
        if line[:1] in (" ", "\t") and headers:  # folded: it continues the line before
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.strip()}".strip())
            continue
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise Malformed("a header without a name")
        plain = name.strip().lower()
        headers.append((_COMPACT.get(plain, plain), value.strip()))
    return headers


def _begin(first: str, *, headers: list[Header], body: bytes) -> Request | Response:
    if found := _REQUEST_LINE.fullmatch(first):
        return Request(headers, body, method=found["method"], uri=found["uri"])
    if found := _STATUS_LINE.fullmatch(first):
        return Response(headers, body, status=int(found["status"]), reason=found["reason"] or "")
    raise Malformed("no start line of SIP 2.0")


def build_response(
    request: Request, *, status: int, tag: str = "", headers: Sequence[Header] = (), body: bytes = b""
) -> Response:
    """An answer that repeats what RFC 3261, 8.2.6 wants repeated; `tag` is ours, put where the request has none."""
    repeated = [(name, value) for name, value in request.headers if name in ("via", "record-route", "from")]
    to = request.get("to")
    if tag and not request.to_tag:
        to = f"{to};tag={tag}"
    same = [("to", to), ("call-id", request.call_id), ("cseq", request.get("cseq"))]
    return Response([*repeated, *same, *headers], body, status=status, reason=REASONS.get(status, "Refused"))


# -- addresses and their parameters


@dataclass(frozen=True)
class Uri:
    """`sip:user@host:port`; user and port may be missing."""

    user: str
    host: str
    port: int | None


def parse_uri(text: str) -> Uri | None:
    """The first SIP URI in an address or header; None if there is none."""
    found = _URI.search(_QUOTED_NAME.sub("", text, count=1))
    if found is None:
        return None
    port = int(found["port"]) if found["port"] else None
    return Uri(found["user"] or "", found["host"], port) if port is None or 0 < port < 65536 else None


def bare_uri(address: str) -> str:
    """`"Amira" <sip:amira@lab;x=y>;tag=z` as `sip:amira@lab;x=y`."""
    unnamed = _QUOTED_NAME.sub("", address, count=1)
    if "<" in unnamed:
        return unnamed.partition("<")[2].partition(">")[0].strip()
    return unnamed.partition(";")[0].strip()


def after_address(address: str) -> str:
    """The header's own parameters, as `;tag=z`: those inside the brackets belong to the URI."""
    unnamed = _QUOTED_NAME.sub("", address, count=1)
    return unnamed.partition(">")[2] if "<" in unnamed else unnamed


def find_parameter(text: str, *, name: str) -> str:
    """`z` for `tag` in `...;tag=z;...`; "" if it is not there."""
    for part in text.split(";")[1:]:
        known, _, value = part.partition("=")
        if known.strip().lower() == name:
            return value.strip()
    return ""
