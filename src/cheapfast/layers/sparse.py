"""A weight layer given as a sparse matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cheapfast import _core, _memory
from cheapfast._validate import bias_vector, read_only, supported_dtype, warn_non_finite
from cheapfast.layers.base import Layer, State
from cheapfast.layers.registry import register
from cheapfast.support.base import Support, csr_pattern_bytes
from cheapfast.support.csr import CsrSupport, EmptySupport, index_dtype
from cheapfast.support.kronecker import KroneckerSupport

if TYPE_CHECKING:
    from cheapfast.layers.base import CsrArray


@register
class Sparse(Layer):
    """The map x -> W x + bias with W written out as a sparse matrix.

    Parameters
    ----------
    matrix : sparse array or matrix, or array_like
        Shape (outputs, inputs). Any scipy format; canonical CSR of a supported dtype is borrowed
        without a copy, so do not change it afterwards. Anything else is copied into canonical form:
        duplicates are summed, then zeros dropped. It is never modified. Integers become float64.
    bias : array_like, optional
        Shape (outputs,).

    Raises
    ------
    TypeError
        If the dtype is not supported.
    ValueError
        If it has not two dimensions, or its index arrays are not valid.

    Warns
    -----
    UserWarning
        If weights are NaN or infinite: they are synapses.

    Examples
    --------
    >>> from scipy import sparse
    >>> Sparse(sparse.csr_array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]]))
    Sparse(2x3, 3 synapses, float64)
    """

    kind = "sparse"

    def __init__(self, matrix: Any, bias: npt.ArrayLike | None = None) -> None:
        self._set(matrix, bias)
        self._warn("matrix")

    def _set(self, matrix: Any, bias: npt.ArrayLike | None) -> None:
        self._shape, self._indptr, self._indices, self._data, diagonal = _canonical(matrix)
        self._bias = bias_vector(bias, self._shape[0], self._data.dtype)
        self._support = _support(self._shape, self._indptr, self._indices, diagonal)

    def _warn(self, name: str) -> None:
        warn_non_finite(_core.scan_values(self._data)[1], name)

    @classmethod
    def _named(cls, matrix: Any, name: str) -> Sparse:
        """Build from a matrix that warnings call by its name, as a factor of a chain has one."""
        layer = cls._derived(matrix)
        layer._warn(f"{name}: matrix")
        return layer

    @classmethod
    def _derived(cls, matrix: Any, bias: npt.ArrayLike | None = None) -> Sparse:
        """Build from weights of another layer, whose construction has warned if it had to."""
        layer = cls.__new__(cls)
        layer._set(matrix, bias)
        return layer

    @property
    def shape(self) -> tuple[int, int]:
        """Outputs and inputs."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the weights."""
        return self._data.dtype

    @property
    def support(self) -> Support:
        """The pattern: diagonal, full or empty if it is, else CSR."""
        return self._support

    @property
    def synapses(self) -> int:
        """Number of nonzero weights."""
        return int(self._data.shape[0])

    def arrays(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
        """Return indptr, indices and data, which the layer keeps: do not write to them.

        Returns
        -------
        indptr, indices, data : ndarray
            Canonical CSR; both index arrays int32 or both int64.
        """
        return self._indptr, self._indices, self._data

    @property
    def T(self) -> Sparse:
        """The transposed layer; ValueError if there is a bias."""
        self._refuse_bias("transpose")
        return self._derived(self._shared().T)

    @property
    def H(self) -> Sparse:
        """The conjugate transposed layer; ValueError if there is a bias."""
        self._refuse_bias("adjoint")
        return self._derived(self._shared().conj().T)

    def _shared(self) -> CsrArray:
        """Return the weights as a scipy array that shares the layer's memory."""
        # scipy's constructor would copy 64-bit indices that fit in 32 bits: set the arrays later.
        matrix = sparse.csr_array((0, 0), dtype=self._data.dtype)
        matrix.data, matrix.indices, matrix.indptr = self._data, self._indices, self._indptr
        matrix._shape = self._shape
        matrix.has_canonical_format = True
        return matrix

    def _to_csr(self) -> CsrArray:
        return self._shared().copy()

    def _apply(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        product: npt.NDArray[Any] = self._shared() @ X
        return product

    def _astype(self, dtype: np.dtype[Any]) -> Sparse:
        return self._derived(self._shared().astype(dtype), self._bias)

    def state(self) -> State:
        """Return the CSR arrays.

        Returns
        -------
        dict
        """
        state = {
            "shape": self._shape,
            "indptr": self._indptr,
            "indices": self._indices,
            "data": self._data,
        }
        return state if self._bias is None else {**state, "bias": self._bias}

    @classmethod
    def from_state(cls, state: State) -> Sparse:
        """Build the layer from its CSR arrays, which are checked again.

        Parameters
        ----------
        state : dict
            As returned by `state`.

        Returns
        -------
        Sparse
        """
        return cls._derived(
            _Arrays(state["shape"], state["indptr"], state["indices"], state["data"]),
            state.get("bias"),
        )


class _Arrays:
    """The arrays of a CSR matrix, before anything about them is known."""

    def __init__(self, shape: Any, indptr: Any, indices: Any, data: Any) -> None:
        rows, columns = shape
        self.shape = (int(rows), int(columns))
        self.indptr = np.asarray(indptr)
        self.indices = np.asarray(indices)
        self.data = np.asarray(data)


_Canonical = tuple[tuple[int, int], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], bool]


def _canonical(matrix: Any) -> _Canonical:
    """Return shape, indptr, indices, data of the canonical CSR form, and whether it is diagonal."""
    arrays = _csr_arrays(matrix)
    shape = arrays.shape
    data = arrays.data.astype(supported_dtype(arrays.data.dtype, "matrix"), copy=False)
    indptr, indices = _same_index_type(arrays.indptr, arrays.indices)
    flags = _check(shape, indptr, indices)
    entries = int(indptr[-1])
    if data.ndim != 1 or data.shape[0] < entries:
        raise ValueError(
            f"matrix must have a value for each of its {entries} indices, "
            f"got data of shape {data.shape}"
        )
    indices, data = indices[:entries], np.ascontiguousarray(data[:entries])
    if not flags & _core.STRICTLY_INCREASING or _core.scan_values(data)[0]:
        indptr, indices, data = _tidy(shape, indptr, indices, data)
        flags = _check(shape, indptr, indices)
    return (
        shape,
        read_only(indptr),
        read_only(indices),
        read_only(data),
        bool(flags & _core.DIAGONAL),
    )


def _csr_arrays(matrix: Any) -> _Arrays:
    """Convert anything that is a matrix to CSR arrays, not yet checked, shared where possible."""
    if isinstance(matrix, _Arrays):
        return matrix
    if not sparse.issparse(matrix):
        matrix = _from_dense(matrix)
    if matrix.ndim != 2:
        raise ValueError(f"matrix must have 2 dimensions, got shape {matrix.shape}")
    if matrix.format != "csr":
        _check_before_conversion(matrix)
        _memory.require(
            csr_pattern_bytes(matrix.shape, matrix.nnz) + matrix.nnz * matrix.dtype.itemsize,
            f"a {matrix.shape[0]} x {matrix.shape[1]} matrix in CSR format",
            "pass it in CSR format, without empty rows",
        )
        matrix = _with_wide_data(matrix).tocsr()
    return _Arrays(matrix.shape, matrix.indptr, matrix.indices, matrix.data)


def _from_dense(matrix: Any) -> Any:
    """Convert a dense array; zeros are no entries."""
    if isinstance(matrix, np.ma.MaskedArray):
        raise TypeError("matrix is a masked array: fill it first, matrix.filled(value)")
    try:
        array = np.asarray(matrix)
    except ValueError as error:
        raise ValueError(f"matrix must be a rectangular array: {error}") from None
    if array.ndim != 2:
        raise ValueError(f"matrix must have 2 dimensions, got shape {array.shape}")
    return sparse.csr_array(array.astype(supported_dtype(array.dtype, "matrix"), copy=False))


def _with_wide_data(matrix: Any) -> Any:
    """Promote small integers before scipy's conversion sums duplicates, and they wrap.

    Only the conversions of these two formats sum; their own `astype` may do so in place.
    """
    if matrix.format not in ("coo", "bsr") or matrix.dtype.kind not in "biu":
        return matrix
    data = matrix.data.astype(np.float64)
    if matrix.format == "coo":
        return sparse.coo_array((data, (matrix.row, matrix.col)), shape=matrix.shape)
    return sparse.bsr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _check_before_conversion(matrix: Any) -> None:
    """Refuse arrays that scipy's conversions would follow out of bounds."""
    rows, columns = matrix.shape
    if matrix.format == "csc":
        _check((columns, rows), *_same_index_type(matrix.indptr, matrix.indices))
        _check_lengths(matrix, int(matrix.indptr[-1]))
    elif matrix.format == "bsr":
        height, width = matrix.blocksize
        blocks = (rows // height, columns // width)
        _check(blocks, *_same_index_type(matrix.indptr, matrix.indices))
        _check_lengths(matrix, int(matrix.indptr[-1]))
    elif matrix.format == "lil":
        if [len(row) for row in matrix.rows] != [len(row) for row in matrix.data]:
            raise ValueError("matrix must have a value for each index in each of its rows")
    elif matrix.format == "dia":
        _check_lengths(matrix, len(matrix.offsets))
    elif matrix.format == "coo":
        _check_lengths(matrix, max(len(matrix.row), len(matrix.col)))
        for name, index, bound in (("row", matrix.row, rows), ("column", matrix.col, columns)):
            if index.size and not (int(index.min()) >= 0 and int(index.max()) < bound):
                raise ValueError(
                    f"matrix must have {name} indices from 0 to {bound - 1}, "
                    f"got {int(index.min())} to {int(index.max())}"
                )


def _check_lengths(matrix: Any, entries: int) -> None:
    """Refuse a matrix with fewer values (blocks, diagonals) than its indices point to."""
    lengths = [len(matrix.data)]
    if matrix.format == "coo":
        lengths += [len(matrix.row), len(matrix.col)]
    if min(lengths) < entries:
        raise ValueError(
            f"matrix must have a value for each of its {entries} indices, got {min(lengths)}"
        )


def _same_index_type(indptr: Any, indices: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return both index arrays contiguous, one-dimensional, and both int32 or both int64."""
    indptr, indices = np.asarray(indptr), np.asarray(indices)
    for name, array in (("indptr", indptr), ("indices", indices)):
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise ValueError(
                f"matrix must have one-dimensional integer {name}, "
                f"got {array.dtype} of shape {array.shape}"
            )
        if array.dtype == np.uint64 and array.size and int(array.max()) > np.iinfo(np.int64).max:
            raise ValueError(f"matrix must have {name} below 2**63, got {int(array.max())}")
    native32 = indptr.dtype == indices.dtype == np.dtype(np.int32)
    dtype = np.dtype(np.int32 if native32 else np.int64)
    return (
        np.ascontiguousarray(indptr.astype(dtype, copy=False)),
        np.ascontiguousarray(indices.astype(dtype, copy=False)),
    )


def _check(shape: tuple[int, int], indptr: npt.NDArray[Any], indices: npt.NDArray[Any]) -> int:
    """Validate in one pass; the message says whose arrays they are."""
    try:
        flags: int = _core.check_csr(shape[0], shape[1], indptr, indices)
    except ValueError as error:
        raise ValueError(f"matrix is no valid sparse matrix: {error}") from None
    return flags


def _tidy(
    shape: tuple[int, int],
    indptr: npt.NDArray[Any],
    indices: npt.NDArray[Any],
    data: npt.NDArray[Any],
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Sort, sum duplicates, drop zeros, all on copies."""
    copy = sparse.csr_array((data, indices, indptr), shape=shape, copy=True)
    copy.has_sorted_indices = copy.has_canonical_format = False
    copy.sum_duplicates()
    copy.eliminate_zeros()
    dtype = index_dtype(shape, int(copy.indptr[-1]))
    return (
        copy.indptr.astype(dtype, copy=False),
        copy.indices.astype(dtype, copy=False),
        copy.data,
    )


def _support(
    shape: tuple[int, int], indptr: npt.NDArray[Any], indices: npt.NDArray[Any], diagonal: bool
) -> Support:
    """Return the pattern in its simplest form."""
    nnz = len(indices)
    if nnz == 0:
        return EmptySupport(shape)
    if nnz == shape[0] * shape[1]:
        return KroneckerSupport.dense(*shape)
    if diagonal:
        return KroneckerSupport.identity(shape[0])
    return CsrSupport(shape, indptr, indices)
