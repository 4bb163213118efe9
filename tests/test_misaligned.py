"""Numbers at odd addresses, as in buffers from files and networks: copied, never read there."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import cheapfast as cf
from cheapfast import _core
from cheapfast.support import CsrSupport
from operands import DTYPES, Array, normal


def misaligned(array: Array) -> Array:
    """Copy an array to an odd address."""
    room = np.empty(array.nbytes + 1, np.uint8)
    placed = np.frombuffer(room.data, array.dtype, array.size, offset=1).reshape(array.shape)
    placed[...] = array
    assert not placed.flags.aligned
    return placed


def at_odd_address(buffer: memoryview) -> memoryview:
    """Copy bytes to an odd address."""
    room = memoryview(bytearray(buffer.nbytes + 1))[1:]
    room[:] = buffer
    return room


def random_csr(dtype: Any) -> sparse.csr_array:
    matrix = sparse.random(16, 16, 0.4, format="csr", random_state=1)
    return sparse.csr_array(matrix.astype(dtype))


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", DTYPES)
def test_sparse_matrices(dtype: Any, index: Any) -> None:
    matrix = random_csr(dtype)
    odd = matrix.copy()
    odd.data = misaligned(matrix.data)
    odd.indices = misaligned(matrix.indices.astype(index))
    odd.indptr = misaligned(matrix.indptr.astype(index))
    layer = cf.Sparse(odd)
    assert all(array.flags.aligned for array in layer.arrays())
    net, plain = cf.chain(odd, odd), cf.chain(matrix, matrix)
    assert cf.synapse_count(net) == cf.synapse_count(plain)
    np.testing.assert_array_equal(net.toarray(), plain.toarray())
    x = normal(np.random.default_rng(2), (16, 3), dtype)
    np.testing.assert_array_equal(net.apply(misaligned(x)), plain.apply(x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_other_layers(dtype: Any) -> None:
    rng = np.random.default_rng(3)
    values, kernel, bias = (normal(rng, shape, dtype) for shape in ((2, 2, 2, 4), (3,), (16,)))
    order = rng.permutation(16)
    layers = [
        cf.KroneckerSparse((2, 2, 2, 4), misaligned(values), misaligned(bias)),
        cf.Convolution(misaligned(kernel), 16),
        cf.Permutation(misaligned(order), bias=misaligned(np.ones(16))),
    ]
    same = [
        cf.KroneckerSparse((2, 2, 2, 4), values, bias),
        cf.Convolution(kernel, 16),
        cf.Permutation(order, bias=np.ones(16)),
    ]
    first = layers[0]
    assert isinstance(first, cf.KroneckerSparse)
    assert first.values.materialize().flags.aligned
    x = normal(rng, (16, 3), dtype)
    out = misaligned(np.zeros_like(x))
    for odd, plain in zip(layers, same, strict=True):
        expected = cf.Network([plain]).apply(x)
        np.testing.assert_array_equal(cf.Network([odd]).apply(misaligned(x)), expected)
        np.testing.assert_array_equal(cf.Network([odd]).apply(x, out=out), expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_operands_and_results_in_any_order(target: str, dtype: Any) -> None:
    rng = np.random.default_rng(6)
    nets = [
        cf.Network([random_csr(dtype)]),
        cf.Network([random_csr(dtype), cf.Permutation(rng.permutation(16))]),
        cf.Network([normal(rng, (16, 16), dtype)]),
        cf.algorithms.butterfly(16, 1, dtype),
        cf.algorithms.hadamard(16).astype(dtype),
    ]
    for columns in (3, 5, 16, 19):
        x = normal(rng, (16, columns), dtype)
        for net, x_order, order in itertools.product(nets, "CF", "CF"):
            operand = misaligned(x) if x_order == "C" else misaligned(x.T.copy()).T
            shape = x.shape if order == "C" else x.shape[::-1]
            room = misaligned(np.zeros(shape, dtype))
            out = room if order == "C" else room.T
            net.apply(operand, out=out)
            expected = net.apply(x)
            assert (
                np.abs(out - expected).max() <= 100 * np.finfo(dtype).eps * np.abs(expected).max()
            )


def test_out_of_band_pickles() -> None:
    net = cf.chain(random_csr("f8"), cf.algorithms.butterfly(16, rng=4))
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(net, protocol=5, buffer_callback=buffers.append)
    moved = [at_odd_address(one.raw()) for one in buffers]
    again = pickle.loads(data, buffers=moved)
    np.testing.assert_array_equal(again.toarray(), net.toarray())


@pytest.mark.parametrize("dtype", DTYPES)
def test_functions_of_arrays(dtype: Any) -> None:
    x = normal(np.random.default_rng(5), (16, 4), dtype)
    for axis in (0, 1):
        np.testing.assert_array_equal(
            cf.hadamard_transform(misaligned(x), axis=axis), cf.hadamard_transform(x, axis=axis)
        )
        out = misaligned(np.zeros_like(x))
        cf.hadamard_transform(x, out=out, axis=axis)
        np.testing.assert_array_equal(out, cf.hadamard_transform(x, axis=axis))
    matrix = cf.algorithms.hadamard(16).toarray().astype(dtype)
    assert cf.unflatten(misaligned(matrix)).family == cf.unflatten(matrix).family
    if np.dtype(dtype) == np.float64:
        x = np.linspace(0.5, 1.5, 8)
        assert cf.gates.flat_product(misaligned(x)).value == cf.gates.flat_product(x).value


def test_kernels_and_supports_take_none() -> None:
    matrix = random_csr("f8")
    arrays = matrix.indptr, matrix.indices
    with pytest.raises(ValueError, match="indptr must be aligned"):
        _core.check_csr(16, 16, misaligned(arrays[0]), arrays[1])
    with pytest.raises(ValueError, match="indices must be aligned"):
        _core.check_csr(16, 16, arrays[0], misaligned(arrays[1]))
    support = CsrSupport((16, 16), *map(misaligned, arrays))
    assert support.indptr.flags.aligned
    assert support.indices.flags.aligned
