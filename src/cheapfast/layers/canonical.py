"""Sparse matrices of any kind as canonical CSR arrays: sorted, without duplicates and zeros."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cheapfast import _core, _memory
from cheapfast._arrays import aligned, plain_array, read_only, supported_dtype
from cheapfast.support.base import Support, csr_pattern_bytes
from cheapfast.support.csr import CsrSupport, EmptySupport, index_dtype
from cheapfast.support.kronecker import KroneckerSupport


class CsrArrays:
    """The arrays of a CSR matrix, before anything about them is known."""

    def __init__(self, shape: Any, indptr: Any, indices: Any, data: Any) -> None:
        rows, columns = shape
        self.shape = (int(rows), int(columns))
        self.indptr = np.asarray(indptr)
        self.indices = np.asarray(indices)
        self.data = np.asarray(data)


class Canonical(NamedTuple):
    """A matrix in canonical form.

    Parameters
    ----------
    shape : (int, int)
    indptr, indices, data : ndarray
        Read-only; both index arrays int32 or both int64.
    diagonal : bool
        Whether row k holds column k and nothing else.
    """

    shape: tuple[int, int]
    indptr: npt.NDArray[Any]
    indices: npt.NDArray[Any]
    data: npt.NDArray[Any]
    diagonal: bool


def canonical(matrix: Any) -> Canonical:
    """Return a matrix in canonical form, borrowed where it is in it.

    Parameters
    ----------
    matrix : sparse array or matrix, array_like, or CsrArrays

    Returns
    -------
    Canonical

    Raises
    ------
    TypeError
        If the dtype is not supported.
    ValueError
        If it has not two dimensions, or its index arrays are not valid.
    """
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
    indices, data = indices[:entries], aligned(np.ascontiguousarray(data[:entries]))
    if not flags & _core.STRICTLY_INCREASING or _core.scan_values(data)[0]:
        indptr, indices, data = _tidy(shape, indptr, indices, data)
        flags = _check(shape, indptr, indices)
    return Canonical(
        shape,
        read_only(indptr),
        read_only(indices),
        read_only(data),
        bool(flags & _core.DIAGONAL),
    )


def _csr_arrays(matrix: Any) -> CsrArrays:
    """Convert anything that is a matrix to CSR arrays, not yet checked, shared where possible."""
    if isinstance(matrix, CsrArrays):
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
    return CsrArrays(matrix.shape, matrix.indptr, matrix.indices, matrix.data)


def _from_dense(matrix: Any) -> Any:
    """Convert a dense array; zeros are no entries."""
    array = plain_array(matrix, "matrix")
    if array.ndim == 0 and array.dtype.kind not in "biufc":
        raise TypeError(
            f"matrix must be a 2-d array or a scipy sparse matrix, got {type(matrix).__name__}"
        )
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
        aligned(np.ascontiguousarray(indptr.astype(dtype, copy=False))),
        aligned(np.ascontiguousarray(indices.astype(dtype, copy=False))),
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


def simplest_support(matrix: Canonical) -> Support:
    """Return the pattern in its simplest form.

    Parameters
    ----------
    matrix : Canonical

    Returns
    -------
    Support
    """
    nnz, shape = len(matrix.indices), matrix.shape
    if nnz == 0:
        return EmptySupport(shape)
    if nnz == shape[0] * shape[1]:
        return KroneckerSupport.dense(*shape)
    if matrix.diagonal:
        return KroneckerSupport.identity(shape[0])
    return CsrSupport(shape, matrix.indptr, matrix.indices)
