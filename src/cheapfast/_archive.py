"""NumPy's .npy and .npz files, read without trust; and a list of states kept in one .npz.

NumPy reads a header, allocates what it promises and then reads. A damaged header may promise
2^60 bytes, and an array of Python objects would need a pickle: both are found here first.

A list of states (of the layers of a network) is plain arrays and a header in JSON, which holds
what is no array. Integers stay exact at any size, tuples stay tuples, and no pickle is used.
"""

from __future__ import annotations

import json
import math
import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
State = dict[str, Any]

MAGIC = b"\x93NUMPY"
FORMAT = "cheapfast.network"
VERSION = 1
HEADER = "cheapfast"  # the entry that tells our files from everybody else's .npz


@dataclass(frozen=True)
class ArrayHeader:
    """Shape and dtype of a stored array."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        """Memory of the array in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def is_matrix(self) -> bool:
        """Whether the array is 2-d and holds numbers."""
        return len(self.shape) == 2 and self.dtype.kind in "biufc"


def npy_header(path: str) -> ArrayHeader:
    """Return the header of an .npy file.

    Parameters
    ----------
    path : str

    Returns
    -------
    ArrayHeader

    Raises
    ------
    ValueError
        If the file is no .npy, is truncated, or holds Python objects.
    """
    with open(path, "rb") as file:
        header = _read_header(file)
        _check_length(header, os.fstat(file.fileno()).st_size - file.tell())
    return header


def npz_headers(path: str) -> dict[str, ArrayHeader]:
    """Return the headers of the arrays in an .npz file, by name; the data is not read.

    Parameters
    ----------
    path : str

    Returns
    -------
    dict of str to ArrayHeader

    Raises
    ------
    ValueError
        If an entry is no array, is truncated, or holds Python objects.
    zipfile.BadZipFile
        If the file is no zip archive.
    """
    headers = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            with archive.open(info) as file:
                try:
                    header = _read_header(file)
                    _check_length(header, info.file_size - file.tell())
                except ValueError as error:
                    raise ValueError(f"entry {name!r}: {error}") from error
            headers[name] = header
    return headers


def write_states(file: IO[bytes], states: Iterable[tuple[str, State]]) -> None:
    """Write (kind, state) pairs as one .npz to an open file.

    Parameters
    ----------
    file : binary file
    states : iterable of (str, dict)
        The values are arrays, None, bool, int, float, str, and tuples or dicts of these.

    Raises
    ------
    TypeError
        If a state holds anything else.
    """
    arrays: dict[str, Array] = {}
    encoded = [{"kind": kind, "state": _encode(state, arrays)} for kind, state in states]
    header = json.dumps({"format": FORMAT, "version": VERSION, "layers": encoded})
    arrays[HEADER] = np.frombuffer(header.encode(), np.uint8)
    # numpy.savez can forbid pickles only since NumPy 2
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


def decode_states(entries: Mapping[str, Array]) -> list[tuple[str, State]]:
    """Return the (kind, state) pairs that the entries of a file describe.

    Parameters
    ----------
    entries : mapping of str to ndarray
        The arrays of a file that `write_states` wrote.

    Returns
    -------
    list of (str, dict)

    Raises
    ------
    ValueError
        If the header is not ours, or its version is not this package's.
    """
    header = json.loads(bytes(entries[HEADER]).decode())
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError("its header is not that of a saved network")
    version = header.get("version")
    if version != VERSION:
        raise ValueError(
            f"it has format version {version}, this cheapfast reads version {VERSION}: "
            "upgrade cheapfast, or save the network again"
        )
    return [(layer["kind"], _decode(layer["state"], entries)) for layer in header["layers"]]


def _read_header(file: IO[bytes]) -> ArrayHeader:
    if file.read(len(MAGIC)) != MAGIC:
        raise ValueError("not a NumPy array")
    file.seek(0)
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    else:  # version 3 exists for records with non-ASCII field names: never a matrix
        raise ValueError(f"NumPy format version {version[0]}.{version[1]} is not read here")
    if dtype.hasobject:
        raise ValueError(
            "it holds Python objects, which only a pickle can store; a pickle can run any code "
            "when it is read and is refused"
        )
    return ArrayHeader(shape, dtype)


def _check_length(header: ArrayHeader, available: int) -> None:
    if header.nbytes > available:
        raise ValueError(
            f"truncated: the header promises {header.nbytes:,} bytes, {available:,} are there"
        )


def _encode(value: Any, arrays: dict[str, Array]) -> Any:
    """Turn a state into JSON; its arrays go to `arrays` under fresh names."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.ndarray):
        name = f"array{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, tuple):
        return [_encode(item, arrays) for item in value]
    if isinstance(value, dict):
        return {"dict": {key: _encode(item, arrays) for key, item in value.items()}}
    raise TypeError(f"a layer's state holds a {type(value).__name__}, which cannot be saved")


def _decode(value: Any, entries: Mapping[str, Array]) -> Any:
    """Undo `_encode`."""
    if isinstance(value, list):
        return tuple(_decode(item, entries) for item in value)
    if isinstance(value, dict):
        if "array" in value:
            return entries[value["array"]]
        return {key: _decode(item, entries) for key, item in value["dict"].items()}
    return value
