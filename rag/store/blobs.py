"""Originals and snapshots as named bytes: a folder, or any store that fsspec knows (s3://, gs://, memory://)."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from rag.errors import InvalidInput, NotFound, RedwellError, Unavailable
from rag.store.buckets import file_system

P = ParamSpec("P")
T = TypeVar("T")

_PARTIAL = ".partial-"
"""Prefix of files that are still being written; keys cannot start a segment with it and listings leave them out."""


class FsspecBlobs:
    """`FsspecBlobs(url)`; implements ports.Blobs. Calls run on threads. Cheap to make and to pickle.

    A write is atomic: on a folder it is a temporary file, fsync, rename, fsync of the folder; object stores show an
    object when it is complete. Keys that leave the root raise InvalidInput.
    """

    def __init__(self, url: str) -> None:
        self._url = url.removeprefix("file://").rstrip("/") or "/"
        self._folder = None if "://" in self._url else Path(self._url)
        self._opened: tuple[Any, str] | None = None

    def __reduce__(self) -> tuple[type[FsspecBlobs], tuple[str]]:
        return FsspecBlobs, (self._url,)

    async def put(self, key: str, data: bytes) -> None:
        await self._run(key, self._put, key, data)

    async def put_file(self, key: str, path: Path) -> None:
        """Take a local file in. It stays where it is but must not be written to any more: on the same disk the blob is a
        link to it, which costs nothing for files of any size. Raises NotFound.
        """
        await self._run(key, self._put_file, key, Path(path))

    async def get(self, key: str) -> bytes:
        """Raises NotFound."""
        return await self._run(key, self._get, key)

    async def delete(self, key: str) -> None:
        """Deleting what is not there is no error."""
        await self._run(key, self._delete, key)

    async def exists(self, key: str) -> bool:
        return await self._run(key, self._exists, key)

    async def size(self, key: str) -> int:
        """Bytes. Raises NotFound."""
        return await self._run(key, self._size, key)

    async def keys(self, prefix: str = "") -> list[str]:
        """Every key that starts with the prefix, sorted."""
        return await self._run(prefix, self._keys, prefix)

    async def changed_at(self, key: str) -> float:
        """When it was written, in seconds since 1970. Raises NotFound."""
        return await self._run(key, self._changed_at, key)

    async def sweep(self, before: float) -> int:
        """Delete what writers that died left half-written before this time (seconds since 1970); how many. Only folders
        can hold such files: object stores show what is complete."""
        return await asyncio.to_thread(self._sweep, before)

    @contextmanager
    def open_path(self, key: str) -> Iterator[Path]:
        """A local file with the bytes, to be read only while the context is open. Blocking. Raises NotFound."""
        if self._folder is not None:
            path = self._path(key)
            if not path.is_file():
                raise _missing(key)
            yield path
            return
        with tempfile.TemporaryDirectory(prefix="redwell-") as folder:
            path = Path(folder) / "blob"
            with _translated(key):
                store, remote = self._remote(key)
                if not store.isfile(remote):
                    raise _missing(key)
                store.get_file(remote, str(path))
            yield path

    def save_path(self, key: str, path: Path) -> None:
        """`put_file` for threads: the blob is there when this returns; one that is there already stays. Blocking."""
        with _translated(key):
            if not self._exists(key):
                self._put_file(key, path)

    async def _run(self, key: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def translated() -> T:
            with _translated(key):
                return call(*args, **kwargs)

        return await asyncio.to_thread(translated)

    def _path(self, key: str) -> Path:
        assert self._folder is not None
        return self._folder / _checked(key)

    def _remote(self, key: str) -> tuple[Any, str]:
        """The fsspec file system and the path of the key in it."""
        if self._opened is None:
            self._opened = _open(self._url)
        store, root = self._opened
        return store, f"{root}/{_checked(key)}"

    def _put(self, key: str, data: bytes) -> None:
        if self._folder is None:
            store, remote = self._remote(key)
            store.pipe_file(remote, data)
            return
        with _arriving(self._path(key)) as partial, partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def _put_file(self, key: str, path: Path) -> None:
        if not path.is_file():
            raise NotFound(f"There is no file '{path.name}' to store.")
        if self._folder is None:
            store, remote = self._remote(key)
            store.put_file(str(path), remote)
            return
        with _arriving(self._path(key)) as partial:
            partial.unlink()
            try:
                os.link(path, partial)
            except OSError:  # another disk, or one without links
                shutil.copyfile(path, partial)
            descriptor = os.open(partial, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _get(self, key: str) -> bytes:
        if self._folder is not None:
            return self._path(key).read_bytes()
        store, remote = self._remote(key)
        data: bytes = store.cat_file(remote)
        return data

    def _delete(self, key: str) -> None:
        if self._folder is not None:
            self._path(key).unlink(missing_ok=True)
            return
        store, remote = self._remote(key)
        try:
            store.rm_file(remote)
        except FileNotFoundError:
            pass

    def _exists(self, key: str) -> bool:
        if self._folder is not None:
            return self._path(key).is_file()
        store, remote = self._remote(key)
        return bool(store.isfile(remote))

    def _size(self, key: str) -> int:
        if self._folder is not None:
            path = self._path(key)
            if not path.is_file():
                raise _missing(key)
            return path.stat().st_size
        store, remote = self._remote(key)
        if not store.isfile(remote):  # some stores give their folders a size
            raise _missing(key)
        return int(store.size(remote))

    def _changed_at(self, key: str) -> float:
        if self._folder is not None:
            return self._path(key).stat().st_mtime
        store, remote = self._remote(key)
        if not store.isfile(remote):
            raise _missing(key)
        changed: float = store.modified(remote).timestamp()
        return changed

    def _sweep(self, before: float) -> int:
        if self._folder is None:
            return 0
        with _translated(""):
            left = [path for path in self._folder.rglob(f"{_PARTIAL}*") if path.stat().st_mtime < before]
            for path in left:
                path.unlink(missing_ok=True)
            return len(left)

    def _keys(self, prefix: str) -> list[str]:
        if prefix:
            _checked(prefix.rstrip("/"))
        inside = prefix.rpartition("/")[0]
        if self._folder is not None:
            walked = os.walk(self._folder / inside)
            paths = [
                (Path(top) / name).relative_to(self._folder).as_posix() for top, _, names in walked for name in names
            ]
        else:
            if self._opened is None:
                self._opened = _open(self._url)
            store, root = self._opened
            store.invalidate_cache()  # another process may have written
            try:
                found = store.find(f"{root}/{inside}" if inside else root)
            except FileNotFoundError:
                found = []
            paths = [name.removeprefix(root).lstrip("/") for name in found]
        return sorted(path for path in paths if path.startswith(prefix) and _PARTIAL not in path)


def _checked(key: str) -> str:
    """The key, when it is one that stays inside the root. Raises InvalidInput."""
    parts = key.split("/")
    bad = any(part in ("", ".", "..") or part.startswith(_PARTIAL) or len(part.encode()) > 200 for part in parts)
    if bad or len(key) > 1000 or not key.isprintable() or "\\" in key:
        raise InvalidInput(f"'{key[:80]!a}' is not a valid blob key.", "Use names joined by '/', without '.' and '..'.")
    return key


def _open(url: str) -> tuple[Any, str]:
    """The fsspec file system and the root path in it. Raises ConfigurationError."""
    store, root = file_system(url)
    return store, root.rstrip("/")


@contextmanager
def _arriving(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to; it becomes `path` when the body has ended well."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=_PARTIAL, dir=path.parent)
    except OSError as error:
        raise Unavailable(f"The blob store cannot be written: {error.strerror or error}") from error
    os.close(descriptor)
    partial = Path(name)
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise _missing(key) from error
    except OSError as error:
        raise Unavailable(f"The blob store cannot be used: {error.strerror or error}") from error
    except (RedwellError, TypeError):
        raise
    except Exception as error:  # behind fsspec each cloud's library raises errors of its own
        raise Unavailable(f"The blob store cannot be used: {type(error).__name__}: {error}") from error


def _missing(key: str) -> NotFound:
    return NotFound(f"There is no blob '{key[:200]}'.")
