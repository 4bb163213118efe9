"""One line with the name of the file, whatever went wrong in reading it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    PathLike: TypeAlias = str | os.PathLike[str]

#: what a MemoryError recommends, and where the matrix is dense
INSTEAD = "read it on a machine with more memory"
INSTEAD_OF_DENSE = f"save the matrix in a sparse format, or {INSTEAD}"


@contextmanager
def reading(name: str, kind: str) -> Iterator[None]:
    """Turn whatever a reader throws into one line with the file's name.

    Parameters
    ----------
    name : str
        The file.
    kind : str
        What it should be, for the message.

    Notes
    -----
    The readers are other people's code, and on damaged input they raise anything: zipfile's,
    zlib's and struct's errors, EOFError, KeyError, TypeError, NotImplementedError.
    """
    try:
        yield
    except MemoryError as error:
        raise MemoryError(f"{name}: {error}") from error
    except Exception as error:
        detail = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, KeyError):  # whose message is the key alone
            detail = f"it holds no {detail}"
        article = "an" if kind[0] in "aeiou" else "a"
        raise ValueError(f"{name}: cannot be read as {article} {kind}: {detail}") from error


def path_name(path: PathLike, argument: str = "path") -> str:
    """Return a path as a string.

    Parameters
    ----------
    path : str or path-like
    argument : str
        Its name, for the message.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If it is no path.
    """
    try:
        return os.fsdecode(path)
    except TypeError:
        raise TypeError(
            f"{argument} must be a str or a path-like, got {type(path).__name__}"
        ) from None


def existing(path: PathLike) -> str:
    """Return a path as a string, if there is such a file.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If it is no path.
    FileNotFoundError
    ValueError
        If it is a folder.
    """
    name = path_name(path)
    if not name:
        raise ValueError("the path is empty; expected the name of a file")
    if not os.path.exists(name):
        raise FileNotFoundError(f"{name}: no such file")
    if os.path.isdir(name):
        raise ValueError(f"{name}: is a folder; expected a file")
    if not os.path.isfile(name):  # reading a pipe may wait for ever
        raise ValueError(f"{name}: is a pipe or a device; expected a file")
    return name
