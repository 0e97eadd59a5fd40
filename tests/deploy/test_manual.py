"""docs/operations.md, followed line by line: the machine that it makes, an upgrade and a restore while people talk."""

from __future__ import annotations

import asyncio
import calendar
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.benchmarks import manual
from tests.benchmarks.bare_machine import NAME, BareMachine
from tests.benchmarks.stack import LOAD_SETTINGS, Findings, gather_crowd, open_desk, stored_messages, talk_through
from tests.faults.crowd import IMPATIENT, PATIENCE_SECONDS, Crowd
from tests.faults.people import Customer
from tests.faults.stack import off_loop

CHATS = 20
TALK_SECONDS = 10
RECEIPT = b"Corner Cafe, two coffees, GBP 42.10\n"


@pytest.fixture(scope="module")
def machine() -> Iterator[BareMachine]:
    """Everything up to the first start, by the manual's own commands."""
    with BareMachine.new(*LOAD_SETTINGS) as made:
        made.follow(manual.commands(manual.FIRST_START))
        yield made


def ask(machine: BareMachine, path: str, *options: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of what curl is answered through nginx."""
    url = path if "://" in path else f"https://{NAME}{path}"
    words = " ".join(f"'{option}'" for option in options)
    answer = machine.follow(f"curl --silent --include --http1.1 {words} '{url}'")
    head, _, body = answer.partition("\n\n")
    first, *rest = head.splitlines()
    return (
        int(first.split()[1]),
        {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)},
        body,
    )


def test_the_machine_is_ready_and_tells_who_asks_by_its_public_name_alone(machine: BareMachine) -> None:
    status, _, body = ask(machine, "/readyz")
    assert (status, json.loads(body)["status"]) == (200, "ready")
    with pytest.raises(AssertionError, match="ended with"):
        ask(
            machine,
            "https://evil.example.com/readyz",
            "--connect-to",
            f"evil.example.com:443:127.0.0.1:{machine.https_port}",
        )


def test_plain_http_is_sent_to_https(machine: BareMachine) -> None:
    port = machine.place.ports[80]
    status, headers, _ = ask(machine, f"http://127.0.0.1:{port}/console/?a=b", "--header", f"Host: {NAME}")
    assert (status, headers["location"]) == (308, f"https://{NAME}/console/?a=b")


def test_figures_are_shown_to_nobody_outside(machine: BareMachine) -> None:
    assert ask(machine, "/metrics")[0] == 404


def test_what_a_request_says_of_itself_is_written_over(machine: BareMachine) -> None:
    forged = (
        "X-Request-Id: chosen-by-a-stranger",
        "X-Forwarded-For: 203.0.113.9",
        "X-Forwarded-Proto: http",
        "Forwarded: for=203.0.113.9",
    )
    options = [word for header in forged for word in ("--header", header)]
    status, headers, _ = ask(machine, "/accounts/login/", *options)
    assert status == 200
    assert headers["x-request-id"] != "chosen-by-a-stranger"
    # Who believed in X-Forwarded-Proto: http would leave the cookie open to plain http.
    assert headers["set-cookie"].startswith("__Host-")
    assert "Secure" in headers["set-cookie"]
    assert "strict-transport-security" in headers
    told = [json.loads(line) for line in (machine.home / "var/log/nginx/handoff.log").read_text().splitlines()]
    assert {line["address"] for line in told} == {"127.0.0.1"}
    assert headers["x-request-id"] in {line["request_id"] for line in told}


def test_a_log_line_holds_no_path_that_is_a_key(machine: BareMachine) -> None:
    for path in ("/callback/a-sealed-token", "/api/v1/attachments/a-sealed-link", "/api/v1/articles?q=divorce"):
        ask(machine, path)
    text = (machine.home / "var/log/nginx/handoff.log").read_text()
    assert "/callback/..." in text
    assert not any(secret in text for secret in ("a-sealed-token", "a-sealed-link", "divorce"))


def test_built_files_come_from_the_disk_compressed_and_are_asked_for_again_cheaply(machine: BareMachine) -> None:
    status, headers, _ = ask(
        machine,
        "/static/dist/widget.js",
        "--header",
        "Accept-Encoding: gzip",
        "--output",
        "/dev/null",
        "--dump-header",
        "-",
    )
    assert (status, headers["content-encoding"], headers["cache-control"]) == (200, "gzip", "no-cache")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-type"] == "application/javascript; charset=utf-8"
    again = ask(
        machine,
        "/static/dist/widget.js",
        "--header",
        "Accept-Encoding: gzip",
        "--header",
        f"If-None-Match: {headers['etag']}",
    )
    assert again[0] == 304


def test_large_bodies_are_refused_before_they_are_taken(machine: BareMachine) -> None:
    (machine.home / "large").write_bytes(b"x" * 300_000)
    assert ask(machine, "/api/v1/sessions", "--data-binary", f"@{machine.home}/large", "--header", "Expect:")[0] == 413


def test_a_part_is_kept_for_good_and_one_that_is_missing_is_not(machine: BareMachine) -> None:
    build = json.loads(ask(machine, "/static/dist/build.json")[2])["build"]
    status, headers, _ = ask(machine, f"/static/dist/later-{build}.js", "--header", "Accept-Encoding: gzip", "--head")
    assert (status, headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    status, headers, _ = ask(machine, "/static/dist/later-00000000.js")
    assert status == 404
    assert "cache-control" not in headers


async def test_people_talk_through_an_upgrade_and_a_restore(machine: BareMachine) -> None:
    place = open_desk(machine, agents=2)
    crowd = await gather_crowd(place, chats=CHATS, manners=IMPATIENT)
    try:
        await off_loop(send_receipt, machine, crowd.customers[0])
        # Ends with the very command that "Restarting" tells.
        assert manual.commands(manual.UPGRADE).endswith(manual.commands(manual.RESTART))
        found = await talk_through(crowd, machine, seconds=TALK_SECONDS, commands=manual.commands(manual.UPGRADE))
        assert found.trouble() == []
        assert len(found.tally.acks) > CHATS * TALK_SECONDS
        await restore(machine, crowd, found)
    finally:
        await crowd.leave()


async def restore(machine: BareMachine, crowd: Crowd, found: Findings) -> None:
    """What was acked before the backup began is there again, the file too, and everybody knows that history changed."""
    epoch = await off_loop(epoch_of, machine)
    epochs = {person.view.epoch for person in crowd.people}
    assert epochs == {epoch}
    await off_loop(machine.follow, manual.commands(manual.RESTORE))
    assert await off_loop(epoch_of, machine) != epoch
    stored = await off_loop(stored_messages, machine)
    before = acked_before_the_backup(machine, found)
    assert before
    assert [one for one in before if one not in stored] == []
    # It is the backup's: what came after it is gone.
    assert len(stored) < len(found.stored)
    assert receipts(machine) == [RECEIPT]
    resyncs = await resyncs_of_all(crowd, found)
    assert resyncs == {person.name: ["epoch_changed"] for person in crowd.people}
    # And life goes on.
    customer = crowd.customers[0]
    assert customer.handoff is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await customer.say(customer.handoff, "Are you still there?") is not None


async def resyncs_of_all(crowd: Crowd, found: Findings) -> dict[str, list[str]]:
    """Why each began anew since the load ended, once everybody was told to: that comes after the welcome."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            told: dict[str, list[str]] = {}
            for record in found.tally.of("resync"):
                if record["t"] > found.ended:
                    told.setdefault(record["who"], []).append(record["reason"])
            if len(told) == len(crowd.people):
                return told
            await asyncio.sleep(0.05)


def acked_before_the_backup(machine: BareMachine, found: Findings) -> list[str]:
    """By the second in which its manifest says that it began."""
    (backup,) = (machine.home / "var/backups/handoff").glob("2*")
    manifest: dict[str, Any] = json.loads((backup / "manifest.json").read_text())
    began = calendar.timegm(time.strptime(manifest["made_at"], "%Y-%m-%dT%H:%M:%SZ"))
    since = time.time() - time.monotonic()
    return [one for one, ack in found.tally.acks.items() if since + ack.said_at + ack.seconds < began]


def epoch_of(machine: BareMachine) -> str:
    with psycopg.connect(machine.settings()["DIRECT_DATABASE_URL"]) as link:
        row = link.execute("SELECT value FROM handoff_epoch").fetchone()
    assert row is not None
    return str(row[0])


def send_receipt(machine: BareMachine, customer: Customer) -> None:
    """A customer's file, through nginx."""
    (machine.home / "receipt.txt").write_bytes(RECEIPT)
    headers = (
        f"Authorization: Bearer {customer.session}",
        f"Origin: https://{NAME}",
        "X-File-Name: receipt.txt",
        "Content-Type: application/octet-stream",
    )
    options = [word for header in headers for word in ("--header", header)]
    path = f"/api/v1/handoffs/{customer.handoff}/attachments"
    status, _, body = ask(
        machine, path, *options, "--data-binary", f"@{machine.home}/receipt.txt", "--header", "Expect:"
    )
    assert status == 201, body
    assert receipts(machine) == [RECEIPT]


def receipts(machine: BareMachine) -> list[bytes]:
    folder = Path(machine.settings()["HANDOFF_ATTACHMENT_ROOT"])
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
