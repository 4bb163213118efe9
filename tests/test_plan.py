"""Plans: shapes of a chain, passes, what they cost, and the table that explains them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import cheapfast as cf
from chains import DrawnChain, chains
from cheapfast.plan import Cost, Part, Pass, chain_shapes, layer_cost, layer_part, make_plan
from cheapfast.plan import plan as plan_module
from cheapfast.plan.prediction.calibrate import machine

Shapes = list[tuple[int, int]]


def parts(shapes: Sequence[tuple[int, int]]) -> list[Part]:
    return [
        Part(f"P{i}", shape, lambda _, outputs=shape[0]: outputs) for i, shape in enumerate(shapes)
    ]


# -- shapes


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=5))
def test_chain_shapes_agree_with_the_definition(shapes: Shapes) -> None:
    def fits(flow: Shapes) -> bool:
        return all(first[0] == second[1] for first, second in pairwise(flow))

    if fits(shapes):
        assert list(chain_shapes(parts(shapes))) == shapes
    else:
        with pytest.raises(ValueError, match="do not chain") as info:
            chain_shapes(parts(shapes))
        assert ("did you mean" in str(info.value)) == fits(shapes[::-1])
    if fits(shapes[::-1]):
        assert list(chain_shapes(parts(shapes), "matrix")) == shapes
    else:
        with pytest.raises(ValueError, match="matrix order"):
            chain_shapes(parts(shapes), "matrix")


def test_the_first_misfit_in_data_flow_order_is_named() -> None:
    with pytest.raises(ValueError, match=r"P1 \(5x4\) and P2 \(3x3\)") as info:
        chain_shapes(parts([(4, 2), (5, 4), (3, 3), (9, 9)]))
    assert "P1 is applied first and 5 values leave it, but P2 takes 3" in str(info.value)


def test_maxpool_changes_the_width() -> None:
    pool = layer_part(cf.Activation("maxpool", window=2), "pool")
    assert chain_shapes([*parts([(6, 5)]), pool]) == ((6, 5), (3, 6))
    with pytest.raises(ValueError, match="3 values leave"):
        chain_shapes([*parts([(6, 5)]), pool, *parts([(1, 6)])])
    with pytest.raises(ValueError, match="needs a multiple of 2"):
        chain_shapes([*parts([(5, 5)]), pool])
    with pytest.raises(ValueError, match="pool changes the number of features"):
        chain_shapes([pool, *parts([(1, 6)])])


# -- passes


@given(chains())
def test_passes_cover_the_layers_in_order(drawn: DrawnChain) -> None:
    layers = tuple(drawn.net)
    plan = make_plan(layers, [layer.shape for layer in layers])
    covered = [i for step in plan.passes for i in range(step.start, step.stop)]
    assert covered == list(range(len(layers)))


def test_a_fused_planner_takes_several_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    def fuse_diagonals(layers: Any, shapes: Any, position: int) -> Pass | None:
        pair = layers[position : position + 2]
        if len(pair) < 2 or not all(layer.synapses == layer.shape[0] for layer in pair):
            return None
        diagonal = (pair[1].to_csr() @ pair[0].to_csr()).diagonal()
        return Pass(
            kernel="fused diagonals",
            start=position,
            stop=position + 2,
            shape=pair[0].shape,
            run=lambda X, _threads: diagonal[:, None] * X,
            cost=lambda columns, _dtype: Cost(0, columns * len(diagonal)),
        )

    machine()  # measured with the planners that there are
    monkeypatch.setattr(plan_module, "PLANNERS", (fuse_diagonals, plan_module.single_layer))
    net = cf.Network([np.ones((3, 3)), 2 * np.eye(3), 5 * np.eye(3), np.ones((1, 3))])
    assert [(row.start, row.stop) for row in net.explain().passes] == [(0, 1), (1, 3), (3, 4)]
    np.testing.assert_array_equal(net @ np.ones(3), [90])
    assert "1-2" in repr(net.explain())


def test_a_layer_of_an_unknown_kind_runs_by_its_own_apply() -> None:
    class Doubled(cf.Sparse):
        kind = "doubled for this test"

    net = cf.Network([Doubled(np.eye(2))])
    assert net.explain().passes[0].kernel == "Doubled.apply"
    np.testing.assert_array_equal(net @ [1.0, 2.0], [1, 2])


# -- cost


@pytest.mark.parametrize(
    ("weights", "operand", "per_synapse"),
    [("f8", "f8", 2), ("f8", "c16", 4), ("c16", "f8", 4), ("c16", "c16", 8)],
)
def test_cost_of_a_sparse_layer(weights: str, operand: str, per_synapse: int) -> None:
    matrix = sparse.csr_array(np.array([[1, 0, 2], [0, 3, 0]], dtype=weights))
    x, result = np.dtype(operand), np.result_type(weights, operand)
    cost = layer_cost(cf.Sparse(matrix), (2, 3), 10, x)
    assert cost is not None
    assert cost.flops == 10 * 3 * per_synapse
    stored = matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes
    assert cost.bytes == 10 * (3 * x.itemsize + 2 * result.itemsize) + stored


def test_cost_of_other_layers() -> None:
    double = np.dtype(np.float64)
    n = 2**60
    tied = cf.KroneckerSparse((n // 2, 2, 2, 1), np.ones((2, 2, 1)))
    assert layer_cost(tied, tied.shape, 1, double) == Cost(2 * n * 8 + 4 * 8, 2 * 2 * n)
    moved = cf.Permutation.digit_reversal((2,) * 60)
    assert layer_cost(moved, moved.shape, 1, double) == Cost(2 * n * 8 + 8 * n, 0)
    relu = cf.Activation("relu")
    assert layer_cost(relu, (5, 5), 3, double) == Cost(2 * 5 * 3 * 8, 5 * 3)
    kernel = cf.Convolution([1.0, 2.0], (4,))
    assert layer_cost(kernel, (4, 4), 1, double) == Cost(2 * 4 * 8 + 16, 2 * 8)
    biased = cf.Sparse(np.eye(2), bias=[1.0, 1.0])
    plain = layer_cost(cf.Sparse(np.eye(2)), (2, 2), 1, double)
    assert plain is not None
    assert layer_cost(biased, (2, 2), 1, double) == plain + Cost(16, 2)


@pytest.mark.parametrize(
    "net", [cf.algorithms.butterfly(16), cf.algorithms.fourier(12), cf.algorithms.hadamard(8)]
)
def test_no_vectors_at_all_are_explained(net: cf.Network) -> None:
    told = net.explain(0)
    assert told.columns == 0
    assert not any(row.cost.flops for row in told.passes)
    assert "0 float" in str(told) or "0 complex" in str(told)


def test_explanation() -> None:
    net = cf.Network([np.ones((4, 3)), cf.Activation("relu"), cf.Permutation([3, 2, 1, 0])])
    told = net.explain(columns=5)
    assert [row.kernel for row in told.passes] == ["csr", "elementwise", "gather"]
    assert told.total == sum((row.cost for row in told.passes if row.cost), Cost(0, 0))
    lines = repr(told).splitlines()
    assert lines[0] == "3 passes for 5 float64 vectors:"
    assert len(lines) == 7
    assert re.fullmatch(r" +0 +csr +0 +4x3 +\d+ B +120 +[\d.]+ us", lines[2])
    known = [row.seconds for row in told.passes if row.seconds is not None]
    assert told.seconds == told.call_seconds + sum(known)
    assert "<td>gather</td>" in told._repr_html_()
    with pytest.raises(ValueError, match="columns"):
        net.explain(-1)
