"""Two Kronecker-sparse factors as one pass, on every target, against NumPy and one by one."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cheapfast as cf
from cheapfast import _core
from operands import DTYPES, LAYOUTS, assert_applies, normal, one_by_one, placed

Array = npt.NDArray[Any]
Pattern = tuple[int, int, int, int]


class Blocks(NamedTuple):
    """Two factors that pair: a group has `c2` blocks of (b1, c1) and `b1` blocks of (b2, c2)."""

    b1: int
    c1: int
    b2: int
    c2: int
    outer: int = 1
    middle: int = 1
    inner: int = 1

    def patterns(self, *, rises: bool) -> tuple[Pattern, Pattern]:
        """Return the patterns of the first and the second factor."""
        b1, c1, b2, c2, outer, middle, inner = self
        if rises:
            return (outer * c2 * middle, b1, c1, inner), (outer, b2, c2, middle * b1 * inner)
        return (outer, b1, c1, middle * c2 * inner), (outer * b1 * middle, b2, c2, inner)


def pair(blocks: Blocks, rng: np.random.Generator, dtype: Any, **how: bool) -> list[cf.Layer]:
    """Draw two factors; `rises`, and whether they are `tied` along ia and have a `bias`."""
    layers: list[cf.Layer] = []
    for pattern in blocks.patterns(rises=how["rises"]):
        a, b, c, d = pattern
        shape = (1, b, c, d) if how.get("tied") else pattern
        bias = normal(rng, (a * b * d,), dtype) if how.get("bias") else None
        layers.append(cf.KroneckerSparse(pattern, normal(rng, shape, dtype), bias=bias))
    return layers


CASES = [
    Blocks(32, 32, 32, 32),
    Blocks(4, 4, 4, 4, outer=3, middle=2, inner=5),
    Blocks(7, 5, 3, 9, outer=2),
    Blocks(16, 16, 16, 16, middle=3),
    Blocks(33, 17, 20, 40),
    Blocks(1, 3, 5, 2, inner=3),
    Blocks(24, 2, 70, 3, inner=2),
]


@pytest.mark.parametrize("rises", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("blocks", CASES)
def test_pairs(target: str, blocks: Blocks, dtype: Any, rises: bool) -> None:
    rng = np.random.default_rng(21)
    net = cf.Network(pair(blocks, rng, dtype, rises=rises, bias=blocks.outer > 1))
    for columns in (1, 3, 64, 131):
        X = normal(rng, (net.shape[1], columns), dtype)
        for layout in LAYOUTS:
            assert_applies(net, placed(X, layout), "kronecker pair")
    assert _core.ran()[f"kronecker_pair.{np.dtype(dtype).name}"] == target


@pytest.mark.parametrize("rises", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "blocks",
    [Blocks(16, 12, 9, 16, middle=2), Blocks(40, 21, 33, 7, inner=3), Blocks(5, 4, 20, 3, outer=2)],
)
def test_the_sums_are_those_of_one_factor_after_the_other(
    target: str, blocks: Blocks, dtype: Any, rises: bool
) -> None:
    rng = np.random.default_rng(22)
    layers = pair(blocks, rng, dtype, rises=rises, bias=True)
    X = normal(rng, (layers[0].shape[1], 70), dtype)
    expected = X
    for layer in layers:
        expected = cf.Network([layer]).apply(expected)
    net = cf.Network(layers)
    for columns in (70, 2, 3, 5, 9, 17, 35):
        few = np.ascontiguousarray(X[:, :columns])
        for layout in ("C", "F"):
            result = net.apply(placed(few, layout))
            np.testing.assert_array_equal(result, expected[:, :columns])
    assert _core.ran()[f"kronecker_pair.{np.dtype(dtype).name}"] == target


@pytest.mark.parametrize("dtype", DTYPES)
def test_long_doubles_are_left_as_they_were(target: str, dtype: Any) -> None:
    """Compilers may use MMX registers, which are those of long doubles, without clearing them."""
    rng = np.random.default_rng(23)
    layers = pair(Blocks(5, 4, 9, 3, outer=2), rng, dtype, rises=True, bias=True)
    for net in (cf.Network(layers), cf.Network(layers[:1]), cf.Network(layers[1:])):
        for columns in (1, 2, 3, 5, 18):
            X = normal(rng, (net.shape[1], columns), dtype)
            for layout in ("C", "F"):
                net.apply(placed(X, layout))
                assert np.sqrt(np.longdouble(4)) + np.longdouble(1) == 3
    assert _core.ran()[f"kronecker_pair.{np.dtype(dtype).name}"] == target


@st.composite
def drawn_pairs(draw: st.DrawFn) -> tuple[cf.Network, int]:
    """Pairs with lights around and between them."""
    sizes = [draw(st.integers(1, 9)) for _ in range(4)]
    others = [draw(st.integers(1, 3)) for _ in range(3)]
    if sizes[0] == sizes[1] == 1 or sizes[2] == sizes[3] == 1:
        sizes[0] = sizes[2] = 2  # a factor of 1 x 1 blocks is a diagonal
    rng, dtype = np.random.default_rng(draw(st.integers(0, 99))), draw(st.sampled_from(DTYPES))
    how = {name: draw(st.booleans()) for name in ("rises", "tied", "bias")}
    layers = pair(Blocks(*sizes, *others), rng, dtype, **how)
    if not how["tied"]:
        for position in (2, 1, 0):
            if draw(st.booleans()):
                n = layers[0].shape[1] if position == 0 else layers[position - 1].shape[0]
                layers.insert(
                    position, cf.KroneckerSparse((n, 1, 1, 1), normal(rng, (n, 1, 1, 1), dtype))
                )
    return cf.Network(layers), draw(st.sampled_from([1, 2, 8, 19, 33]))


@given(drawn_pairs(), st.sampled_from(LAYOUTS))
def test_any_pair(drawn: tuple[cf.Network, int], layout: str) -> None:
    net, columns = drawn
    X = normal(np.random.default_rng(1), (net.shape[1], columns), net.dtype)
    assert_applies(net, placed(X, layout), "kronecker pair")


def test_a_group_is_shared_by_threads() -> None:
    net = cf.algorithms.monarch(40, 36, 3, np.float64)
    for columns in (3, 32, 35):
        X = np.random.default_rng(0).standard_normal((net.shape[1], columns))
        result = net.apply(X, threads=1)
        for threads in (2, 3, 64):
            np.testing.assert_array_equal(net.apply(X, threads=threads), result)
        np.testing.assert_allclose(result, one_by_one(net, X)[0], rtol=1e-10, atol=1e-10)


def test_results_go_where_they_are_wanted() -> None:
    net = cf.algorithms.monarch(8, 12, 3)
    X = np.random.default_rng(0).standard_normal((96, 20))
    expected, _ = one_by_one(net, X)
    for out in (np.empty((96, 20)), np.empty((96, 40))[:, ::2], np.empty((20, 96)).T):
        assert net.apply(X, out) is out
        np.testing.assert_allclose(out, expected)
    assert net.apply(X, X) is X
    np.testing.assert_allclose(X, expected)


def test_real_weights_and_complex_vectors() -> None:
    net = cf.algorithms.monarch(8, 12, 3)
    X = normal(np.random.default_rng(0), (96, 5), np.complex128)
    assert_applies(net, X, "kronecker pair")
    assert_applies(net.astype(np.float32), X, "kronecker pair")


def test_non_finite_numbers_reach_exactly_what_they_should() -> None:
    net = cf.algorithms.monarch(4, 4, 3)
    X = np.ones((16, 3))
    X[7, 1] = np.nan
    result = net.apply(X)
    assert np.isnan(result[:, 1]).all()
    assert np.isfinite(result[:, [0, 2]]).all()


def test_what_flows_between_is_not_counted_as_memory_traffic() -> None:
    net = cf.algorithms.monarch(8, 8, 3)
    (told,) = net.explain(columns=10).passes
    assert (told.start, told.stop, told.shape) == (0, 2, (64, 64))
    assert told.cost is not None
    assert told.cost.flops == 2 * net.synapses * 10
    assert told.cost.bytes == 8 * (net.synapses + 2 * 64 * 10)
    assert told.seconds is not None
    assert told.seconds > 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((4, 6, 6, 1), (1, 6, 6, 4)),  # the blocks of both mix the same digits
        ((64, 64, 64, 1), (1, 64, 64, 64)),  # 4096 rows are too many
        ((6, 4, 4, 1), (4, 6, 6, 1)),  # both lie side by side
    ],
)
def test_other_factors_do_not_pair(first: Pattern, second: Pattern) -> None:
    rng = np.random.default_rng(0)
    layers = [
        cf.KroneckerSparse(pattern, normal(rng, pattern, "f8")) for pattern in (first, second)
    ]
    X = rng.standard_normal((layers[0].shape[1], 3))
    assert_applies(cf.Network(layers), X, "kronecker", "kronecker")


def test_what_is_permuted_or_tied_between_is_no_pair() -> None:
    rng = np.random.default_rng(0)
    first, second = pair(Blocks(4, 4, 4, 4), rng, np.float64, rises=True)
    turned = cf.Network([first, cf.Permutation(rng.permutation(16)), second])
    assert "kronecker pair" not in [step.kernel for step in turned.explain().passes]
    tied = cf.KroneckerSparse((1, 4, 4, 4), normal(rng, (1, 4, 4, 1), np.float64))
    assert [step.kernel for step in cf.Network([first, tied]).explain().passes] == ["kronecker"] * 2
    for net in (turned, cf.Network([first, tied])):
        X = rng.standard_normal((16, 7))
        np.testing.assert_allclose(net.apply(X), one_by_one(net, X)[0], atol=1e-12)


def test_three_factors_are_a_pair_and_one_more() -> None:
    rng = np.random.default_rng(0)
    patterns = [(16, 4, 4, 1), (4, 4, 4, 4), (1, 4, 4, 16)]
    layers = [cf.KroneckerSparse(pattern, normal(rng, pattern, np.float64)) for pattern in patterns]
    X = rng.standard_normal((64, 9))
    assert_applies(cf.Network(layers), X, "kronecker pair", "kronecker")
    assert_applies(cf.Network(layers[::-1]), X, "kronecker pair", "kronecker")


def test_no_memory_for_packed_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    from cheapfast.plan import make_plan

    net = cf.algorithms.monarch(32, 32, 3)
    X = np.random.default_rng(0).standard_normal((1024, 2))
    plan = make_plan(tuple(net), [layer.shape for layer in net])
    monkeypatch.setattr("cheapfast._memory.available_bytes", lambda: 200_000)
    np.testing.assert_allclose(plan.run(X, 1), one_by_one(net, X)[0], atol=1e-12)


def test_wrong_pairs_are_refused() -> None:
    weights = np.ones(16)
    one, other = (_core.Factor((4, 2, 2, 1), weights, (4, 2, 1, 0), None) for _ in range(2))
    with pytest.raises(ValueError, match="groups"):
        _core.FactorPair(one, other)
    wide = _core.Factor((1, 2, 2, 4), weights.astype(np.float32), (0, 2, 1, 4), None)
    with pytest.raises(TypeError, match="one dtype"):
        _core.FactorPair(one, wide)
    fits = _core.FactorPair(one, _core.Factor((1, 2, 2, 4), weights, (0, 2, 1, 4), None))
    with pytest.raises(ValueError, match="side by side"):
        fits.apply(np.ones((8, 3), order="F"), np.ones((8, 3), order="F"), 1)


def test_huge_descriptions_are_planned() -> None:
    ones = np.ones((1, 4, 4, 1))
    layers = [cf.KroneckerSparse((4**k, 4, 4, 1), ones) for k in (40, 40)]
    assert len(cf.Network(layers).explain().passes) == 2


def test_rows_beyond_64_bits_are_too_many() -> None:
    """2^60 rows of 256 bytes in a group: signed numbers overflow, which only sanitizers see."""
    first, second = (2**30, 2**30, 1, 1), (1, 1, 2**30, 2**30)
    assert not _core.factors_pair(first, second)
    layers = [cf.KroneckerSparse(pattern, np.ones((1, 1, 1, 1))) for pattern in (first, second)]
    assert len(cf.Network(layers).explain().passes) == 2
