"""Network: an ordered composition of layers, described once and used by everything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from cheapfast import _validate
from cheapfast.layers import Layer
from cheapfast.network import display
from cheapfast.network.items import as_layer
from cheapfast.plan import (
    Application,
    Explanation,
    chain_shapes,
    explain,
    is_opaque,
    layer_part,
    make_plan,
    make_reversed_plan,
)
from cheapfast.plan.operands import as_operand
from cheapfast.plan.prediction.calibrate import machine
from cheapfast.plan.prediction.sparse_seconds import MOST_VECTORS
from cheapfast.plan.product import apply_to_identity, multiply_out, require_dense

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import LinearOperator

Array = npt.NDArray[Any]


class Network:
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

    __slots__ = (
        "_backward",
        "_dtype",
        "_forward",
        "_layers",
        "_plain",
        "_plan",
        "_shapes",
    )
    __array_ufunc__ = None  # NumPy leaves X @ net to __rmatmul__

    def __init__(self, layers: Iterable[Any]) -> None:
        # SciPy's matrices are iterable too, row by row
        if hasattr(layers, "shape") or not isinstance(layers, Iterable):
            raise TypeError(
                f"layers must be a sequence of layers, got {type(layers).__name__}; "
                "write Network([layer])"
            )
        items = [
            tuple(item) if isinstance(item, Network) else (as_layer(item, f"layers[{i}]"),)
            for i, item in enumerate(layers)
        ]
        if not items:
            raise ValueError("layers is empty: a network needs at least one weight layer")
        self._layers: tuple[Layer, ...] = tuple(layer for item in items for layer in item)
        self._shapes = chain_shapes(
            [layer_part(layer, f"layers[{i}]") for i, layer in enumerate(self._layers)]
        )
        self._dtype: np.dtype[Any] = np.result_type(
            *(layer.dtype for layer in self._layers if layer.is_linear)
        )
        self._plan = make_plan(self._layers, self._shapes)
        self._forward = Application(self._plan, self.shape, self._dtype)
        self._plain = self._forward.plain
        self._backward: dict[bool, Application] = {}

    # -- what it is

    @property
    def shape(self) -> tuple[int, int]:
        """(outputs, inputs), as of the matrix that the network multiplies by."""
        return self._shapes[-1][0], self._shapes[0][1]

    @property
    def layer_shapes(self) -> tuple[tuple[int, int], ...]:
        """(outputs, inputs) of each layer, activations included."""
        return self._shapes

    @property
    def dtype(self) -> np.dtype[Any]:
        """Common dtype of the weights."""
        return self._dtype

    @property
    def depth(self) -> int:
        """Number of weight layers; activations are not counted."""
        return sum(layer.is_linear for layer in self._layers)

    @property
    def neurons(self) -> int:
        """Widths between consecutive weight layers, summed."""
        pairs = zip(self._layers, self._shapes, strict=True)
        return sum([shape[0] for layer, shape in pairs if layer.is_linear][:-1])

    @property
    def synapses(self) -> int:
        """Nonzero weights of all layers together; TypeError if an Operator hides its own."""
        return sum(layer.synapses for layer in self._layers if layer.is_linear)

    @property
    def is_linear(self) -> bool:
        """Whether the network is a matrix: no activation and no bias."""
        return all(layer.is_linear and layer.bias is None for layer in self._layers)

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
        result = self._plain(X, out, axis, threads)
        return self._forward.general(X, out, axis, threads) if result is None else result

    def __call__(self, X: npt.ArrayLike, out: Array | None = None) -> Array:
        """Apply the network along the last axis of `X`: ``net.apply(X, out, axis=-1)``."""
        return self.apply(X, out, axis=-1)

    def __matmul__(self, X: Any) -> Any:
        """Compose with another network, or apply by `numpy.matmul`'s rule."""
        result = self._plain(X)
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
        if not isinstance(index, slice):
            at = _validate.integer(index, "index")
            if not -len(self) <= at < len(self):
                raise IndexError(f"index must be below the {len(self)} layers, got {at}")
            return self._layers[at]
        if index.step not in (None, 1):
            raise ValueError(f"a slice of a network takes neighbours, step 1; got {index.step}")
        if not self._layers[index]:
            raise ValueError(
                f"slice {index.start}:{index.stop} of {len(self)} layers is empty; "
                "a network needs at least one"
            )
        return Network(self._layers[index])

    def __len__(self) -> int:
        return len(self._layers)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._layers)

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
            If there is a bias or an activation; the message names the layers.
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
            If there is a bias or an activation; the message names the layers.
        MemoryError
            Before an allocation that would not fit.
        """
        self.require_linear("a matrix")
        require_dense(self.shape, self._dtype)
        if any(map(is_opaque, self._layers)):
            return apply_to_identity(self.apply, self.shape, self._dtype)
        return np.asarray(self.to_csr().toarray())

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
        from scipy.sparse.linalg import LinearOperator

        self.require_linear("a linear operator")

        def apply_adjoint(X: Array) -> Array:
            return self._reversed("an adjoint", conjugate=True).apply(X, None, 0, None)

        return LinearOperator(
            self.shape,
            matvec=self.apply,
            matmat=self.apply,
            rmatvec=apply_adjoint,
            rmatmat=apply_adjoint,
            dtype=self._dtype,
        )

    def _reversed(self, wanted: str, *, conjugate: bool) -> Application:
        """Return the transposed or adjoint map, planned once; no matrix is copied."""
        made = self._backward.get(conjugate)
        if made is None:
            self.require_linear(wanted)
            plan = make_reversed_plan(self._layers, conjugate=conjugate)
            made = Application(plan, (self.shape[1], self.shape[0]), self._dtype)
            self._backward[conjugate] = made
        return made

    def require_linear(self, wanted: str) -> None:
        """Raise unless the network is a matrix.

        Parameters
        ----------
        wanted : str
            What only a matrix has, for the message.

        Raises
        ------
        ValueError
            Names the layers with a bias or an activation.
        """
        in_the_way = [
            f"layers[{i}] ({layer!r})"
            for i, layer in enumerate(self._layers)
            if not layer.is_linear or layer.bias is not None
        ]
        if in_the_way:
            raise ValueError(
                f"only a linear network has {wanted}; in the way, by a bias or an activation: "
                f"{', '.join(display.elided(in_the_way))}; slice the network between them"
            )

    # -- looking at it

    def explain(self, columns: int = 1, *, threads: int | None = None) -> Explanation:
        """Say which kernels apply the network, and what each costs.

        Parameters
        ----------
        columns : int, default 1
            Number of vectors that it is applied to, side by side.
        threads : int, optional
            As for `apply`; the time is predicted for as many.

        Returns
        -------
        Explanation
            Prints as a table: kernel, layers, bytes moved, flops, predicted time. The prediction
            rests on rates measured on this machine, once, which takes less than a second.

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
        return explain(self._plan, self._layers, columns, self._dtype, machine(threads))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Network):
            return NotImplemented
        return self._layers == other._layers

    def __hash__(self) -> int:
        return hash(self._layers)

    def __reduce__(self) -> tuple[Any, ...]:
        return Network, (list(self._layers),)

    def __repr__(self) -> str:
        return display.as_text(self)

    def _repr_html_(self) -> str:
        return display.as_html(self, self._shapes)
