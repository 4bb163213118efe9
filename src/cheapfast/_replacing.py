"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file for writing that takes the place of `path` when the block ends well.

    Parameters
    ----------
    path : str or path-like
        The name is taken as it is. A symbolic link stays one: the file that it points to is
        replaced.

    Yields
    ------
    binary file
        Under a temporary name in the same folder; after an exception it is removed, and the old
        file is as it was. It gets the permissions of the file that it replaces. A pipe or a device,
        such as ``/dev/stdout``, is written to directly.

    Raises
    ------
    OSError
        If the file cannot be written; the message names it.
    """
    name = os.fspath(path)
    require_writable(name)
    if _is_device(name):
        with _named(name), open(name, "wb") as file:  # a file in the place of /dev/null: a disaster
            yield file
        return
    target = os.path.realpath(name)
    temporary = os.path.join(os.path.dirname(target), f".cheapfast-{secrets.token_hex(8)}.tmp")
    try:
        with _named(target):
            # not tempfile: its files are private to the user, and would stay so once renamed
            with open(temporary, "xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                shutil.copymode(target, temporary)
            os.replace(temporary, target)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Name the file in an error of the system, which names the temporary one, or none at all."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, name) from error


def require_writable(path: str | os.PathLike[str]) -> None:
    """Refuse what cannot be a file, or is one that its owner protects: before long work.

    Parameters
    ----------
    path : str or path-like

    Raises
    ------
    OSError
        The message names the file.
    """
    if _is_device(path):
        return
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    if os.path.isdir(target):
        raise IsADirectoryError(f"{target}: is a folder; expected the name of a file")
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{target}: there is no folder {folder}")
    if os.path.exists(target) and not os.access(target, os.W_OK):
        raise PermissionError(f"{target}: is read-only")


def _is_device(path: str | os.PathLike[str]) -> bool:
    # asked of the name itself: that of a pipe behind /dev/stdout leads nowhere once resolved
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)
