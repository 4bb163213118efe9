"""A layer that can only be applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

from cheapfast._arrays import bias_vector, supported_dtype
from cheapfast.layers.base import Layer, State
from cheapfast.support.base import Support

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

    from cheapfast.layers.base import CsrArray


class Operator(Layer):
    """Any `scipy.sparse.linalg.LinearOperator` as a layer: applied, but not counted or saved.

    Parameters
    ----------
    linear_operator : LinearOperator
        Or anything that `scipy.sparse.linalg.aslinearoperator` takes, such as a PyLops operator.
    bias : array_like, optional
        Shape (outputs,).

    Raises
    ------
    TypeError
        If it is no linear operator, or its dtype is not supported.

    Examples
    --------
    >>> from scipy.sparse.linalg import aslinearoperator
    >>> Operator(aslinearoperator(np.eye(3)[:2])).apply(np.ones((3, 1))).ravel()
    array([1., 1.])
    """

    kind = "operator"

    def __init__(self, linear_operator: Any, bias: npt.ArrayLike | None = None) -> None:
        from scipy.sparse.linalg import aslinearoperator

        try:
            self._operator: LinearOperator = aslinearoperator(linear_operator)
        except (TypeError, ValueError) as error:
            raise TypeError(f"linear_operator must be a LinearOperator: {error}") from None
        declared: Any = self._operator.dtype
        self._set(np.float64 if declared is None else declared, bias)

    def _set(self, dtype: npt.DTypeLike, bias: npt.ArrayLike | None) -> None:
        self._dtype = supported_dtype(dtype, "linear_operator")
        self._bias = bias_vector(bias, self.shape[0], self._dtype)

    @property
    def linear_operator(self) -> LinearOperator:
        """The operator."""
        return self._operator

    @property
    def shape(self) -> tuple[int, int]:
        """Outputs and inputs."""
        rows, columns = self._operator.shape
        return int(rows), int(columns)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type that the operator declares; float64 if it does not."""
        return self._dtype

    @property
    def support(self) -> Support:
        """TypeError: an operator does not tell its weights."""
        self._refuse("counted")

    @property
    def T(self) -> Operator:
        """The transposed operator; ValueError if there is a bias."""
        self._refuse_bias("transpose")
        return Operator(self._operator.T)

    @property
    def H(self) -> Operator:
        """The adjoint operator; ValueError if there is a bias."""
        self._refuse_bias("adjoint")
        return Operator(self._operator.H)

    def _astype(self, dtype: np.dtype[Any]) -> Operator:
        layer = Operator.__new__(Operator)
        layer._operator = self._operator
        layer._set(dtype, self._bias)
        return layer

    def _apply(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        # A copy: the operator may return its input, and its own dtype.
        return np.array(self._operator.matmat(X), dtype=X.dtype)

    def _csr_bytes(self) -> int:
        self._refuse("written out")

    def _to_csr(self) -> CsrArray:
        self._refuse("written out")

    def state(self) -> State:
        """Raise TypeError: an operator is code, not data.

        Returns
        -------
        dict
            Never.

        Raises
        ------
        TypeError
            Always.
        """
        self._refuse("saved or pickled")

    @classmethod
    def from_state(cls, state: State) -> Operator:  # noqa: ARG003
        """Raise TypeError: an operator cannot be saved.

        Parameters
        ----------
        state : dict
            Anything.

        Returns
        -------
        Operator
            Never.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError("an Operator cannot be built from a file: build it from its LinearOperator")

    def _refuse(self, what: str) -> NoReturn:
        raise TypeError(
            f"{self!r} cannot be {what}: its weights are unknown. "
            "Give them as Sparse(matrix) instead"
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Operator):
            return NotImplemented
        same_bias = (self._bias is None) == (other._bias is None) and (
            self._bias is None or np.array_equal(self._bias, other._bias)  # type: ignore[arg-type]
        )
        return self._operator is other._operator and self._dtype == other._dtype and same_bias

    def __hash__(self) -> int:
        return id(self._operator)

    def __repr__(self) -> str:
        rows, columns = self.shape
        bias = "" if self._bias is None else ", bias"
        return f"Operator({rows}x{columns}, {self._dtype}{bias})"
