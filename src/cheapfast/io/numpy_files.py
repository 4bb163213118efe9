"""Matrices and networks in NumPy's formats, .npz and .npy."""

from __future__ import annotations

from typing import Any

import numpy as np

from cheapfast import _memory
from cheapfast._archive import HEADER, ArrayHeader, decode_states, npy_header, npz_headers
from cheapfast._arrays import warn_non_finite
from cheapfast.io.errors import INSTEAD, INSTEAD_OF_DENSE
from cheapfast.layers import layer_from_state
from cheapfast.network import Network


def read_npz(name: str) -> Any:
    """Read a saved network, a scipy.sparse matrix, or the one dense array of an .npz.

    Parameters
    ----------
    name : str
        The file.

    Returns
    -------
    Network, scipy.sparse array or matrix, or ndarray
    """
    headers = npz_headers(name)
    if HEADER in headers:
        return load_network(name, headers)
    if "format" in headers and "shape" in headers:
        from scipy import sparse

        _require(headers)
        matrix = sparse.load_npz(name)
        if hasattr(matrix, "check_format"):
            matrix.check_format(full_check=True)  # a conversion would follow a bad index anywhere
        return matrix
    if len(headers) != 1:
        listed = ", ".join(sorted(headers)) or "none"
        raise ValueError(f"expected one array or a scipy.sparse matrix, found the arrays: {listed}")
    ((key, header),) = headers.items()
    _require_matrix(header)
    _require(headers, INSTEAD_OF_DENSE)
    with np.load(name, allow_pickle=False) as entries:
        return entries[key]


def read_npy(name: str) -> Any:
    """Read the dense matrix of an .npy.

    Parameters
    ----------
    name : str
        The file.

    Returns
    -------
    ndarray
    """
    header = npy_header(name)
    _require_matrix(header)
    _require({name: header}, INSTEAD_OF_DENSE)
    return np.load(name, allow_pickle=False)


def load_network(name: str, headers: dict[str, ArrayHeader]) -> Network:
    """Build the network of a file that `cheapfast.save` wrote.

    Parameters
    ----------
    name : str
        The file.
    headers : dict of str to ArrayHeader
        Of its arrays, as `npz_headers` found them.

    Returns
    -------
    Network
    """
    _require(headers)
    with np.load(name, allow_pickle=False) as entries:
        states = decode_states(dict(entries))
    net = Network([layer_from_state(kind, state) for kind, state in states])
    warn_non_finite(sum(_non_finite(state) for _, state in states), name)
    return net


def _non_finite(state: dict[str, Any]) -> int:
    """Count the NaN and infinite weights of a layer; a bias is no synapse."""
    return sum(
        int(np.count_nonzero(~np.isfinite(value)))
        for key, value in state.items()
        if isinstance(value, np.ndarray) and value.dtype.kind in "fc" and not key.endswith("bias")
    )


def _require_matrix(header: ArrayHeader) -> None:
    if not header.is_matrix:
        raise ValueError(f"is no matrix: shape {header.shape}, dtype {header.dtype}")


def _require(headers: dict[str, ArrayHeader], instead: str = INSTEAD) -> None:
    """Refuse a file that does not fit in memory, before reading it."""
    needed = sum(header.nbytes for header in headers.values())
    _memory.require(needed, "its content", instead)
