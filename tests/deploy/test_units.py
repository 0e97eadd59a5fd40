"""What systemd, nginx, Redis and PgBouncer are given can be read by them, and holds what the manual says."""

from __future__ import annotations

import configparser
import hashlib
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from deploy.processes import free_port
from deploy.shell import ROOT
from handoff.realtime.bridge import TOPIC
from tests.faults.balancer import PROGRAM

UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
# What systemd calls OK; ours are at 1.4, and the rest is the network, which they are there for.
EXPOSURE = 1.5
HARDENED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "CapabilityBoundingSet": "",
    "User": "handoff",
}


def options_of(unit: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for line in unit.read_text().splitlines():
        name, is_option, value = line.partition("=")
        if is_option and not line.startswith("#"):
            found[name].append(value)
    return found


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_every_line(unit: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        # Where there is no systemd, its words are at least words: a section, or a name and a value.
        for line in unit.read_text().splitlines():
            assert re.fullmatch(r"|#.*|\[(Unit|Service|Timer|Install)\]|[A-Z][A-Za-z]+=.*", line), line
        return
    done = subprocess.run([program, "verify", unit], capture_output=True, text=True)
    # It only warns of a name that it does not know.
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_can_do_little_but_its_work(unit: Path) -> None:
    options = options_of(unit)
    assert {name: options[name][-1] for name in HARDENED} == HARDENED


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_systemd_finds_a_service_well_locked_in(unit: Path) -> None:
    """From 0 to 10: by systemd's own count; what is not is told with what each line would give."""
    program = shutil.which("systemd-analyze")
    if program is None:
        # The lines that count most are looked at above.
        return
    ask = [program, "security", "--offline=yes", "--no-pager", f"--threshold={EXPOSURE * 10:.0f}", unit]
    done = subprocess.run(ask, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nginx_takes_the_configuration_without_a_word(tmp_path: Path) -> None:
    """On sockets of files: it opens what it listens on even when it is only asked to look."""
    assert PROGRAM is not None, "nginx is not installed. On Debian: apt-get install nginx-light"
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=help.example.com"]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    text = (ROOT / "deploy" / "nginx.conf").read_text().replace("/var/log/nginx/", f"{tmp_path}/")
    text = text.replace("/etc/letsencrypt/live/help.example.com/fullchain.pem", str(certificate))
    text = text.replace("/etc/letsencrypt/live/help.example.com/privkey.pem", str(key))
    text = re.sub(r"listen \[::\]:(\d+)", rf"listen unix:{tmp_path}/six-\1", text)
    text = re.sub(r"listen (\d+)", rf"listen unix:{tmp_path}/four-\1", text)
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{\n{text}\n}}")
    done = subprocess.run([PROGRAM, "-t", "-q", "-p", tmp_path, "-c", whole], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("kind", ["server", "worker"])
def test_a_process_has_longer_to_leave_than_it_takes(kind: str) -> None:
    options = options_of(ROOT / "deploy" / "systemd" / f"handoff-{kind}@.service")
    assert options["KillSignal"] == ["SIGTERM"]
    assert int(options["TimeoutStopSec"][-1]) > 30
    assert options["Restart"] == ["always"]


def test_settings_that_a_unit_reads_hold_every_placeholder_that_the_manual_fills() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()
    for name in ("handoff.env", "redis.conf", "deployment.toml"):
        for word in set(
            re.findall(r"\b[A-Z]+_(?:VALUE|PASSWORD|HASH|PASSWORD_HASH)\b", (ROOT / "deploy" / name).read_text())
        ):
            assert f"s/{word}/" in manual, (name, word)


def test_pgbouncer_pools_by_transaction_and_limits_waits() -> None:
    found = configparser.ConfigParser(interpolation=None, comment_prefixes=(";",))
    found.read(ROOT / "deploy" / "pgbouncer.ini")
    assert found["pgbouncer"]["pool_mode"] == "transaction"
    for limit in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        assert limit in found["databases"]["handoff"]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Redis with the operators' file; answers its port."""
    home, port = tmp_path_factory.mktemp("redis"), free_port()
    text = (ROOT / "deploy" / "redis.conf").read_text().replace("port 6379", f"port {port}")
    text = re.sub(r"/var/(lib|log)/redis|/run/redis", str(home), text)
    (home / "redis.conf").write_text(text.replace("REDIS_PASSWORD_HASH", hashlib.sha256(b"secret").hexdigest()))
    program = shutil.which("redis-server")
    assert program is not None
    process = subprocess.Popen([program, home / "redis.conf"])
    client = redis.Redis(port=port, username="handoff", password="secret", retry_on_error=[redis.ConnectionError])
    try:
        for _ in range(100):
            try:
                client.ping()
            except redis.ConnectionError:
                assert process.poll() is None, (home / "redis-server.log").read_text()
                continue
            break
        yield port
    finally:
        client.close()
        process.kill()
        process.wait()


def test_redis_lets_handoff_hint_and_count(guarded: int) -> None:
    with redis.Redis(port=guarded, username="handoff", password="secret") as client, client.pubsub() as hints:
        hints.subscribe(TOPIC)
        assert hints.get_message(timeout=20) is not None
        assert client.publish(TOPIC, b"{}") == 1
        count = client.register_script("redis.call('TIME') return redis.call('SET', KEYS[1], ARGV[1], 'PX', 1000)")
        assert count(keys=["handoff:rate:one"], args=["1"]) == b"OK"
        with client.pipeline() as many:
            many.set("handoff:1:login", 1, ex=60)
            many.incrby("handoff:1:login", 1)
            many.expire("handoff:1:login", 60)
            assert many.execute() == [True, 2, True]


@pytest.mark.parametrize(
    "asked",
    [
        ("GET", "somebody-else"),
        ("PUBLISH", "somebody-else", "x"),
        ("SUBSCRIBE", "somebody-else"),
        ("KEYS", "*"),
        ("CONFIG", "GET", "*"),
        ("FLUSHALL",),
        ("SHUTDOWN",),
        ("ACL", "LIST"),
        ("EVAL", "return redis.call('GET', 'somebody-else')", "0"),
    ],
    ids=lambda asked: asked[0],
)
def test_redis_lets_handoff_do_nothing_else(guarded: int, asked: tuple[str, ...]) -> None:
    with (
        redis.Redis(port=guarded, username="handoff", password="secret") as client,
        pytest.raises((NoPermissionError, ResponseError)) as refused,
    ):
        client.execute_command(*asked)
    assert re.search("no permission|can't access", str(refused.value), re.IGNORECASE)


def test_redis_lets_nobody_in_without_a_password(guarded: int) -> None:
    with redis.Redis(port=guarded) as client, pytest.raises((AuthenticationError, ResponseError)):
        client.ping()
