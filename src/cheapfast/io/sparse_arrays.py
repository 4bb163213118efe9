"""Sparse arrays, not the older sparse matrices, from every version of SciPy's readers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def as_sparse_arrays(reader: Callable[..., Any]) -> dict[str, bool]:
    """Return the argument that makes one of SciPy's readers return sparse arrays, if it has one.

    Parameters
    ----------
    reader : callable
        A function such as `scipy.io.mmread`.

    Returns
    -------
    dict
        Keyword arguments for `reader`.

    Notes
    -----
    SciPy 1.10 does not know the argument, and SciPy 1.18 warns if it is left out.
    """
    return {"spmatrix": False} if "spmatrix" in inspect.signature(reader).parameters else {}
