"""The Dockerfiles, as far as they can be looked at without building them."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest

from tests.kube.manifests import ROOT

FILES = sorted((ROOT / "docker").glob("Dockerfile.*"))


def instructions(text: str) -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", text))
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in joined.splitlines() if line.strip())]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_copied_is_there_and_not_ignored(path) -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().split("\n") if line.startswith("!")}
    for name, rest in instructions(path.read_text()):
        if name == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert source.split("/")[0] in sent, source


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_images_end_as_the_user_of_the_manifests(path) -> None:
    steps = instructions(path.read_text())
    assert [rest for name, rest in steps if name == "USER"] == ["10001:10001"]
    assert all(":" in rest and ":latest" not in rest for name, rest in steps if name == "FROM")


@pytest.mark.parametrize("path", FILES[:2], ids=lambda path: path.name)
def test_every_package_is_in_the_image(path) -> None:
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    copied = {rest.split()[0] for name, rest in instructions(path.read_text()) if name == "COPY"}
    packages = {name.rstrip("*") for name in found}
    assert {name for name in packages if (ROOT / name).is_dir()} <= copied


def test_there_is_an_image_for_each_purpose() -> None:
    assert [path.name for path in FILES] == ["Dockerfile.cpu", "Dockerfile.gpu", "Dockerfile.ui"]


def test_the_page_needs_no_more_than_its_image_holds() -> None:
    """The page is imported with everything hidden that ui.txt does not list."""
    code = """
import importlib, importlib.machinery, pathlib, sys
from importlib.metadata import packages_distributions
pins = {line.split("==")[0] for line in pathlib.Path("requirements/ui.txt").read_text().splitlines() if "==" in line}
held = {top for top, names in packages_distributions().items() if {n.lower().replace("_", "-") for n in names} & pins}
class Held:
    finders = list(sys.meta_path)
    find_distributions = staticmethod(importlib.machinery.PathFinder.find_distributions)
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top in held or top in sys.stdlib_module_names or top in ("rag", "ui") or top[0] == "_":
            return next((spec for one in self.finders if (spec := one.find_spec(name, path, target))), None)
sys.meta_path[:] = [Held()]
for path in sorted(pathlib.Path("ui").rglob("*.py")):
    if path.name not in ("app.py", "__init__.py"):
        importlib.import_module(".".join(path.with_suffix("").parts))
print(len(held))
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > 20
