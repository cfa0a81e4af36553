# ruff: noqa: T201  (a command of its own: it prints)
"""Write cpu.txt, dev.txt and ui.txt: the closure of each .in file, pinned to what is installed in this environment.

Run it with the environment's own interpreter after an upgrade: `.venv/bin/python requirements/lock.py`. It asks no registry. With
`--check` it writes nothing and exits 1 where a file would change.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

HERE = Path(__file__).parent
OLDEST_PYTHON = "3.11.2"
"""Debian 12's. A pin that asks for more cannot be installed there."""
HEADER = "# Written by requirements/lock.py from {source}: do not edit. Install with `pip install --no-deps -r`.\n"


def read(path: Path) -> tuple[list[Requirement], set[str]]:
    """The direct requirements of an .in file, and the names that it prunes."""
    direct: list[Requirement] = []
    without: set[str] = set()
    for line in path.read_text().splitlines():
        text = line.split("#", 1)[0].strip()
        if text.startswith("without "):
            without.add(canonicalize_name(text.removeprefix("without ")))
        elif text:
            direct.append(Requirement(text))
    return direct, without


def closure(direct: list[Requirement], without: set[str]) -> dict[str, str]:
    """Canonical name -> installed version of everything the requirements reach. Raises SystemExit naming what is missing.

    An extra that a requirement asks for is walked with it, so a package is visited once for each set of extras.
    """
    found: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(requirement, "the list itself") for requirement in direct]
    while waiting:
        requirement, parent = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if name in without or (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            raise SystemExit(
                f"{name} is not installed, but {parent} needs it: install it, or prune it with 'without'."
            ) from None
        # A local build ("2.13.0+cpu") answers to the public version, and only that can be asked for everywhere.
        found[name] = Version(distribution.version).public
        for line in distribution.requires or []:
            child = Requirement(line)
            if child.marker is None or any(child.marker.evaluate({"extra": extra}) for extra in extras | {""}):
                waiting.append((child, name))
    return found


def unmet(names: Iterable[str]) -> list[str]:
    """Conflicts among what is pinned and with OLDEST_PYTHON, as 'a needs b<2, installed is 2.1'."""
    problems = []
    for name in names:
        python = metadata.metadata(name).get("Requires-Python") or ""
        if not SpecifierSet(python).contains(OLDEST_PYTHON):
            problems.append(f"{name} needs Python {python}, which Debian 12 does not have: install an older one")
        for line in metadata.distribution(name).requires or []:
            child = Requirement(line)
            wanted = child.marker is None or child.marker.evaluate({"extra": ""})
            if not wanted or canonicalize_name(child.name) not in names:
                continue
            installed = metadata.version(child.name)
            if not child.specifier.contains(installed, prereleases=True):
                problems.append(f"{name} needs {child.name}{child.specifier}, installed is {installed}")
    return problems


def text(source: str, pins: dict[str, str]) -> str:
    return HEADER.format(source=source) + "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))


def main(arguments: list[str]) -> int:
    direct, without = read(HERE / "cpu.in")
    cpu = closure(direct, without)
    tools, _ = read(HERE / "dev.in")
    dev = {name: version for name, version in closure(tools, without).items() if name not in cpu}
    page = closure(read(HERE / "ui.in")[0], without)
    written = {"cpu.txt": text("cpu.in", cpu), "dev.txt": text("dev.in", dev), "ui.txt": text("ui.in", page)}
    problems = unmet(cpu | dev)
    for problem in problems:
        print(f"note: {problem}")
    if "--check" in arguments:
        stale = [
            name
            for name, content in written.items()
            if not (HERE / name).exists() or (HERE / name).read_text() != content
        ]
        for name in stale:
            print(f"{name} is not what is installed: run requirements/lock.py")
        return int(bool(stale))
    for name, content in written.items():
        (HERE / name).write_text(content)
        print(f"{name}: {len(re.findall('==', content))} packages")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
