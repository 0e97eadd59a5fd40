"""Starts Harbour Bank, the example site, as a process of its own."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.processes import free_port, start, stop, wait_until_ready
from deploy.shell import ROOT, VENV_PYTHON, Stamp, digest, environment, run

SITE_DIR = ROOT / "examples" / "harbour_bank"
# The help desk serves the site's logo, from a folder of its own.
BRAND_DIR = SITE_DIR / "brand"


@dataclass(frozen=True)
class ExampleSite:
    home: Path
    port: int
    help_origin: str
    hmac_secret: str

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return environment(
            DJANGO_SETTINGS_MODULE="bank.settings",
            HARBOUR_HELP_ORIGIN=self.help_origin,
            HARBOUR_HMAC_SECRET=self.hmac_secret,
            HARBOUR_DATABASE=str(self.home / "harbour.sqlite3"),
        )

    def prepare(self) -> None:
        """Create its database and demo customers, once for each version of them."""
        sources = digest([SITE_DIR / "bank" / "migrations", SITE_DIR / "bank" / "management"])
        stamp = Stamp(self.home / ".harbour-prepared", sources)
        if stamp.is_current() and (self.home / "harbour.sqlite3").is_file():
            return
        self.home.mkdir(parents=True, exist_ok=True)
        for arguments in (("migrate", "--no-input", "--verbosity=0"), ("seed_demo",)):
            run(VENV_PYTHON, "manage.py", *arguments, env=self.environment, cwd=SITE_DIR)
        stamp.set()

    def start(self) -> subprocess.Popen[bytes]:
        uvicorn = ("-m", "uvicorn", "bank.asgi:application", "--port", str(self.port), "--lifespan", "off")
        return start([VENV_PYTHON, *uvicorn], env=self.environment, log=self.log, cwd=SITE_DIR)

    @property
    def log(self) -> Path:
        return self.home / "harbour.log"


@contextlib.contextmanager
def running_example_site(*, help_origin: str, hmac_secret: str, port: int | None = None) -> Iterator[ExampleSite]:
    """Run a fresh Harbour Bank for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="harbour-") as home:
        site = ExampleSite(Path(home), port or free_port(), help_origin, hmac_secret)
        site.prepare()
        process = site.start()
        try:
            wait_until_ready(f"{site.origin}/", process, log=site.log)
            yield site
        finally:
            stop(process, seconds=10)
