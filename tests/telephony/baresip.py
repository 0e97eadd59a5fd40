"""A real softphone, baresip, that speaks a tone and keeps what it heard."""

from __future__ import annotations

import json
import math
import socket
import struct
import subprocess
import time
import wave
from pathlib import Path
from types import TracebackType

from tests.processes import free_port
from tests.telephony import sound
from tests.telephony.audioline import HOST

_CONFIGURATION = """\
module_path {modules}
net_interface 127.0.0.1
sip_listen 127.0.0.1:{port}
audio_source aufile,{folder}/speech.wav
audio_player aubridge,heard
audio_alert aubridge,alert
snd_path {folder}
ctrl_tcp_listen 127.0.0.1:{control}
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
"""


def find_modules() -> Path:
    """Where Debian, on whatever machine, put its modules."""
    return next(
        path for root in ("/usr/lib", "/usr/lib64", "/usr/local/lib") for path in Path(root).glob("**/baresip/modules")
    )


class Baresip:
    """`registrar` is the `host:port` where it makes itself known; without one it only calls. Answers by itself."""

    def __init__(self, user: str, *, folder: Path, hertz: int, registrar: str = "", codec: str = "PCMU") -> None:
        self.port, control = free_port(), free_port()
        self._folder = folder
        folder.mkdir()
        write_tone(folder / "speech.wav", hertz=hertz)
        (folder / "config").write_text(
            _CONFIGURATION.format(modules=find_modules(), port=self.port, folder=folder, control=control)
        )
        home = registrar or f"{HOST}:{self.port}"
        interval = 60 if registrar else 0
        (folder / "accounts").write_text(
            f"<sip:{user}@{home}>;auth_pass=none;regint={interval};answermode=auto;audio_codecs={codec}\n"
        )
        (folder / "contacts").touch()
        self.address = f"sip:{user}@{HOST}:{self.port}"
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["baresip", "-v", "-f", str(folder)], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        self._control = self._open(control)

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    def order(self, command: str, parameter: str = "") -> None:
        """`dial`, `sndcode` (keys, as RFC 4733), `hangup`."""
        text = json.dumps({"command": command, "params": parameter})
        self._control.sendall(f"{len(text)}:{text},".encode())

    def measure_heard(self, hertz: int) -> float:
        """The share of this tone in the last 0.3 s it heard; to be asked once it has hung up or was closed."""
        [recording] = self._folder.glob("dump-*-dec.wav")
        data = recording.read_bytes()[44:]
        last = data[-4800 - len(data) % 2 :]
        return sound.measure(list(struct.unpack(f"<{len(last) // 2}h", last[: len(last) // 2 * 2])), hertz=hertz)

    def close(self) -> None:
        self._control.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    def __enter__(self) -> Baresip:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, control: int) -> socket.socket:
        deadline = time.monotonic() + 10
        while True:
            try:
                return socket.create_connection((HOST, control), timeout=5)
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    self._process.kill()
                    raise AssertionError(f"baresip did not start: {self.log}") from None
                time.sleep(0.05)


def write_tone(path: Path, *, hertz: int, seconds: int = 30) -> None:
    samples = (
        round(8000 * math.sin(2 * math.pi * hertz * place / sound.RATE)) for place in range(seconds * sound.RATE)
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.RATE)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
