"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
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
        file is as it was. A pipe or a device, such as ``/dev/stdout``, is written to directly.

    Raises
    ------
    OSError
        If the file cannot be written; the message names it.
    """
    target = os.path.realpath(os.fspath(path))
    folder = os.path.dirname(target)
    if os.path.exists(target) and not os.path.isfile(target) and not os.path.isdir(target):
        with open(target, "wb") as file:  # a file in the place of /dev/null would be a disaster
            yield file
        return
    if os.path.isdir(target):
        raise IsADirectoryError(f"{target}: is a folder; expected the name of a file")
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{target}: there is no folder {folder}")
    temporary = os.path.join(folder, f".cheapfast-{secrets.token_hex(8)}.tmp")
    try:
        # not tempfile: its files are private to the user, and would stay so once renamed
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
