"""Runs the demo: the product, an example site that embeds it, and accounts to try both with."""

import argparse
import json
import os
import secrets
import signal
import socket
import string
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from deploy import bootstrap
from deploy.example_site import BRAND_DIR, SITE_DIR, ExampleSite
from deploy.processes import is_free, kill, last_lines, start, stop, wait_until_ready
from deploy.shell import ROOT, VENV_PYTHON, SetupError, Stamp, digest, environment, run, say

HOME = ROOT / "var" / "demo"
CONFIGURED = HOME / ".configured"
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EASY_TO_TYPE = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Product:
    port: int
    database: Path
    sip_port: int = 5070

    @property
    def origin(self) -> str:
        return os.environ.get("PUBLIC_ORIGIN") or f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return environment(
            DJANGO_SETTINGS_MODULE=None,
            HANDOFF_DEMO="1",
            PUBLIC_ORIGIN=self.origin,
            DATABASE_URL=os.environ.get("DATABASE_URL") or f"sqlite:///{self.database}",
            HANDOFF_BRAND_ROOT=os.environ.get("HANDOFF_BRAND_ROOT") or str(BRAND_DIR),
            HANDOFF_LAB_SIP=f"127.0.0.1:{self.sip_port}",
        )

    @property
    def log(self) -> Path:
        return HOME / "product.log"

    def manage(self, *arguments: str | Path) -> None:
        run(VENV_PYTHON, "manage.py", *arguments, env=self.environment)

    def migrate(self) -> None:
        url = self.environment["DATABASE_URL"]
        stamp = Stamp(HOME / ".migrated", digest([ROOT / "handoff" / "migrations", ROOT / "requirements.lock", url]))
        if stamp.is_current() and self.database.is_file():
            return
        if not self.database.is_file():
            # Somebody started over: a new database knows neither queues nor agents.
            CONFIGURED.unlink(missing_ok=True)
        say("preparing the database")
        self.manage("migrate", "--no-input", "--verbosity=0")
        stamp.set()

    def configure(self, configuration: str) -> None:
        stamp = Stamp(CONFIGURED, digest([configuration, self.environment["DATABASE_URL"]]))
        if stamp.is_current() and self.database.is_file():
            return
        rendered = HOME / "handoff.toml"
        write_private(rendered, configuration)
        self.manage("apply_config", rendered)
        stamp.set()

    def start(self) -> subprocess.Popen[bytes]:
        serve = ("manage.py", "serve", "--host", "127.0.0.1", "--port", str(self.port))
        return start([VENV_PYTHON, *serve], env=self.environment, log=self.log)


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run", description=__doc__)
    parser.add_argument("--setup", action="store_true", help="install and build what is needed, then exit")
    parser.add_argument(
        "manage",
        nargs=argparse.REMAINDER,
        metavar="manage COMMAND",
        help="a command of manage.py on the demo's data, whether the demo runs or not: manage apply_config shop.toml",
    )
    arguments = parser.parse_args()
    if arguments.manage and (arguments.manage[0] != "manage" or len(arguments.manage) == 1):
        parser.error("only `manage` and a command may follow: ./run manage apply_config shop.toml")
    try:
        if arguments.setup:
            bootstrap.set_up()
            return 0
        return manage(arguments.manage[1:]) if arguments.manage else run_demo()
    except SetupError as error:
        say(f"{error}")
        return 1
    except KeyboardInterrupt:
        return 130


def run_demo() -> int:
    product = Product(port("HANDOFF_PORT", 8000), HOME / "handoff.sqlite3", sip_port())
    example_port = port("HANDOFF_EXAMPLE_PORT", 8001)
    bootstrap.set_up()
    private = private_values()
    site = ExampleSite(HOME, example_port, product.origin, private["hmac_secret"])
    product.migrate()
    product.configure(render_configuration(private, example_port))
    site.prepare()
    return serve(product, site, private)


def manage(arguments: list[str]) -> int:
    """Run one of manage.py's commands as the demo's server would see the world; its output and exit code are shown."""
    product = Product(port_number("HANDOFF_PORT", 8000), HOME / "handoff.sqlite3")
    bootstrap.set_up()
    product.migrate()
    return subprocess.run([VENV_PYTHON, "manage.py", *arguments], cwd=ROOT, env=product.environment).returncode


def port_number(variable: str, default: int) -> int:
    value = os.environ.get(variable) or str(default)
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise SetupError(f"{variable} is {value!r}: it must be a port number")
    return int(value)


def port(variable: str, default: int) -> int:
    value = port_number(variable, default)
    if not is_free(value):
        raise SetupError(f"Port {value} is taken. Choose another one: {variable}={value + 100} ./run")
    return value


def sip_port() -> int:
    """SIP travels in datagrams, so a port that no server listens on may be taken all the same."""
    value = os.environ.get("HANDOFF_SIP_PORT") or "5070"
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise SetupError(f"HANDOFF_SIP_PORT is {value!r}: it must be a port number")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", int(value)))
        except OSError:
            raise SetupError(
                f"SIP port {value} is taken. Choose another one: HANDOFF_SIP_PORT={int(value) + 100} ./run"
            ) from None
    return int(value)


def private_values() -> dict[str, str]:
    """Return this installation's own secrets, made at the first start."""
    path = HOME / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
    made = {f"{name}_password": easy_password() for name in ("amira", "tomas", "admin")}
    values = {"hmac_secret": secrets.token_urlsafe(48), **made, **known}
    if values != known:
        write_private(path, json.dumps(values, indent=2))
    return values


def easy_password() -> str:
    return "-".join("".join(secrets.choice(EASY_TO_TYPE) for _ in range(4)) for _ in range(4))


def write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def render_configuration(private: dict[str, str], example_port: int) -> str:
    template = string.Template((SITE_DIR / "handoff.toml").read_text())
    # safe_substitute: the file's own comment shows the placeholder's form.
    return template.safe_substitute(private, example_port=str(example_port))


def serve(product: Product, site: ExampleSite, private: dict[str, str]) -> int:
    for number in STOP_SIGNALS:
        signal.signal(number, interrupt)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        processes += [product.start()]
        processes += [site.start()]
        wait_until_ready(f"http://127.0.0.1:{product.port}/readyz", processes[0], log=product.log)
        wait_until_ready(f"{site.origin}/", processes[1], log=site.log)
        print(addresses(product, site, private), flush=True)
        watch({"the product": (processes[0], product.log), "the example site": (processes[1], site.log)})
    except KeyboardInterrupt:
        say("stopping")
        return 0
    finally:
        # Whoever is in a hurry presses Ctrl-C again.
        for number in STOP_SIGNALS:
            signal.signal(number, lambda *_: kill(*processes))
        stop(*processes)


def interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def watch(servers: dict[str, tuple[subprocess.Popen[bytes], Path]]) -> NoReturn:
    while True:
        time.sleep(0.3)
        for name, (process, log) in servers.items():
            if process.poll() is not None:
                raise SetupError(f"{name} ended with {process.returncode}:\n{last_lines(log)}")


def addresses(product: Product, site: ExampleSite, private: dict[str, str]) -> str:
    return f"""
  Harbour Bank    {site.origin}/
                  a customer: maya, password maya-at-harbour (the page shows the code)

  Agent console   {product.origin}/console/
                  amira  {private["amira_password"]}
                  tomas  {private["tomas_password"]}

  Phone           dial sip:+442079460000@127.0.0.1:{product.sip_port} with any softphone on this machine;
                  amira and tomas take calls on softphones registered as amira and tomas
                  at 127.0.0.1:{product.sip_port} (any password; docs/phone.md)

  Admin           {product.origin}/admin/
                  admin  {private["admin_password"]}
                  (supervises every queue, too: sign in at the console)

  A site of yours ./run manage apply_config shop.toml    (docs/embedding.md)

  Logs are in {HOME.relative_to(ROOT)}/. Ctrl-C stops everything.
"""


if __name__ == "__main__":
    sys.exit(main())
