"""memory_limit of `unflatten`: what it lets through keeps to it, the rest is refused in time."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.fft import dct

import cheapfast as cf
from cheapfast import _memory
from operands import Array

N = 256
#: What is not of the size of the matrix: objects of Python, lists of orders, random numbers.
SLACK = 1 << 19


def shuffled(matrix: Array) -> Array:
    rng = np.random.default_rng(1)
    n, m = matrix.shape
    return np.ascontiguousarray(matrix[rng.permutation(n)][:, rng.permutation(m)])


def blocks() -> Array:
    return np.asarray(
        sp.block_diag([cf.algorithms.butterfly(N // 2, rng=i).toarray() for i in (0, 1)]).toarray()
    )


def normal(*shape: int) -> Array:
    return np.random.default_rng(0).standard_normal(shape)


MATRICES: dict[str, Callable[[], Array]] = {
    "none": lambda: normal(N, N),
    "identity": lambda: np.eye(N),
    "low rank": lambda: normal(N, 5) @ normal(5, 2 * N),
    "a higher rank": lambda: normal(N, N // 5) @ normal(N // 5, N),
    "butterfly": lambda: cf.algorithms.hadamard(N).toarray(),
    "permuted": lambda: shuffled(cf.algorithms.butterfly(N, rng=1).toarray()),
    "components": lambda: shuffled(blocks()),
    "cosines": lambda: np.asarray(dct(np.eye(N), axis=0, norm="ortho")),
    "Toeplitz": lambda: normal(2 * N)[N + np.arange(N)[:, None] - np.arange(N)],
    "negligible": lambda: normal(N, N) * 10.0 ** np.random.default_rng(2).uniform(-16, 0, (N, N)),
}


def traced(matrix: Any, **options: Any) -> tuple[str, int]:
    """Return what came of it, and the most bytes that were taken meanwhile."""
    tracemalloc.start()
    try:
        begin = tracemalloc.get_traced_memory()[0]
        try:
            came = cf.unflatten(matrix, threads=1, **options).family
        except cf.StructureNotFound:
            came = "nothing"
        except MemoryError as error:
            came = str(error)
        return came, tracemalloc.get_traced_memory()[1] - begin
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        *zip(MATRICES, itertools.cycle([np.complex128, np.float64, np.float32])),
        ("none", np.float32),
        ("permuted", np.float32),
    ],
)
def test_a_search_keeps_to_its_limit(name: str, dtype: Any) -> None:
    matrix = MATRICES[name]().astype(dtype)
    options = {"tolerance": 1e-5 if dtype == np.float32 else 1e-12}
    unlimited, _ = traced(matrix, **options)  # which also imports what there is to import
    outcomes = []
    for copies in (0, 3, 40):
        limit = copies * matrix.nbytes
        came, peak = traced(matrix, memory_limit=limit, **options)
        assert peak <= limit + SLACK
        if came != unlimited:
            assert f"memory_limit is {_memory.human(limit)}; raise it, or unflatten a part" in came
        outcomes.append(came == unlimited)
    assert outcomes == sorted(outcomes)
    assert outcomes[-1]


@pytest.mark.parametrize(
    "matrix",
    [
        np.ones((N, N), np.int32),
        np.asfortranarray(normal(N, N)),
        sp.csr_matrix((N, N)),
        np.ones((N, N)) * 1e-250,
    ],
)
def test_copies_count_against_the_limit(matrix: Any) -> None:
    assert len(traced(matrix)[0]) < 20  # no message
    came, peak = traced(matrix, memory_limit=1000)
    assert "memory_limit is 1000 B; raise it, or " in came
    assert peak <= SLACK


def test_what_is_available_is_the_limit_where_none_is_given(monkeypatch: Any) -> None:
    monkeypatch.setattr(_memory, "available_bytes", lambda: 1 << 10)
    monkeypatch.setattr(_memory, "_SMALL", 0)
    with pytest.raises(MemoryError, match=r"only 1\.00 KiB are available; unflatten a part of the"):
        cf.unflatten(normal(N, N))


def test_a_limit_is_bytes_or_text() -> None:
    assert cf.unflatten(np.eye(8), memory_limit="1M").family == "as it is"
    with pytest.raises(ValueError, match="memory_limit must be bytes or a number like"):
        cf.unflatten(np.eye(8), memory_limit="much")
