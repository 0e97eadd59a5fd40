"""SIPp, a real test tool of SIP: plays a scenario of ours, and fails if anything came otherwise than written there."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import free_port
from tests.telephony.audioline import HOST
from tests.telephony.sound import make_frames

SCENARIOS = Path(__file__).parent / "scenarios"


class Sipp:
    def __init__(self, process: subprocess.Popen[bytes], *, port: int, folder: Path) -> None:
        self._process, self._folder, self.port = process, folder, port

    def wait(self) -> None:
        """Until the scenario was played to its end, as written."""
        code = self._process.wait(30)
        told = "\n".join(path.read_text(errors="replace")[-2000:] for path in sorted(self._folder.glob("*.log")))
        assert code == 0, f"sipp ended with {code}: {told}"


@contextmanager
def played(
    scenario: str, *, folder: Path, target: tuple[str, int] = (HOST, 5060), service: str = "lab", tone: int = 440
) -> Iterator[Sipp]:
    """Play `scenario` once: towards `target`, or waiting for a call on its `port`. `tone` is what it speaks, in Hz."""
    folder.mkdir()
    (folder / "tone.ulaw").write_bytes(b"".join(make_frames(tone)))
    port = free_port()
    command = ["sipp", f"{target[0]}:{target[1]}", "-sf", str(SCENARIOS / f"{scenario}.xml"), "-s", service]
    command += ["-i", HOST, "-p", str(port), "-m", "1", "-mi", HOST, "-timeout", "20s", "-timeout_error"]
    command += ["-trace_err", "-error_file", str(folder / "errors.log"), "-nostdin"]
    with (folder / "screen").open("wb") as screen:
        process = subprocess.Popen(command, cwd=folder, stdout=screen, stderr=subprocess.STDOUT)
    try:
        yield Sipp(process, port=port, folder=folder)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)
