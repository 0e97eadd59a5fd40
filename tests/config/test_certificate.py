"""A certificate that ends is seen before it has ended, from the machine that serves it."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from handoff.config import certificate, live_checks, operation
from handoff.lib.clock import utc_now
from tests.processes import free_port

Show = Callable[..., str]


class _Server(TCPServer):
    allow_reuse_address = True
    context: ssl.SSLContext

    def get_request(self):
        link, address = super().get_request()
        return self.context.wrap_socket(link, server_side=True), address

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever distrusts it hangs up; that is what is tried here."""


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Show]:
    """Serve TLS with a certificate of these days; answers the origin. It is trusted, unless the test says otherwise."""
    running: list[_Server] = []

    def start(days: float, *, is_trusted: bool = True, host: str = "127.0.0.1") -> str:
        path = _write(tmp_path / "certificate.pem", days=days, host=host)
        if is_trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(path))
        server = _Server(("127.0.0.1", 0), BaseRequestHandler)
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(path)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return f"https://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def _write(path: Path, *, days: float, host: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "help.example.com")])
    ends = utc_now() + timedelta(days=days)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=90))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    return path


def test_a_good_one_is_counted_and_no_trouble(show) -> None:
    found = certificate.note(show(60))
    assert found.trouble is None
    assert 59.9 < certificate.DAYS.labels("127.0.0.1")._value.get() <= 60
    assert certificate.GOOD.labels("127.0.0.1")._value.get() == 1


def test_one_that_ends_soon(show) -> None:
    found = certificate.note(show(10))
    assert found.trouble == ("The certificate of PUBLIC_ORIGIN expires in 10 days: renew it, and reload the proxy.")
    assert certificate.GOOD.labels("127.0.0.1")._value.get() == 1


def test_one_that_has_ended(show) -> None:
    found = certificate.note(show(-3))
    assert found.trouble == "The certificate of PUBLIC_ORIGIN expired 3 days ago: renew it, and reload the proxy."
    assert certificate.DAYS.labels("127.0.0.1")._value.get() < -2.9
    assert certificate.GOOD.labels("127.0.0.1")._value.get() == 0


def test_one_that_nobody_trusts_and_one_for_another_name(show) -> None:
    assert "not trusted here" in str(certificate.look(show(60, is_trusted=False)).trouble)
    assert "not trusted here" in str(certificate.look(show(60, host="127.0.0.9")).trouble)
    assert certificate.note(show(60, host="127.0.0.9")).distrust is not None
    assert certificate.GOOD.labels("127.0.0.1")._value.get() == 0


def test_the_watch_says_it_in_the_log_and_nobody_there_is_no_trouble(show, settings, caplog) -> None:
    settings.PUBLIC_ORIGIN = show(5)
    operation.look_at_certificate()
    assert "expires in 5 days" in caplog.text
    caplog.clear()
    settings.PUBLIC_ORIGIN = f"https://127.0.0.1:{free_port()}"
    operation.look_at_certificate()
    assert "cannot be seen from here" in caplog.text
    caplog.clear()
    settings.PUBLIC_ORIGIN = "http://127.0.0.1:8000"
    operation.look_at_certificate()
    assert caplog.text == ""


def test_the_check_before_a_deployment_warns(show, settings) -> None:
    settings.PUBLIC_ORIGIN = show(2)
    assert [found.id for found in live_checks._of_certificate()] == ["handoff.W013"]
    settings.PUBLIC_ORIGIN = f"https://127.0.0.1:{free_port()}"
    assert [found.id for found in live_checks._of_certificate()] == ["handoff.W012"]
    settings.PUBLIC_ORIGIN = show(60)
    assert list(live_checks._of_certificate()) == []
