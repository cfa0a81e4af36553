"""`redwell doctor`: looks at this machine and these settings and says how to mend what is wrong. It changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Literal

from rag.errors import ConfigurationError, RedwellError
from rag.launch import check_exposure, models, port_free
from rag.runtime.processor import multiplies_bfloat16
from rag.settings import Settings, environment_keys, load

GIB = 2**30
PYTHON = (3, 11)
"""The version that the pins in requirements/ were made for."""
TESSERACT = 5
MEMORY_GIB = 7.4
"""What the cpu profile takes after questions (`redwell bench all --only asking --only memory`); below it the machine swaps or ends a process."""
DISK_GIB = 2.0
SECONDS = 20


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `remedy` is empty when there is nothing to do."""

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    remedy: str = ""


def examine(profile: str, *, file: Path | None = None, languages: str | None = None) -> list[Check]:
    """Every check. Wrong settings are one of them: what depends on them is then left out."""
    checks = [python(sys.version_info[:2]), ray(), gpu(wanted=profile != "cpu")]
    try:
        settings = load(profile, file=file)
        check_exposure(settings)
    except (RedwellError, OSError) as error:
        remedy = error.remedy if isinstance(error, RedwellError) else "Correct the path."
        return [*checks, Check("settings", "fail", str(error), remedy)]
    set_keys = environment_keys()
    told = f"profile {profile}" + (f", from the environment: {', '.join(set_keys)}" if set_keys else "")
    checks.append(Check("settings", "ok", told))
    checks += [
        *tesseract(languages or settings.reading.languages),
        libreoffice(),
        *(weights(settings, name) for name in models(settings)),
    ]
    return [*checks, *ports(settings), *_resources(settings)]


def running(settings: Settings) -> list[Check]:
    """Of a machine on which the service runs: its ports are taken, by itself."""
    checks = [python(sys.version_info[:2]), ray(), gpu(wanted=settings.profile != "cpu")]
    checks += [*tesseract(settings.reading.languages), libreoffice()]
    checks += [weights(settings, name) for name in models(settings)]
    return [*checks, *_resources(settings)]


def _resources(settings: Settings) -> list[Check]:
    return [processor(multiplies_bfloat16()), memory(_memory_gib()), disk(settings.data_dir), database(settings)]


def python(version: tuple[int, ...]) -> Check:
    said = ".".join(map(str, version))
    if version[:2] == PYTHON:
        return Check("python", "ok", said)
    return Check(
        "python", "fail", f"{said}, but the pinned packages are for 3.11", "Make .venv with Python 3.11: make install"
    )


def tesseract(languages: str) -> list[Check]:
    """The program, and the data for every language of 'eng+deu' and for orientation (osd)."""
    if shutil.which("tesseract") is None:
        remedy = "As root: apt-get install tesseract-ocr tesseract-ocr-eng tesseract-ocr-osd"
        return [Check("tesseract", "fail", "not found on the PATH", remedy)]
    return [
        tesseract_version(_output("tesseract", "--version")),
        *ocr_languages(_output("tesseract", "--list-langs"), languages),
    ]


def tesseract_version(output: str) -> Check:
    """From what `tesseract --version` prints: 'tesseract 5.3.0' and more."""
    words = output.split("\n", 1)[0].split()
    version = words[1].lstrip("v") if len(words) > 1 else ""
    major = version.split(".")[0]
    if major.isdigit() and int(major) >= TESSERACT:
        return Check("tesseract", "ok", version)
    return Check("tesseract", "warn", f"version {version or 'unknown'}, tested with 5", "Install tesseract 5.")


def ocr_languages(output: str, wanted: str) -> list[Check]:
    """From what `tesseract --list-langs` prints: a headline, then one code a line."""
    there = set(output.split("\n")[1:])
    checks = []
    for code in dict.fromkeys([*wanted.split("+"), "osd"]):
        if code in there:
            checks.append(Check(f"OCR data {code}", "ok", "installed"))
        else:
            remedy = f"As root: apt-get install tesseract-ocr-{code.replace('_', '-').lower()}"
            checks.append(Check(f"OCR data {code}", "fail", "not installed", remedy))
    return checks


def libreoffice() -> Check:
    """Optional: without it, old office formats are refused one by one, with the same remedy."""
    from rag.read.libreoffice import PACKAGES, program

    found = program()
    if found:
        return Check("LibreOffice", "ok", found)
    remedy = f"Only if you have such files, as root: apt-get install --no-install-recommends {PACKAGES}"
    return Check("LibreOffice", "ok", "not installed: DOC, XLS, PPT and RTF are not read", remedy)


def weights(settings: Settings, reference: str) -> Check:
    """A packaged model must be installed, a folder must exist; a hub name is only known to be one."""
    from rag.runtime.weights import needs_preparing, resolve

    name = f"model {reference}"
    try:
        if needs_preparing(reference, cache_dir=settings.cache_dir):
            return Check(
                name, "warn", "not unpacked yet: the first start does it, in under a minute", "Run: redwell prepare"
            )
        place = resolve(reference, cache_dir=settings.cache_dir)
    except ConfigurationError as error:
        return Check(name, "fail", error.detail, error.remedy)
    if Path(place).is_dir():
        return Check(name, "ok", place)
    return Check(name, "ok", "a name on a model hub: it is fetched at the first start, which needs the network")


def ports(settings: Settings) -> list[Check]:
    server = settings.server
    return [
        _port("API port", server.host, server.port, "--port"),
        _port("page port", server.ui_host, server.ui_port, "--ui-port"),
    ]


def _port(name: str, host: str, port: int, option: str) -> Check:
    if port_free(host, port):
        return Check(name, "ok", f"{port} on {host} is free")
    return Check(
        name,
        "warn",
        f"{port} on {host} is taken",
        f"Right if Redwell is running; otherwise `redwell serve {option} N`.",
    )


def processor(bfloat16: bool) -> Check:
    """Nothing to mend either way: it says why one machine is slower than another."""
    if bfloat16:
        return Check("processor", "ok", "has instructions for bfloat16")
    return Check(
        "processor",
        "ok",
        "no instructions for bfloat16: models calculate in float32, one and a half to three times as long",
    )


def memory(gib: float) -> Check:
    if gib >= MEMORY_GIB:
        return Check("memory", "ok", f"{gib:.1f} GiB available")
    return Check(
        "memory",
        "warn",
        f"{gib:.1f} GiB available, the cpu profile takes about {MEMORY_GIB:.1f}",
        "End other programs, or add memory.",
    )


def disk(folder: Path) -> Check:
    """Free space where the documents go: the nearest folder of that path that exists."""
    there = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(there).free / GIB
    if not os.access(there, os.W_OK):
        return Check("disk", "fail", f"{there} cannot be written", "Set REDWELL_DATA_DIR to a folder that can.")
    if free >= DISK_GIB:
        return Check("disk", "ok", f"{free:.0f} GiB free for {folder}")
    return Check("disk", "warn", f"only {free:.1f} GiB free for {folder}", "Make room, or set REDWELL_DATA_DIR.")


def database(settings: Settings) -> Check:
    """Connects and asks for nothing; makes no database."""
    import asyncio

    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(settings.database_url)
    except ArgumentError as error:
        return Check("database", "fail", str(error), "Correct storage.database (REDWELL_STORAGE__DATABASE).")
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return Check("database", "ok", f"{shown} is made at the first start")
    problem = asyncio.run(_connect(settings.database_url))
    if problem:
        return Check("database", "fail", f"{shown}: {problem}", "Start the database, or correct storage.database.")
    return Check("database", "ok", f"{shown} answers")


async def _connect(url: str) -> str:
    """Why the database cannot be reached; empty when it can."""
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.ext.asyncio import create_async_engine

    try:
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        await engine.dispose()
    except (SQLAlchemyError, OSError, ImportError) as error:
        return str(error).split("\n", 1)[0]
    return ""


def ray() -> Check:
    try:
        version = metadata.version("ray")
    except PackageNotFoundError:
        return Check("ray", "fail", "not installed", "Run: make install")
    return Check("ray", "ok", version)


def gpu(*, wanted: bool) -> Check:
    """What nvidia-smi lists, and whether this torch can use it."""
    cards = gpu_names(_output("nvidia-smi", "-L")) if shutil.which("nvidia-smi") else []
    if not cards:
        if wanted:
            return Check(
                "gpu", "fail", "this profile needs one and none was found", "Use --profile cpu, or install the driver."
            )
        return Check("gpu", "ok", "none found, the cpu profile needs none")
    said = ", ".join(cards)
    if not wanted:
        return Check("gpu", "ok", f"{said}; the cpu profile leaves it alone")
    from torch import cuda

    if cuda.is_available():
        return Check("gpu", "ok", said)
    return Check("gpu", "fail", f"{said}, but this torch has no CUDA", "Install requirements/gpu.txt.")


def gpu_names(output: str) -> list[str]:
    """'GPU 0: NVIDIA H200 (UUID: ...)' -> 'NVIDIA H200', one a line."""
    lines = [line for line in output.split("\n") if line.startswith("GPU ")]
    return [line.split(": ", 1)[1].split(" (UUID", 1)[0] for line in lines if ": " in line]


def _memory_gib() -> float:
    import psutil

    return psutil.virtual_memory().available / GIB


def _output(*command: str) -> str:
    """Standard output; empty when the program cannot run or hangs: the checks then say what they miss."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
