"""A network as SciPy's solvers take it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

Array = npt.NDArray[Any]


def linear_operator(
    shape: tuple[int, int],
    dtype: np.dtype[Any],
    apply: Callable[[Array], Array],
    apply_adjoint: Callable[[Array], Array],
) -> LinearOperator:
    """Return the operator of a map that is applied to vectors and to matrices alike.

    Parameters
    ----------
    shape : (int, int)
        Outputs and inputs.
    dtype : numpy.dtype
    apply, apply_adjoint : callable
        Take features along the first axis.

    Returns
    -------
    scipy.sparse.linalg.LinearOperator
    """
    from scipy.sparse.linalg import LinearOperator

    return LinearOperator(
        shape,
        matvec=apply,
        matmat=apply,
        rmatvec=apply_adjoint,
        rmatmat=apply_adjoint,
        dtype=dtype,
    )
