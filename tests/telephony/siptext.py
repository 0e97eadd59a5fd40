"""SIP messages as a test phone reads them."""

from __future__ import annotations

from dataclasses import dataclass, field

Address = tuple[str, int]


@dataclass
class Text:
    """A SIP message: its first line, its headers by lower-case name (all values of one name), its body."""

    first: str
    headers: dict[str, list[str]] = field(default_factory=dict)
    body: str = ""

    def get(self, name: str) -> str:
        return self.headers.get(name, [""])[0]

    @property
    def method(self) -> str:
        return self.first.split(" ")[0]

    @property
    def status(self) -> int:
        return int(self.first.split(" ")[1]) if self.first.startswith("SIP/2.0 ") else 0

    @property
    def audio(self) -> Address | None:
        """Where its description wants the audio; None without one."""
        if "m=audio" not in self.body:
            return None
        host = self.body.split("c=IN IP4 ")[1].split()[0]
        return host, int(self.body.split("m=audio ")[1].split()[0])


def read(data: bytes) -> Text:
    head, _, body = data.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    text = Text(first, body=body)
    for line in lines:
        name, _, value = line.partition(":")
        text.headers.setdefault(name.strip().lower(), []).append(value.strip())
    return text
