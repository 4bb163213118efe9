"""Matrices and chains of matrices from the files of other programs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from cheapfast.io.errors import existing, path_name, reading
from cheapfast.io.matlab import read_mat
from cheapfast.io.matrix_market import read_mtx
from cheapfast.io.numpy_files import read_npy, read_npz
from cheapfast.network import Network, chain_named

if TYPE_CHECKING:
    from cheapfast.io.errors import PathLike


def read_matrix(path: PathLike) -> Any:
    """Read one matrix from a file.

    Parameters
    ----------
    path : str or path-like
        ``.npz`` (a scipy.sparse matrix of any format, one dense array, or a saved network),
        ``.npy``, ``.mtx`` or ``.mtx.gz`` (Matrix Market), ``.mat`` (MATLAB up to version 7; one of
        several matrices is chosen as ``file.mat:NAME``).

    Returns
    -------
    scipy.sparse array or matrix, or 2-d ndarray, or Network
        As it is stored; nothing is converted.

    Raises
    ------
    FileNotFoundError
    ValueError
        If the file cannot be read, is no matrix, or holds more than one; the message names it.
    MemoryError
        Before reading what would not fit.

    Examples
    --------
    >>> import tempfile, pathlib, numpy as np, scipy.sparse, cheapfast.io
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "A.npz"
    ...     scipy.sparse.save_npz(file, scipy.sparse.csr_array(np.eye(3)))
    ...     cheapfast.io.read_matrix(file).nnz
    3
    """
    file, chosen = _split_variable(path_name(path))
    name = existing(file)
    for suffix, (kind, read) in _READERS.items():
        if name.lower().endswith(suffix):
            with reading(name, kind):
                return _checked(read(name, *chosen))
    raise ValueError(f"{name}: unknown kind of file; expected one of {', '.join(_READERS)}")


def read_network(path: PathLike) -> Network:
    """Read one file, whatever it holds, as a network.

    Parameters
    ----------
    path : str or path-like
        See `read_matrix`; a matrix becomes a network of one `Sparse` layer.

    Returns
    -------
    Network

    Raises
    ------
    FileNotFoundError
    ValueError
        If the file cannot be read, or its matrix is not valid; the message names it.
    """
    return read_chain([path])


def read_chain(paths: Sequence[PathLike]) -> Network:
    """Read a network from files in matrix order: ``["R.npz", "A.mtx", "P.npz"]`` is R A P.

    Parameters
    ----------
    paths : sequence of str or path-like
        See `read_matrix`; the last one is applied first. A saved network stands for its product.

    Returns
    -------
    Network

    Raises
    ------
    TypeError
        If it is no sequence of paths.
    FileNotFoundError
    ValueError
        If a file cannot be read, or two neighbours do not fit: which two, their shapes, and
        whether the reversed order would.
    """
    if isinstance(paths, (str, os.PathLike)):
        raise TypeError("paths must be a sequence of paths, got one path")
    if not isinstance(paths, Iterable):
        raise TypeError(f"paths must be a sequence of paths, got {type(paths).__name__}")
    names = [path_name(path, f"paths[{i}]") for i, path in enumerate(paths)]
    if not names:
        raise ValueError("paths is empty: expected at least one file")
    return chain_named([(name, read_matrix(name)) for name in names])


def _split_variable(path: str) -> tuple[str, tuple[str, ...]]:
    """Split ``file.mat:NAME``; a file that is really called so comes first."""
    file, colon, variable = path.rpartition(":")
    if colon and file.lower().endswith(".mat") and not os.path.exists(path):
        return file, (variable,)
    return path, ()


def _checked(matrix: Any) -> Any:
    """Return what was read if it is a network, or a matrix of numbers."""
    if isinstance(matrix, Network):
        return matrix
    if len(matrix.shape) != 2 or matrix.dtype.kind not in "biufc":
        raise ValueError(f"is no matrix: shape {matrix.shape}, dtype {matrix.dtype}")
    return matrix


_READERS: dict[str, tuple[str, Callable[..., Any]]] = {
    ".npz": ("matrix in .npz format", read_npz),
    ".npy": ("matrix in .npy format", read_npy),
    ".mtx": ("Matrix Market file", read_mtx),
    ".mtx.gz": ("Matrix Market file", read_mtx),
    ".mat": ("MATLAB file", read_mat),
}
