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
    """Third-party packages that importing the page loads, against ui.txt."""
    code = (
        "import pathlib, sys, importlib\n"
        "for path in sorted(pathlib.Path('ui').rglob('*.py')):\n"
        "    if path.name not in ('app.py', '__init__.py'): importlib.import_module('.'.join(path.with_suffix('').parts))\n"
        "from importlib.metadata import packages_distributions\n"
        "known = packages_distributions()\n"
        "names = {name.split('.')[0] for name in sys.modules}\n"
        "print('\\n'.join(sorted({d for name in names for d in known.get(name, [])[:1]})))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    pins = {line.split("==")[0] for line in (ROOT / "requirements" / "ui.txt").read_text().split("\n") if "==" in line}
    loaded = {name.lower().replace("_", "-") for name in result.stdout.split()} - {"redwell"}
    # Libraries look for these and go on without them.
    optional = {
        "rich",
        "click",
        "pygments",
        "markdown-it-py",
        "mdurl",
        "sniffio",
        "setuptools",
        "googleapis-common-protos",
        "cloudpickle",
    }
    assert {"streamlit", "httpx", "pydantic"} <= loaded
    assert loaded - pins - optional == set()
