"""Matrices in MATLAB files, up to version 7."""

from __future__ import annotations

import os
import struct
from typing import IO, Any

from cheapfast import _memory
from cheapfast.io.errors import INSTEAD
from cheapfast.io.sparse_arrays import as_sparse_arrays

_MATRICES = frozenset(
    {"sparse", "double", "single", "logical"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)
# Numbers of the MAT-file format, version 5: what an element may hold, and two kinds of element.
_TYPES = frozenset({*range(1, 8), 9, 12, 13, 14, 16, 17, 18})
_MATRIX, _COMPRESSED = 14, 15
_HEADER_BYTES = 128


def read_mat(name: str, variable: str | None = None) -> Any:
    """Read the one matrix of a MATLAB file, or the one that is named.

    Parameters
    ----------
    name : str
        The file.
    variable : str, optional

    Returns
    -------
    ndarray or scipy.sparse matrix

    Raises
    ------
    ValueError
        If there is not exactly one, or none of that name: the message lists what there is.
    """
    from scipy.io import loadmat, whosmat

    _check_types(name)
    try:
        contents = whosmat(name, appendmat=False)
    except NotImplementedError:
        raise ValueError("MATLAB 7.3 files are HDF5; save it with -v7 in MATLAB") from None
    matrices = {
        key: shape for key, shape, kind in contents if kind in _MATRICES and len(shape) == 2
    }
    listed = ", ".join(f"{key} ({m}x{n})" for key, (m, n) in matrices.items()) or "none"
    if variable is None:
        if len(matrices) != 1:
            hint = f"; choose one as {name}:NAME" if matrices else ""
            raise ValueError(f"expected exactly one matrix, found: {listed}{hint}")
        (variable,) = matrices
    elif variable not in matrices:
        raise ValueError(f"it holds no matrix named {variable!r}; found: {listed}")
    _memory.require(os.path.getsize(name), "its content", INSTEAD)
    options = as_sparse_arrays(loadmat)
    return loadmat(name, appendmat=False, variable_names=[variable], **options)[variable]


def _check_types(name: str) -> None:
    """Check the beginning, and the types and lengths of the elements in a version 5 file.

    SciPy 1.17 looks a type up in a table unchecked: a damaged one crashes the process.
    """
    with open(name, "rb") as file:
        header = file.read(_HEADER_BYTES)
        if header[:20] == bytes(20):  # SciPy 1.10 makes an empty version 4 matrix of it
            raise ValueError("it is damaged: it begins with zeros")
        order = {b"IM": "<", b"MI": ">"}.get(header[126:128])
        if order is None:  # version 4 has no such header; version 7.3 is refused later
            return
        size = os.fstat(file.fileno()).st_size
        position = _HEADER_BYTES
        while position + 8 <= size:
            file.seek(position)
            kind, length = struct.unpack(f"{order}II", file.read(8))
            end = position + 8 + length
            if end > size or kind not in (_MATRIX, _COMPRESSED):
                raise ValueError("it is truncated or damaged")
            if kind == _MATRIX:
                _check_elements(file, order, position + 8, end)
            position = end


def _check_elements(file: IO[bytes], order: str, position: int, end: int) -> None:
    while position + 8 <= end:
        file.seek(position)
        kind, length = struct.unpack(f"{order}II", file.read(8))
        small = kind >> 16  # up to four bytes are stored in the tag itself, their number here
        if (kind & 0xFFFF if small else kind) not in _TYPES or small > 4:
            raise ValueError("it is damaged: an element has no known type")
        # elements begin at multiples of 8 bytes
        position += 8 if small else 8 + -(-length // 8) * 8
        if position - 8 > end:
            raise ValueError("it is damaged: an element ends beyond its matrix")
