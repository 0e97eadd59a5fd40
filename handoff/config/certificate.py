"""How long the certificate of PUBLIC_ORIGIN is still good, as seen from here."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from prometheus_client import Gauge

from handoff.lib import clock

TIMEOUT_SECONDS: Final = 5
# Certificates of 90 days are renewed a month before; who renews by hand needs the time.
SOON: Final = timedelta(days=14)

DAYS: Final = Gauge("handoff_certificate_days_left", "Until the certificate of PUBLIC_ORIGIN expires.", ["host"])
GOOD: Final = Gauge(
    "handoff_certificate_good", "1 if a browser would take it: trusted here, and for this name.", ["host"]
)


@dataclass(frozen=True)
class Certificate:
    """What PUBLIC_ORIGIN shows; `distrust` is why it would be refused."""

    left: timedelta
    distrust: str | None = None

    @property
    def trouble(self) -> str | None:
        days = self.left / timedelta(days=1)
        if self.left <= timedelta(0):
            return f"The certificate of PUBLIC_ORIGIN expired {-days:.0f} days ago: renew it, and reload the proxy."
        if self.distrust is not None:
            return f"The certificate of PUBLIC_ORIGIN is not trusted here: {self.distrust}."
        if self.left <= SOON:
            return f"The certificate of PUBLIC_ORIGIN expires in {days:.0f} days: renew it, and reload the proxy."
        return None


def look(origin: str) -> Certificate:
    """Raises OSError if nobody speaks TLS there."""
    parts = urlsplit(origin)
    host, port = parts.hostname or "", parts.port or 443
    blind = ssl.create_default_context()
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
    shown = x509.load_der_x509_certificate(_shown(host, port, blind))
    return Certificate(left=shown.not_valid_after_utc - clock.utc_now(), distrust=_distrust(host, port))


def note(origin: str) -> Certificate:
    """Look, and tell Prometheus."""
    found = look(origin)
    host = urlsplit(origin).hostname or ""
    DAYS.labels(host).set(found.left / timedelta(days=1))
    GOOD.labels(host).set(found.left > timedelta(0) and found.distrust is None)
    return found


def _shown(host: str, port: int, context: ssl.SSLContext) -> bytes:
    with (
        socket.create_connection((host, port), timeout=TIMEOUT_SECONDS) as link,
        context.wrap_socket(link, server_hostname=host) as secure,
    ):
        return secure.getpeercert(binary_form=True) or b""


def _distrust(host: str, port: int) -> str | None:
    try:
        _shown(host, port, ssl.create_default_context())
    except ssl.SSLCertVerificationError as error:
        return error.verify_message or "it cannot be verified"
    return None
