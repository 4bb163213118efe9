"""Matrices in Matrix Market format, plain or compressed."""

from __future__ import annotations

import gzip
from io import BytesIO
from pathlib import Path
from typing import Any

from cheapfast import _memory
from cheapfast.io.errors import INSTEAD, INSTEAD_OF_DENSE
from cheapfast.io.sparse_arrays import as_sparse_arrays

_CHUNK = 1 << 24


def read_mtx(name: str) -> Any:
    """Read a Matrix Market file, plain or compressed.

    Parameters
    ----------
    name : str
        The file.

    Returns
    -------
    scipy.sparse array or matrix, or ndarray
    """
    from scipy.io import mminfo, mmread

    source = _text(name)
    rows, columns, entries, layout, field, _ = mminfo(source)
    itemsize = 16 if field == "complex" else 8
    # coordinates are read as two indices of up to 8 bytes beside the value
    if layout == "array":
        _memory.require(rows * columns * itemsize, "the matrix", INSTEAD_OF_DENSE)
    else:
        _memory.require(entries * (itemsize + 16), "the matrix", INSTEAD)
    if not isinstance(source, str):
        source.seek(0)
    return mmread(source, **as_sparse_arrays(mmread))


def _text(name: str) -> str | BytesIO:
    """Return what SciPy can read without ending the process: a checked file, or its content.

    Its C++ reader (seen with SciPy 1.17) crashes on a zero byte, and on a last line that ends in
    a space and not in a newline; an error of gzip while it reads (a truncated file, or Ctrl-C)
    aborts the process.
    """
    compressed = name.lower().endswith(".gz")
    content = BytesIO()
    last = b""
    with gzip.open(name, "rb") if compressed else open(name, "rb") as file:
        while chunk := file.read(_CHUNK):
            if b"\0" in chunk:
                raise ValueError("it holds a zero byte, so it is no text")
            last = chunk[-1:]
            if compressed:
                _memory.require(content.tell() + len(chunk), "its uncompressed content", INSTEAD)
                content.write(chunk)
    if not compressed and last == b"\n":
        return name
    if not compressed:
        content.write(Path(name).read_bytes())
    content.write(b"\n")
    content.seek(0)
    return content
