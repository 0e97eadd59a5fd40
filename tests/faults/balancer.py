"""nginx in front of a stack, with the configuration that deploy/ gives to operators."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.faults.stack import Stack
from tests.processes import ROOT

CONFIGURATION = ROOT / "deploy" / "nginx.conf"
# Debian keeps it where a plain user's PATH does not look.
PROGRAM = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

_MAIN = """
daemon off;
{user}
worker_processes 1;
pid {home}/nginx.pid;
error_log {home}/nginx-error.log warn;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    include {home}/handoff.conf;
}}
"""


def site_configuration(stack: Stack, port: int) -> str:
    """The operators' file, with this stack's ports and folders in place of the example's, and without TLS."""
    text = CONFIGURATION.read_text()
    first, second = stack.ports[:2]
    replaced = {
        "127.0.0.1:8001 ": f"127.0.0.1:{first} ", "127.0.0.1:8002 ": f"127.0.0.1:{second} ",
        "/srv/handoff/current/": f"{ROOT}/", "/var/log/nginx/": f"{stack.home}/nginx-",
    }  # fmt: skip
    for example, ours in replaced.items():
        assert text.count(example) == 1, example
        text = text.replace(example, ours)
    # Each server that stands before the one that counts: by its name alone, and to https.
    served = text.index("    listen 443 ssl http2;")
    text = text[: text.index("# Whoever comes by another name")] + text[text.rindex("server {", 0, served) :]
    text = text.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{port};").replace("help.example.com;", "127.0.0.1;")
    return re.sub(r"^ *(ssl_|listen \[::\]).*\n", "", text, flags=re.MULTILINE)


@contextlib.contextmanager
def balanced(stack: Stack) -> Iterator[int]:
    """nginx on the port of the stack's public origin, until the block ends."""
    assert PROGRAM is not None
    home, port = stack.home, int(stack.public_origin.rpartition(":")[2])
    (home / "handoff.conf").write_text(site_configuration(stack, port))
    user = "user root;" if os.geteuid() == 0 else ""
    (home / "nginx.conf").write_text(_MAIN.format(home=home, user=user))
    with (home / "nginx.log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM, "-p", home, "-c", home / "nginx.conf"], stdout=log, stderr=log, process_group=0
        )
    try:
        _wait_until_open(process, port, home / "nginx.log")
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_open(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    import socket

    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nginx did not start: {log.read_text()}")
