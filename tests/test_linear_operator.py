"""scipy.sparse.linalg on networks: the answers of the dense matrix, from applying layers only."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as sp
from scipy.sparse.linalg import (
    LinearOperator,
    aslinearoperator,
    cg,
    eigsh,
    expm_multiply,
    lsqr,
    svds,
)

import cheapfast as cf

DTYPES = ("float32", "float64", "complex64", "complex128")


def rectangular(dtype: str) -> cf.Network:
    """Return a network of full rank, 30 outputs and 20 inputs, that is no plain matrix."""
    rng = np.random.default_rng(1)
    wide, tall = rng.standard_normal((24, 20)), rng.standard_normal((30, 24))
    if np.dtype(dtype).kind == "c":
        wide, tall = wide + 1j * rng.standard_normal((24, 20)), tall * (1 - 0.5j)
    return cf.Network(
        [
            cf.Sparse(wide.astype(dtype)),
            cf.Permutation(rng.permutation(24), dtype=dtype),
            cf.KroneckerSparse((3, 2, 2, 4), rng.standard_normal((3, 2, 2, 4)).astype(dtype)),
            cf.Sparse(tall.astype(dtype)),
        ]
    )


def definite(dtype: str, shift: float = 1.0) -> tuple[cf.Network, np.ndarray]:
    """Return a Hermitian positive definite network of 16 features, and its matrix."""
    half = cf.algorithms.hadamard(16).astype(dtype)
    diagonal = cf.Sparse(sp.diags(np.linspace(1, 3, 16) + shift).astype(dtype))
    net = cf.Network([*half, diagonal, *half.H])
    return net, net.toarray()


def tolerance(dtype: str) -> float:
    return float(200 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_it_is_the_matrix(dtype: str) -> None:
    net = rectangular(dtype)
    operator, dense = net.as_linear_operator(), net.toarray()
    assert isinstance(operator, LinearOperator)
    assert (operator.shape, operator.dtype) == (dense.shape, dense.dtype)
    rng = np.random.default_rng(2)
    scale = np.linalg.norm(dense)
    for X in (rng.standard_normal(20), rng.standard_normal((20, 3))):
        np.testing.assert_allclose(operator @ X, dense @ X, atol=tolerance(dtype) * scale)
    for Y in (rng.standard_normal(30), rng.standard_normal((30, 3))):
        adjoint = operator.H @ Y
        np.testing.assert_allclose(adjoint, dense.conj().T @ Y, atol=tolerance(dtype) * scale)


@pytest.mark.parametrize("dtype", DTYPES)
def test_svds(dtype: str) -> None:
    net = rectangular(dtype)
    start = np.random.default_rng(3).standard_normal(20).astype(dtype)
    found = svds(net.as_linear_operator(), k=4, v0=start, return_singular_vectors=False)
    expected = np.linalg.svd(net.toarray(), compute_uv=False)
    np.testing.assert_allclose(np.sort(found)[::-1], expected[:4], rtol=tolerance(dtype))


def test_svds_vectors() -> None:
    net = rectangular("complex128")
    start = np.random.default_rng(3).standard_normal(20).astype(complex)
    U, s, Vh = svds(net.as_linear_operator(), k=3, v0=start)
    np.testing.assert_allclose(net @ Vh.conj().T, U * s, atol=1e-10 * s.max())
    np.testing.assert_allclose(net.H @ U, Vh.conj().T * s, atol=1e-10 * s.max())


@pytest.mark.parametrize("dtype", DTYPES)
def test_eigsh(dtype: str) -> None:
    net, dense = definite(dtype)
    start = np.random.default_rng(4).standard_normal(16).astype(dtype)
    values, vectors = eigsh(net.as_linear_operator(), k=4, which="LA", v0=start)
    expected = np.linalg.eigvalsh(dense)
    np.testing.assert_allclose(np.sort(values), expected[-4:], rtol=tolerance(dtype))
    np.testing.assert_allclose(
        net @ vectors, vectors * values, atol=10 * tolerance(dtype) * expected[-1]
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_cg(dtype: str) -> None:
    net, dense = definite(dtype)
    b = np.random.default_rng(5).standard_normal(16).astype(dtype)
    solution, status = cg(net.as_linear_operator(), b, atol=0, maxiter=200)
    assert status == 0
    expected = np.linalg.solve(dense, b)
    # SciPy's own tolerance, its name and its default depend on the version: 1e-5 of the residual
    np.testing.assert_allclose(solution, expected, atol=1e-4 * np.linalg.norm(expected))


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_lsqr(dtype: str) -> None:
    net = rectangular(dtype)
    b = np.random.default_rng(6).standard_normal(30).astype(dtype)
    solution = lsqr(net.as_linear_operator(), b, atol=1e-14, btol=1e-14)[0]
    expected = np.linalg.lstsq(net.toarray(), b, rcond=None)[0]
    np.testing.assert_allclose(solution, expected, atol=1e-9 * np.linalg.norm(expected))


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("shape", [(16,), (16, 3)], ids=["vector", "columns"])
def test_expm_multiply(dtype: str, shape: tuple[int, ...]) -> None:
    half = cf.algorithms.hadamard(16).astype(dtype)
    diagonal = cf.Sparse(sp.diags(np.linspace(-1, 0, 16) / 16).astype(dtype))
    net = cf.Network([*half, diagonal, *half.H])
    dense = net.toarray()
    B = np.random.default_rng(7).standard_normal(shape).astype(dtype)
    found = expm_multiply(net.as_linear_operator(), B, traceA=np.trace(dense))
    np.testing.assert_allclose(found, scipy.linalg.expm(dense) @ B, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("objective", ["time", "synapses"])
def test_a_merged_network_solves_the_same(objective: str) -> None:
    net, dense = definite("float64")
    merged = cf.merge(net, objective=objective, applications=10**9)  # type: ignore[arg-type]
    b = np.ones(16)
    solution, status = cg(merged.as_linear_operator(), b, atol=0, maxiter=200)
    assert status == 0
    np.testing.assert_allclose(solution, np.linalg.solve(dense, b), atol=1e-4)


def test_operators_within_networks() -> None:
    matrix = np.random.default_rng(8).standard_normal((12, 12))
    net = cf.Network([cf.Operator(aslinearoperator(matrix)), cf.Sparse(np.eye(12))])
    values = svds(net.as_linear_operator(), k=2, v0=np.ones(12), return_singular_vectors=False)
    expected = np.linalg.svd(matrix, compute_uv=False)[:2]
    np.testing.assert_allclose(np.sort(values)[::-1], expected, rtol=1e-9)


def test_it_travels() -> None:
    net = cf.algorithms.butterfly(16)
    operator = pickle.loads(pickle.dumps(net.as_linear_operator()))
    x = np.linspace(-1, 1, 16)
    np.testing.assert_array_equal(operator @ x, net @ x)
    np.testing.assert_array_equal(operator.H @ x, net.H @ x)


def test_only_linear_networks() -> None:
    net = cf.Network([np.eye(3), cf.Activation("tanh")])
    with pytest.raises(ValueError, match=r"only a linear network has a linear operator.*tanh"):
        net.as_linear_operator()
