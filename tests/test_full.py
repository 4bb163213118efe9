"""Sparse layers without a zero in a network: the kernel for dense blocks against NumPy."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy import sparse

import cheapfast as cf
from operands import DTYPES, LAYOUTS, Array, normal, placed

SHAPES = ((1, 256), (256, 1), (16, 16), (40, 7), (7, 40), (65, 33))


def kernels_of(net: cf.Network) -> list[str]:
    return [step.kernel for step in net.explain().passes]


def assert_product(net: cf.Network, matrix: Array, X: Array, bias: Array | float = 0.0) -> None:
    double = np.complex128 if np.iscomplexobj(X) or np.iscomplexobj(matrix) else np.float64
    expected = matrix.astype(double) @ X.astype(double) + bias
    size = np.abs(matrix) @ np.abs(X) + np.abs(bias)
    result = net.apply(X, threads=1)
    assert result.dtype == np.result_type(net.dtype, X.dtype)
    limit = (matrix.shape[1] + 5) * np.finfo(result.dtype).eps
    assert np.all(np.abs(result - expected) <= limit * size)
    for threads in (2, 5):
        np.testing.assert_array_equal(net.apply(X, threads=threads), result)
    rows = net(np.ascontiguousarray(X.T)).T
    assert np.all(np.abs(rows - expected) <= limit * size)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_equals_numpy(target: str, shape: tuple[int, int], dtype: Any) -> None:
    rng = np.random.default_rng(1)
    matrix, bias = normal(rng, shape, dtype), normal(rng, shape[:1], dtype)
    net, biased = cf.Network([matrix]), cf.Network([cf.Sparse(matrix, bias)])
    assert kernels_of(net) == kernels_of(biased) == ["kronecker"]
    assert biased.explain().passes[0].folded == ("bias",)
    for columns, layout in itertools.product((1, 3, 17, 64), LAYOUTS):
        X = placed(normal(rng, (shape[1], columns), dtype), layout)
        assert_product(net, matrix, X)
        assert_product(biased, matrix, X, bias[:, np.newaxis])
    X = normal(rng, (shape[0], 5), dtype)
    for turned, expected in ((net.T, matrix.T), (net.H, matrix.conj().T)):
        assert kernels_of(turned) == ["kronecker"]
        assert_product(turned, expected, X)
    np.testing.assert_allclose(X.T @ net, X.T @ matrix, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("weights", DTYPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_types_widen_on_the_way(weights: Any, dtype: Any) -> None:
    rng = np.random.default_rng(2)
    matrix = normal(rng, (20, 30), weights)
    for columns in (1, 6):
        assert_product(cf.Network([matrix]), matrix, normal(rng, (30, columns), dtype))


def test_among_other_layers() -> None:
    rng = np.random.default_rng(3)
    few = sparse.csr_array(sparse.random(30, 30, 0.2, "csr", random_state=rng))
    full, order, scale = rng.standard_normal((30, 30)), rng.permutation(30), rng.standard_normal(30)
    diagonal = cf.Sparse(np.diag(scale))
    X = rng.standard_normal((30, 4))
    reordered = cf.Permutation(order)
    nets = {
        ("csr", "kronecker", "csr"): (cf.Network([few, full, few]), few @ full @ few.toarray()),
        ("scale", "kronecker", "scale"): (
            cf.Network([diagonal, full, diagonal]),
            scale[:, np.newaxis] * full * scale,
        ),
        ("csr chain", "kronecker"): (
            cf.Network([few, reordered, full]),
            full @ few.toarray()[order],
        ),
    }
    for kernels, (net, matrix) in nets.items():
        assert kernels_of(net) == list(kernels)
        np.testing.assert_allclose(net @ X, matrix @ X, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(net.T @ X, matrix.T @ X, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(net.H.apply(X), matrix.T @ X, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(X.T @ net, X.T @ matrix, rtol=1e-9, atol=1e-9)


def test_small_matrices_and_those_with_a_zero_stay_sparse() -> None:
    matrix = np.ones((16, 16))
    assert kernels_of(cf.Network([matrix[:, 1:]])) == ["csr"]
    matrix[3, 4] = 0
    assert kernels_of(cf.Network([matrix])) == ["csr"]


def test_merging_takes_full_layers() -> None:
    rng = np.random.default_rng(4)
    net = cf.chain(rng.standard_normal((40, 8)), rng.standard_normal((8, 40)))
    for objective in ("synapses", "time"):
        merged = cf.merge(net, objective=objective, batch=8)
        np.testing.assert_allclose(merged.toarray(), net.toarray(), rtol=1e-9, atol=1e-9)
