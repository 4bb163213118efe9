"""Network: an ordered composition of layers, described once and used by everything else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, overload

import numpy.typing as npt

from cheapfast import _validate
from cheapfast._arrays import supported_dtype
from cheapfast.layers import Layer
from cheapfast.network.linear_operator import linear_operator
from cheapfast.network.sequence import LayerSequence
from cheapfast.plan import (
    Application,
    Explanation,
    explain,
    make_plan,
    make_reversed_plan,
)
from cheapfast.plan.operands import as_operand, working_dtypes
from cheapfast.plan.prediction.calibrate import machine
from cheapfast.plan.prediction.sparse_seconds import MOST_VECTORS
from cheapfast.plan.product import multiply_out, multiply_out_dense

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import LinearOperator

Array = npt.NDArray[Any]


class Network(LayerSequence):
    """An ordered composition of layers. Immutable.

    Parameters
    ----------
    layers : sequence
        In data-flow order: the first one is applied first, as in ``torch.nn.Sequential`` (`chain`
        takes matrix order). Each is a Layer, a Network (its layers are taken), a matrix (2-d array
        or scipy sparse, made a `Sparse`) or a scipy ``LinearOperator`` (made an `Operator`).

    Raises
    ------
    TypeError
        If an item is none of these.
    ValueError
        If there is no weight layer, or neighbours do not fit: which two, their shapes, and whether
        the reversed order would.

    Notes
    -----
    ``net @ X`` follows `numpy.matmul`: features along the second to last axis of `X` (the only one
    of a vector). ``net(X)`` has the features along the last axis, as machine learning does.
    ``X @ net`` multiplies from the other side, features of `X` along its last axis, as
    ``X @ matrix`` would.
    ``net_a @ net_b`` is the composition which applies ``net_b`` first.

    Examples
    --------
    >>> import numpy as np, cheapfast as cf
    >>> net = cf.Network([cf.Sparse([[1.0, 2.0]]), cf.Sparse([[3.0], [0.0], [4.0]])])
    >>> net.shape, net.depth, net.neurons, net.synapses
    ((3, 2), 2, 1, 4)
    >>> net @ np.array([1.0, 1.0])
    array([ 9.,  0., 12.])
    """

    __slots__ = ("_backward", "_forward", "_plain", "_plan")
    __array_ufunc__ = None  # NumPy leaves X @ net to __rmatmul__

    def __init__(self, layers: Iterable[Any]) -> None:
        super().__init__(layers)
        self._plan = make_plan(self._layers, self._shapes)
        self._forward = Application(self._plan, self.shape, self._dtype)
        self._plain = self._forward.plain
        self._backward: dict[bool, Application] = {}

    # -- applying it

    def apply(
        self,
        X: npt.ArrayLike,
        out: Array | None = None,
        axis: int = 0,
        threads: int | None = None,
    ) -> Array:
        """Apply the network to every vector along one axis of an array.

        Parameters
        ----------
        X : array_like
            Vectors of ``shape[1]`` features along `axis`; every other axis is kept. Integers are
            promoted to float64, float16 to float32.
        out : ndarray, optional
            Where the result goes: its shape and dtype exactly, writable. May be `X` itself or
            overlap it.
        axis : int, default 0
            The axis of the features, in `X` and in the result.
        threads : int, optional
            By default the environment variable CHEAPFAST_NUM_THREADS, else the CPUs that this
            process may use. The result does not depend on it.

        Returns
        -------
        ndarray
            Shape of `X` with ``shape[0]`` along `axis`; dtype ``numpy.result_type(net.dtype, X)``.
            `out` if that was given.

        Raises
        ------
        TypeError
            For a dtype that is not supported (longdouble, object), a sparse matrix, a masked array.
        ValueError
            If `X` or `out` has the wrong shape; the message gives what was expected and what came.
        MemoryError
            Before the first layer, if what flows between the layers would not fit.

        Examples
        --------
        >>> import numpy as np, cheapfast as cf
        >>> net = cf.chain([[1.0, 1.0, 1.0]])
        >>> net.apply(np.ones((2, 3)), axis=1)
        array([[3.],
               [3.]])
        """
        plain = self._plain  # called as a method it would be looked up the slow way
        result = plain(X, out, axis, threads)
        return self._forward.general(X, out, axis, threads) if result is None else result

    def __call__(self, X: npt.ArrayLike, out: Array | None = None) -> Array:
        """Apply the network along the last axis of `X`: ``net.apply(X, out, axis=-1)``."""
        plain = self._plain
        result = plain(X, out, -1, None)
        return self._forward.general(X, out, -1, None) if result is None else result

    def __matmul__(self, X: Any) -> Any:
        """Compose with another network, or apply by `numpy.matmul`'s rule."""
        plain = self._plain
        result = plain(X)
        if result is not None:
            return result
        if isinstance(X, (Network, Layer)):
            return Network([X, self])
        operand = as_operand(X)
        return self.apply(operand, axis=0 if operand.ndim == 1 else -2)

    def __rmatmul__(self, X: Any) -> Any:
        """Multiply from the other side: features of `X` along its last axis."""
        if isinstance(X, Layer):
            return Network([self, X])
        return self._reversed("a transpose", conjugate=False).apply(as_operand(X), None, -1, None)

    def __array__(self, *args: Any, **kwargs: Any) -> Array:
        # without this NumPy would make an array of the layers, and SciPy would multiply by it
        raise TypeError(
            "a Network is no array: net.toarray() multiplies it out, cheapfast.chain(...) composes"
        )

    # -- networks made of it

    @property
    def T(self) -> Network:
        """The transposed network; ValueError naming the layers with a bias or an activation."""
        self.require_linear("a transpose")
        return Network([layer.T for layer in reversed(self._layers)])

    @property
    def H(self) -> Network:
        """The adjoint network; ValueError naming the layers with a bias or an activation."""
        self.require_linear("an adjoint")
        return Network([layer.H for layer in reversed(self._layers)])

    def astype(self, dtype: npt.DTypeLike) -> Network:
        """Return the network with the weights of each layer converted.

        Parameters
        ----------
        dtype : dtype_like
            float32, float64, complex64 or complex128.

        Returns
        -------
        Network

        Raises
        ------
        TypeError
            If the dtype is none of the four, or weights are complex and it is real.
        """
        return Network([layer.astype(dtype) for layer in self._layers])

    @overload
    def __getitem__(self, index: int) -> Layer: ...
    @overload
    def __getitem__(self, index: slice) -> Network: ...
    def __getitem__(self, index: int | slice) -> Layer | Network:
        """Return a layer, or the network of neighbouring layers (``net[i:j]``)."""
        if isinstance(index, slice):
            return Network(self._neighbours(index))
        return self._layer(index)

    # -- the matrix that it is

    def to_csr(self) -> csr_array:
        """Multiply the network out.

        Returns
        -------
        scipy.sparse.csr_array
            Canonical; entries that cancel exactly are dropped.

        Raises
        ------
        TypeError
            If an Operator hides its weights.
        ValueError
            If there is a bias or an activation; the message names the layers. If the product
            leaves the range of its type.
        MemoryError
            Before a product that would not fit.
        """
        self.require_linear("a matrix")
        return multiply_out(self._layers)

    def toarray(self) -> Array:
        """Multiply the network out into a dense array.

        Returns
        -------
        ndarray, shape `shape`

        Raises
        ------
        ValueError
            If there is a bias or an activation; the message names the layers. If the product
            leaves the range of its type.
        MemoryError
            Before an allocation that would not fit.
        """
        self.require_linear("a matrix")
        return multiply_out_dense(self._layers, self.shape, self._dtype, self.apply)

    def as_linear_operator(self) -> LinearOperator:
        """Return a `scipy.sparse.linalg.LinearOperator` that applies the network.

        Returns
        -------
        scipy.sparse.linalg.LinearOperator

        Raises
        ------
        ValueError
            If there is a bias or an activation; the message names the layers.
        """
        self.require_linear("a linear operator")
        return linear_operator(self.shape, self._dtype, self.apply, self._apply_adjoint)

    def _apply_adjoint(self, X: Array) -> Array:
        return self._reversed("an adjoint", conjugate=True).apply(X, None, 0, None)

    def _reversed(self, wanted: str, *, conjugate: bool) -> Application:
        """Return the transposed or adjoint map, planned once; no matrix is copied."""
        made = self._backward.get(conjugate)
        if made is None:
            self.require_linear(wanted)
            plan = make_reversed_plan(self._layers, conjugate=conjugate)
            made = Application(plan, (self.shape[1], self.shape[0]), self._dtype)
            self._backward[conjugate] = made
        return made

    # -- looking at it

    def explain(
        self,
        columns: int = 1,
        *,
        dtype: npt.DTypeLike | None = None,
        threads: int | None = None,
    ) -> Explanation:
        """Say which kernels apply the network, and what each costs.

        Parameters
        ----------
        columns : int, default 1
            Number of vectors that it is applied to, side by side.
        dtype : dtype_like, optional
            Their type; by default that of the network.
        threads : int, optional
            As for `apply`; the time is predicted for as many.

        Returns
        -------
        Explanation
            Prints as a table: kernel, layers, bytes moved, flops, predicted time. The prediction
            rests on rates measured on this machine, once, which takes less than a second.

        Raises
        ------
        TypeError
            For a dtype that is not supported.

        Examples
        --------
        >>> import cheapfast as cf
        >>> print(cf.chain([[1.0, 2.0]], [[3.0], [4.0]]).explain())
        1 pass for 1 float64 vector:
        pass  kernel     layers  shape  bytes  flops  predicted
           0  csr chain  0-1       1x1  116 B      8  ... us
              call                                    ... us
              total                     116 B      8  ... us
        """
        columns = _validate.integer(columns, "columns", minimum=0, maximum=MOST_VECTORS)
        given = self._dtype if dtype is None else supported_dtype(dtype)
        _, result = working_dtypes(given, self._dtype)
        return explain(self._plan, self._layers, columns, result, machine(threads))

    def __reduce__(self) -> tuple[Any, ...]:
        return Network, (list(self._layers),)
