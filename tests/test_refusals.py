"""What public functions refuse by the name of the argument, and with what came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import cheapfast as cf
from cheapfast._progress import reporting

NET = cf.chain(np.ones((3, 4)), np.ones((4, 5)))
LAYER = cf.Sparse(np.ones((3, 3)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cf.save(3, NET), "path must be a str or a path-like, got int"),
        (lambda: cf.load(None), "path must be a str or a path-like, got NoneType"),
        (lambda: cf.read_matrix(2.5), "path must be a str or a path-like, got float"),
        (lambda: cf.io.save_vectors(3, np.ones(2)), "path must be a str or a path-like, got int"),
        (lambda: cf.io.read_vectors(3), "path must be a str or a path-like, got int"),
        (lambda: cf.read_chain(3), "paths must be a sequence of paths, got int"),
        (lambda: cf.read_chain(["A.npz", 3]), r"paths\[1\] must be a str or a path-like, got int"),
        (
            lambda: cf.Sparse("A.npz"),
            "matrix must be a 2-d array or a scipy sparse matrix, got str",
        ),
        (lambda: cf.Network([None]), r"layers\[0\]: matrix must be a 2-d array .* got NoneType"),
        (lambda: cf.Network([np.sin]), r"layers\[0\]: matrix must be a 2-d array .* got ufunc"),
        (lambda: cf.chain("ab"), r"matrices\[0\]: matrix must be a 2-d array .* got str"),
        (lambda: cf.PassThrough(np.eye(2), 1), "layer must be a linear layer, got ndarray"),
        (lambda: NET.astype("nonsense"), "dtype must be a NumPy dtype, got 'nonsense'"),
        (lambda: LAYER.astype("nonsense"), "dtype must be a NumPy dtype, got 'nonsense'"),
        (lambda: cf.synapse_count(NET, progress=3), "progress must be None, True or a callable"),
        (
            lambda: cf.estimate_synapses(cf.algorithms.hadamard(8), progress=3),
            "progress must be None, True or a callable",
        ),
        (lambda: cf.synapse_count(LAYER), "net must be a cheapfast.Network, got Sparse"),
        (lambda: cf.save("A.npz", LAYER), "net must be a cheapfast.Network, got Sparse"),
        (lambda: cf.paper.claims(3), "words must be strings, got int"),
        (lambda: cf.gates.flat_product([1, 2], scale=np.complex128(1j)), "scale must be a number"),
        (lambda: cf.flatten(NET, tolerance="x"), "tolerance must be a finite number from 0 on"),
        (lambda: cf.flatten(NET, tolerance=np.True_), "tolerance must be a finite number from 0"),
    ],
)
def test_wrong_types(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ((np.ones(3), np.ones((3, 2))), "B: matrix must have 2 dimensions"),
        ((np.ones((3, 2)), np.ones(2)), "C: matrix must have 2 dimensions"),
    ],
)
def test_low_rank_names_the_factor(factors: tuple[Any, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cf.algorithms.low_rank(*factors)


@pytest.mark.parametrize(
    "call",
    [
        lambda: cf.flatten(NET, tolerance=10**400),
        lambda: cf.gates.flat_product([1, 2], scale=10**400),
    ],
)
def test_integers_beyond_floats(call: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"(tolerance|scale) must be .* integer beyond any float"):
        call()


def test_a_callable_that_counts_as_false_is_called() -> None:
    class Seen(list[tuple[int, int]]):
        def __call__(self, done: int, total: int) -> None:
            self.append((done, total))

    seen = Seen()
    with reporting(seen, "counting") as report:
        assert report is not None
        report(1, 2)
    assert seen == [(1, 2)]


def test_paths_may_come_as_an_array() -> None:
    with pytest.raises(FileNotFoundError):
        cf.read_chain(np.array(["no-a.npz", "no-b.npz"]))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="paths is empty"):
        cf.read_chain(iter([]))  # type: ignore[arg-type]


def test_progress_false_is_silent() -> None:
    assert cf.synapse_count(NET, progress=False) == 15
