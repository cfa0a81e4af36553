"""The house rules that a machine can check (CONTRIBUTING.md)."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 400
VLLM_LOADS = {f"rag/runtime/{name}.py" for name in ("llm_worker", "llm_groups", "llm_norms", "llm_stream")}
"""Named to vLLM, which imports it in its own process."""
RAY_MAY = {
    "rag/deploy.py",
    "ingestion/batch.py",
    *(
        f"rag/serving/{name}.py"
        for name in (
            *("bare", "hosts", "llm", "metrics", "models", "monitoring", "packing", "ray_defaults", "scaling_play"),
            "transport",
        )
    ),
}


def sources(*folders: str) -> list[Path]:
    """Python files by path, relative to the repository."""
    return sorted(path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


def module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(node: ast.AST) -> Iterator[str]:
    """Names of the modules that an import statement may load: 'from a import b' gives a and a.b."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def at_import(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """The statements that run when a module is imported: not the bodies of functions, nor what only types need."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        for field in ("body", "orelse", "finalbody"):
            yield from at_import(getattr(node, field, []))


def loads(path: Path, modules: set[str]) -> set[str]:
    """Modules of ours that importing this one imports. 'from package import module' means the module alone."""
    found = set()
    for node in at_import(tree(path).body):
        names = [name for name in imported(node) if name in modules]
        if isinstance(node, ast.ImportFrom):
            inner = [name for name in names if name != node.module]
            names = inner if len(inner) == len(node.names) else names
        found.update(names)
    return found - {module_name(path)}


def checks_something(function: ast.AST, checking: set[str]) -> bool:
    """An assert, pytest.raises or warns, or a call of a function that holds one of them."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in {"raises", "warns", "fail"} | checking or name.startswith(("check", "assert", "expect")):
                return True
    return False


def test_only_the_deployment_and_the_batch_job_import_ray() -> None:
    users = {
        str(path)
        for path in sources("rag", "ingestion", "ui")
        for node in ast.walk(tree(path))
        if any(name.split(".")[0] == "ray" for name in imported(node))
    }
    assert users <= RAY_MAY


def test_importing_everything_else_loads_neither_ray_nor_a_model_library() -> None:
    names = [
        module_name(path)
        for path in sources("rag", "ingestion")
        if str(path) not in RAY_MAY | VLLM_LOADS and "migrations" not in path.parts
    ]
    code = (
        "import importlib, json, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "print(json.dumps([name for name in ('ray', 'torch', 'spacy', 'transformers', 'docling') if name in sys.modules]))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == []


def test_no_module_is_longer_than_a_person_reads() -> None:
    lines = {str(path): len((ROOT / path).read_text().splitlines()) for path in sources("rag", "ingestion", "ui")}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_the_library_does_not_print() -> None:
    """Printing into a buffer (`file=`) is formatting, and none of its business."""
    found = [
        f"{path}:{node.lineno}"
        for path in sources("rag", "ingestion")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
        and not any(keyword.arg == "file" for keyword in node.keywords)
    ]
    assert found == []


def test_modules_do_not_import_each_other_in_circles() -> None:
    paths = {module_name(path): path for path in sources("rag", "ingestion", "ui")}
    graph = {name: loads(path, set(paths)) for name, path in paths.items()}
    circle: list[str] = []
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = error.args[1]
    assert circle == []


def test_every_test_checks_something() -> None:
    silent = []
    for path in sources("tests"):
        functions = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        helpers = {
            node.name for node in functions if not node.name.startswith("test_") and checks_something(node, set())
        }
        tests = [node for node in functions if node.name.startswith("test_")]
        silent += [f"{path}::{node.name}" for node in tests if not checks_something(node, helpers)]
    assert silent == []


def test_the_changelog_is_kept() -> None:
    assert "## " in (ROOT / "CHANGELOG.md").read_text()


def test_requirements_are_names_and_versions_only() -> None:
    lines = [
        line
        for name in ("cpu.txt", "dev.txt")
        for line in (ROOT / "requirements" / name).read_text().splitlines()
        if not line.startswith("#")
    ]
    odd = [line for line in lines if line.count("==") != 1 or set(line) & set(" @/:;+")]
    assert (odd, len(lines) > 200) == ([], True)
