"""Multiply linear layers out, with the memory of each step known before it is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from cheapfast import _core, _memory
from cheapfast._validate import thread_count
from cheapfast.plan.cost import is_opaque
from cheapfast.plan.operands import working_dtypes
from cheapfast.plan.shapes import Shape
from cheapfast.support import compose, csr_pattern_bytes

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.support import Support

Array = npt.NDArray[Any]

_INSTEAD = "apply the network as it is (net @ X), or count with cheapfast.synapse_count(net)"
_BLOCK = 64  # columns of an identity at a time


def multiply_out(
    layers: Sequence[Layer], threads: int | None = None, dtype: np.dtype[Any] | None = None
) -> Any:
    """Return the product of the layers' matrices as canonical CSR.

    Parameters
    ----------
    layers : sequence of Layer
        Linear layers in data-flow order.
    threads : int, optional
        As for `Network.apply`; the product does not depend on it.
    dtype : numpy.dtype, optional
        Common to the weights of the network that the layers are part of; by default to theirs. If
        it is of double precision, so is the product, and everything that is multiplied on the way.

    Returns
    -------
    scipy.sparse.csr_array
        Sorted, without duplicates and without explicit zeros: entries that cancel exactly are
        dropped, as everywhere in this package.

    Raises
    ------
    MemoryError
        Before an allocation that would not fit, with the exact number of bytes.
    ValueError
        If numbers of the product leave the range of its type, though those of the layers do not.
    """
    common = np.result_type(*(layer.dtype for layer in layers))
    support: Support | None = layers[0].support
    product = in_precision_of(layers[0].to_csr(), common if dtype is None else dtype)
    for layer in layers[1:]:
        support = None if support is None else compose(layer.support, support)
        shape = (layer.shape[0], product.shape[1])
        if support is not None:
            _require_csr(shape, support.nnz, np.result_type(layer.dtype, product.dtype))
        product = multiply(layer.to_csr(), product, threads)
    if not _is_finite(product) and all(_is_finite(layer.to_csr()) for layer in layers):
        raise ValueError(
            f"the product of {len(layers)} layers leaves the range of {product.dtype} though none "
            "of them does: apply them one by one, or give the network a wider type, net.astype(...)"
        )
    return product


def _is_finite(matrix: Any) -> bool:
    return _core.scan_values(matrix.data)[1] == 0


def in_precision_of(matrix: Any, network: np.dtype[Any]) -> Any:
    """Return the matrix of a first layer so that products with it lose nothing of the network's.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array
    network : numpy.dtype
        Common to all weights.

    Returns
    -------
    scipy.sparse.csr_array
        In double precision where the network is; the matrix itself if it is already.
    """
    return matrix.astype(working_dtypes(matrix.dtype, network)[0], copy=False)


def multiply(
    left: Any, right: Any, threads: int | None = None, available: int | None = None
) -> Any:
    """Return ``left @ right``: rows sorted, no entry exactly zero.

    Parameters
    ----------
    left, right : scipy.sparse.csr_array
        Canonical.
    threads : int, optional
        As for `Network.apply`.
    available : int, optional
        Bytes that may be used; by default the system is asked, which takes as long as multiplying
        small matrices.

    Returns
    -------
    scipy.sparse.csr_array

    Raises
    ------
    MemoryError
        Before an allocation that would not fit.
    """
    dtype = np.result_type(left.dtype, right.dtype)
    index = np.result_type(left.indices.dtype, right.indices.dtype)
    operands = [
        (
            *matrix.shape,
            matrix.indptr.astype(index, copy=False),
            matrix.indices.astype(index, copy=False),
            matrix.data.astype(dtype, copy=False),
        )
        for matrix in (left, right)
    ]
    if available is None:
        available = _memory.available_bytes()
    with _memory.advising(_INSTEAD, available):
        indptr, indices, data = _core.multiply(
            operands[0], operands[1], thread_count(threads), available, None
        )
    product = csr_array((data, indices, indptr), shape=(left.shape[0], right.shape[1]))
    product.has_canonical_format = True
    return product


def multiply_out_dense(
    layers: Sequence[Layer],
    shape: Shape,
    dtype: np.dtype[Any],
    apply: Callable[[Array], Array],
) -> Array:
    """Return the product of linear layers as a dense array.

    Parameters
    ----------
    layers : sequence of Layer
        In data-flow order, all linear and without bias.
    shape : (int, int)
        Outputs and inputs of the product.
    dtype : numpy.dtype
        Of the product.
    apply : callable
        The layers, (inputs, k) to (outputs, k): the only way to learn the weights of an Operator.

    Returns
    -------
    ndarray, shape `shape`

    Raises
    ------
    MemoryError
        Before an allocation that would not fit.
    """
    rows, columns = shape
    _memory.require(rows * columns * dtype.itemsize, f"a dense {rows} x {columns} array", _INSTEAD)
    if any(map(is_opaque, layers)):
        return _applied_to_identity(apply, shape, dtype)
    return np.asarray(multiply_out(layers).toarray())


def _applied_to_identity(
    apply: Callable[[Array], Array], shape: Shape, dtype: np.dtype[Any]
) -> Array:
    dense = np.empty(shape, dtype=dtype)
    for start in range(0, shape[1], _BLOCK):
        width = min(_BLOCK, shape[1] - start)
        # np.eye counts the other way: k = -start puts the ones at rows start, start + 1, ...
        dense[:, start : start + width] = apply(np.eye(shape[1], width, k=-start, dtype=dtype))
    return dense


def _require_csr(shape: Shape, entries: int, dtype: np.dtype[Any]) -> None:
    _memory.require(
        csr_pattern_bytes(shape, entries) + entries * dtype.itemsize,
        f"a {shape[0]} x {shape[1]} product with up to {entries} entries as CSR",
        _INSTEAD,
    )
