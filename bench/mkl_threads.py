"""MKL from its wheel: where the library is, and how many threads it may use."""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
from functools import cache


def library() -> str | None:
    """Return the path of MKL, and make it known to those who load it.

    The wheel puts its libraries into the environment's lib folder, where no loader looks; the
    variable ``MKL_RT``, which sparse-dot-mkl reads, says where.

    Returns
    -------
    str or None
        None if it is not installed as a wheel.
    """
    if "MKL_RT" in os.environ:
        return os.environ["MKL_RT"]
    try:
        files = importlib.metadata.files("mkl") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name.startswith(("libmkl_rt.so", "mkl_rt.", "libmkl_rt.")) and "." in file.name:
            path = file.locate()
            if os.path.isfile(path) and file.suffix not in {".lib", ".a"}:
                os.environ["MKL_RT"] = os.path.realpath(path)
                return os.environ["MKL_RT"]
    return None


def set_threads(count: int) -> None:
    """Set how many threads MKL may use from now on, if it is not what was set last.

    Parameters
    ----------
    count : int
        At least 1.
    """
    if _allowed[0] != count:
        _allowed[0] = count
        _runtime().MKL_Set_Num_Threads(count)


_allowed = [0]  # as long as nobody has asked, MKL takes all processors


@cache
def _runtime() -> ctypes.CDLL:
    path = library()
    if path is None:
        raise ImportError("MKL is not installed as a wheel, so its threads cannot be limited")
    return ctypes.CDLL(path)
