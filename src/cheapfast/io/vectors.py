"""The vectors that a network is applied to, and its answers, as .npy files."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast import _memory
from cheapfast._archive import npy_header
from cheapfast._replacing import replacing
from cheapfast.io.errors import existing, path_name, reading

if TYPE_CHECKING:
    from cheapfast.io.errors import PathLike


def read_vectors(path: PathLike) -> npt.NDArray[Any]:
    """Read an array of numbers, of any number of axes, from an .npy file.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    ndarray
        As it is stored; nothing is converted.

    Raises
    ------
    FileNotFoundError
    ValueError
        If the file is no .npy, is damaged, or holds no numbers; the message names it.
    MemoryError
        Before reading what would not fit.

    Examples
    --------
    >>> import tempfile, pathlib, numpy as np, cheapfast.io
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "x.npy"
    ...     cheapfast.io.save_vectors(file, np.ones(3))
    ...     cheapfast.io.read_vectors(file)
    array([1., 1., 1.])
    """
    name = existing(path)
    with reading(name, "array in .npy format"):
        header = npy_header(name)
        if header.dtype.kind not in "biufc":
            raise ValueError(f"it holds no numbers: dtype {header.dtype}")
        _memory.require(header.nbytes, "its content", "put fewer vectors into one file")
        vectors: npt.NDArray[Any] = np.load(name, allow_pickle=False)
        return vectors


def save_vectors(path: PathLike, vectors: npt.NDArray[Any]) -> None:
    """Save an array of numbers as an .npy file.

    Parameters
    ----------
    path : str or path-like
        The name is taken as it is: no suffix is added. The file is written under a temporary name
        and then renamed.
    vectors : ndarray

    Raises
    ------
    OSError
        If the file cannot be written; the message names it.
    """
    with replacing(path_name(path)) as file:
        # of a real file NumPy asks the position, which a pipe does not have
        to: Any = file if file.seekable() else SimpleNamespace(write=file.write)
        np.save(to, vectors, allow_pickle=False)
