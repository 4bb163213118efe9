"""synapse_count: every method, on every kind of layer, against brute force."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings

import cheapfast as cf
import strategies
from cheapfast import _memory
from cheapfast.counting import METHODS
from references import pattern_of, structural_counts

CSR_METHODS = [method for method in METHODS if method != "closed"]


def small_chain(rng: np.random.Generator) -> list[np.ndarray]:
    """Return 1 to 6 dense 0/1 matrices in data-flow order."""
    sizes = rng.integers(1, 11, rng.integers(2, 8))
    density = rng.choice([0.05, 0.2, 0.5, 1.0])
    return [
        (rng.random((outputs, inputs)) < density).astype(float)
        for inputs, outputs in itertools.pairwise(sizes)
    ]


def test_ten_thousand_random_chains() -> None:
    rng = np.random.default_rng(20170311)
    for _ in range(10_000):
        dense = small_chain(rng)
        expected = structural_counts([pattern_of(matrix) for matrix in dense])[-1]
        net = cf.Network([cf.Sparse(matrix) for matrix in dense])
        counts = {method: cf.synapse_count(net, method=method) for method in CSR_METHODS}
        assert counts == dict.fromkeys(CSR_METHODS, expected)


@settings(max_examples=200)
@given(layers=strategies.chains())
def test_every_kind_of_layer_and_every_method(layers: list[cf.Layer]) -> None:
    net = cf.Network(layers)
    expected = structural_counts([pattern_of(layer.to_csr().toarray()) for layer in net])
    for method in CSR_METHODS:
        assert cf.synapse_count(net, method=method) == expected[-1]
    assert cf.counting.structural_counts(net).prefixes == expected


def stored(kind: str, index: type) -> sp.csr_matrix:
    """Return the same 3x4 matrix with 5 nonzeros, stored in another way."""
    entries = {
        "canonical": ([0, 2, 3, 5], [0, 3, 1, 0, 2], [1.0, 2, 3, 4, 5]),
        "unsorted": ([0, 2, 3, 5], [3, 0, 1, 2, 0], [2.0, 1, 3, 5, 4]),
        "duplicates": ([0, 3, 5, 7], [0, 3, 3, 1, 1, 0, 2], [1.0, 1, 1, 2, 1, 4, 5]),
        "explicit zeros": ([0, 3, 4, 7], [0, 1, 3, 1, 0, 1, 2], [1.0, 0, 2, 3, 4, 0, 5]),
        "cancelling": ([0, 4, 5, 7], [0, 1, 1, 3, 1, 0, 2], [1.0, 7, -7, 2, 3, 4, 5]),
    }
    indptr, indices, data = entries[kind]
    matrix = sp.csr_matrix((3, 4))
    matrix.indptr, matrix.indices = np.array(indptr, index), np.array(indices, index)
    matrix.data = np.array(data)
    return matrix


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize(
    "kind", ["canonical", "unsorted", "duplicates", "explicit zeros", "cancelling"]
)
@pytest.mark.parametrize("method", CSR_METHODS)
def test_matrices_that_are_not_canonical(kind: str, index: type, method: str) -> None:
    A = stored(kind, index)
    before = A.data.copy()
    net = cf.chain(A.T.tocsr(), A)
    dense = pattern_of(A.toarray())
    assert net.synapses == 10
    assert cf.synapse_count(net, method=method) == structural_counts([dense, dense.T])[-1]
    np.testing.assert_array_equal(A.data, before)


@pytest.mark.parametrize("threads", [1, 2, 5, None])
def test_threads_do_not_change_the_count(threads: int | None) -> None:
    rng = np.random.default_rng(0)
    A = sp.random(3000, 2000, 0.01, format="csr", random_state=rng)
    B = sp.random(2000, 4000, 0.01, format="csr", random_state=rng)
    expected = pattern_of((abs(A) @ abs(B)).toarray()).sum()
    assert cf.synapse_count(cf.chain(A, B), threads=threads) == expected


def test_columns_beyond_32_bits() -> None:
    wide = sp.csr_matrix(
        (np.ones(4), np.array([5, 2**40, 2**41, 2**40]), np.array([0, 1, 3, 4])), (3, 2**42)
    )
    head = sp.csr_matrix(np.array([[1.0, 1, 0], [0, 1, 1]]))
    for method in CSR_METHODS:
        assert cf.synapse_count(cf.chain(head, wide), method=method) == 3 + 2


def test_a_layer_without_closed_form_among_symbolic_ones() -> None:
    n = 64
    sparse = sp.random(n, n, 0.1, format="csr", random_state=np.random.default_rng(1))
    net = cf.algorithms.fourier(n) @ cf.chain(sparse, sparse)
    expected = structural_counts([pattern_of(layer.to_csr().toarray()) for layer in net])
    counted = cf.counting.structural_counts(net)
    assert counted.prefixes == expected
    assert counted.method != "closed"


def test_diagonals_and_permutations_are_free() -> None:
    A = sp.random(40, 40, 0.1, format="csr", random_state=np.random.default_rng(2))
    shuffle = cf.Permutation(np.random.default_rng(3).permutation(40))
    net = cf.Network([shuffle, cf.Sparse(sp.diags(np.ones(40))), cf.Sparse(A)])
    counted = cf.counting.structural_counts(net)
    assert (counted.value, counted.method) == (A.nnz, "closed")
    assert counted.prefixes == [40, 40, A.nnz]


def test_hierarchy_of_a_multigrid_solver() -> None:
    pyamg = pytest.importorskip("pyamg")
    A = pyamg.gallery.poisson((9, 9, 9), format="csr")
    levels = pyamg.smoothed_aggregation_solver(A, max_coarse=5).levels
    for level in levels[:-1]:
        R, A, P = (sp.csr_array(matrix) for matrix in (level.R, level.A, level.P))
        expected = structural_counts([pattern_of(m.toarray()) for m in (P, A, R)])
        counted = cf.counting.structural_counts(cf.chain(R, A, P))
        assert counted.prefixes == expected
    prolongations = cf.chain(*(sp.csr_array(level.P) for level in levels[:-1]))
    expected = structural_counts([pattern_of(layer.to_csr().toarray()) for layer in prolongations])
    assert cf.counting.structural_counts(prolongations).prefixes == expected


def test_progress_of_a_long_count() -> None:
    rng = np.random.default_rng(4)
    n, per_row = 40_000, 100
    indices = np.sort(rng.integers(0, n, (n, per_row)), axis=1).ravel()
    A = sp.csr_matrix((np.ones(n * per_row), indices, np.arange(0, n * per_row + 1, per_row)))
    seen: list[tuple[int, int]] = []
    cf.synapse_count(
        cf.chain(A, A),
        threads=1,
        method="push",
        progress=lambda done, total: seen.append((done, total)),
    )
    assert all(done >= 0 and total >= 0 for done, total in seen)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"kind": "exact"}, ValueError, "kind must be"),
        ({"kind": "both"}, ValueError, "kind must be one of 'structural', 'numerical'"),
        ({"method": "guess"}, ValueError, "method must be"),
        ({"tolerance": 0.1}, ValueError, "tolerance must be 0"),
        ({"threads": 0}, ValueError, "threads"),
        ({"threads": 1.5}, TypeError, "threads"),
        ({"memory_limit": "lots"}, ValueError, "memory_limit"),
        ({"memory_limit": 10}, MemoryError, "limit of 10 bytes"),
        ({"method": "closed"}, ValueError, "has no closed form"),
        ({"progress": 3}, TypeError, "progress"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    A = sp.csr_matrix(np.eye(9) + np.eye(9, k=2))
    with pytest.raises(error, match=message):
        cf.synapse_count(cf.chain(A, A), **arguments)


def test_only_networks_are_counted() -> None:
    with pytest.raises(TypeError, match=r"net must be a cheapfast\.Network, got csr_matrix"):
        cf.synapse_count(sp.csr_matrix(np.eye(3)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "layer",
    [cf.Activation("tanh"), cf.Operator(sp.linalg.aslinearoperator(np.eye(3)))],
    ids=["activation", "operator"],
)
def test_what_has_no_support_is_refused(layer: cf.Layer) -> None:
    net = cf.Network([cf.Sparse(np.eye(3)), layer, cf.Sparse(np.eye(3))])
    with pytest.raises(TypeError, match=r"(?i)activation|operator"):
        cf.synapse_count(net)


def test_a_bias_is_no_synapse_of_the_product() -> None:
    A = np.array([[1.0, 2], [0, 3]])
    net = cf.Network([cf.Sparse(A, bias=[1.0, 1]), cf.Sparse(A)])
    assert cf.synapse_count(net) == 3


def test_supports_written_out_count_against_the_limit() -> None:
    n = 2**12
    net = cf.algorithms.hadamard(n) @ cf.chain(sp.csr_matrix(np.eye(n, k=1) + np.eye(n, k=7)))
    with pytest.raises(MemoryError, match="writing out the supports"):
        cf.synapse_count(net, memory_limit=10_000)


def test_without_a_limit_the_message_blames_none(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 2**12
    symbolic = cf.algorithms.hadamard(n) @ cf.chain(sp.csr_matrix(np.eye(n, k=1) + np.eye(n, k=7)))
    A = sp.csr_matrix(np.eye(9) + np.eye(9, k=2))
    available = _memory.Available(10)
    monkeypatch.setattr("cheapfast.counting.structural.available_bytes", lambda: available)
    with pytest.raises(MemoryError, match=r"only 10 B are available; count a smaller network"):
        cf.synapse_count(symbolic)
    with pytest.raises(MemoryError, match=r"no limit was given.*; use fewer threads"):
        cf.synapse_count(cf.chain(A, A))
    with pytest.raises(MemoryError, match="; raise memory_limit, or use fewer threads"):
        cf.synapse_count(cf.chain(A, A), memory_limit=10)


@pytest.mark.parametrize("limit", ["100E", 2**70])
def test_a_limit_beyond_all_memory(limit: int | str) -> None:
    A = sp.csr_matrix(np.eye(9) + np.eye(9, k=2))
    assert cf.synapse_count(cf.chain(A, A), memory_limit=limit, rng=7) == 9 + 7 + 5


@pytest.mark.parametrize("method", ["push", "bits", "stamps", "intern"])
def test_progress_knows_the_total(method: str) -> None:
    rng = np.random.default_rng(6)
    n, per_row = 30_000, 60
    step = n // per_row
    indices = rng.integers(0, step, (n, per_row)) + step * np.arange(per_row)
    indptr = np.arange(0, n * per_row + 1, per_row)
    A = sp.csr_matrix((np.ones(n * per_row), indices.ravel(), indptr))
    seen: list[tuple[int, int]] = []
    net = cf.chain(A, A, A)
    with contextlib.suppress(StopIteration):
        cf.synapse_count(net, threads=1, method=method, progress=collect(seen, enough=4))
    assert seen
    assert all(0 <= done <= total for done, total in seen)
    assert all(total > 0 for _, total in seen)  # a caller may divide by it


def collect(seen: list[tuple[int, int]], enough: int) -> Callable[[int, int], None]:
    """Return a callback that notes what it hears, and stops the count when that is enough."""

    def note(done: int, total: int) -> None:
        seen.append((done, total))
        if len(seen) == enough:
            raise StopIteration

    return note
