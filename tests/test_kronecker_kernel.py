"""The kernels for Kronecker-sparse layers, on every target, against NumPy."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cheapfast as cf
from cheapfast import _core
from cheapfast.plan import make_plan
from cheapfast.plan.placing import aligned_empty
from cheapfast.plan.runs.stages import passes_of, phases_of
from interrupting import PATIENCE, posix_only, seconds_until_interrupted
from operands import DTYPES, LAYOUTS, assert_applies, normal, one_by_one, placed

Array = npt.NDArray[Any]
Pattern = tuple[int, int, int, int]


def factor(
    rng: np.random.Generator, pattern: Pattern, tied: tuple[int, ...], dtype: Any, bias: bool
) -> cf.Network:
    """Return one random layer."""
    shape = tuple(1 if axis in tied else size for axis, size in enumerate(pattern))
    a, b, _, d = pattern
    offsets = normal(rng, (a * b * d,), dtype) if bias else None
    return cf.Network([cf.KroneckerSparse(pattern, normal(rng, shape, dtype), bias=offsets)])


@pytest.mark.parametrize("columns", [1, 3, 16, 67])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("pattern", "tied", "bias"),
    [
        ((1, 2, 3, 5), (), True),
        ((3, 4, 4, 1), (), False),
        ((3, 4, 4, 1), (), True),
        ((2, 5, 3, 17), (0,), False),
        ((2, 5, 3, 17), (3,), True),
        ((1, 70, 65, 1), (), True),
        ((1, 70, 65, 1), (1,), False),
        ((4, 2, 2, 64), (0, 3), False),
        ((1, 32, 32, 32), (), False),
        ((300, 2, 2, 1), (2,), False),
        ((1, 1, 1, 900), (), True),
        ((2, 3, 3, 300), (), False),
    ],
)
def test_one_factor(
    target: str, dtype: Any, pattern: Pattern, tied: tuple[int, ...], bias: bool, columns: int
) -> None:
    rng = np.random.default_rng(11)
    net = factor(rng, pattern, tied, dtype, bias)
    X = normal(rng, (net.shape[1], columns), dtype)
    for layout in LAYOUTS:
        assert_applies(net, placed(X, layout), "kronecker")
    assert _core.ran()[f"kronecker.{np.dtype(dtype).name}"] == target


@pytest.mark.parametrize("columns", [1, 3, 16, 67])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [4, 32, 128, 1024])
def test_butterfly(target: str, dtype: Any, n: int, columns: int) -> None:
    rng = np.random.default_rng(12)
    net = cf.algorithms.butterfly(n, rng, dtype)
    X = normal(rng, (n, columns), dtype)
    for layout in LAYOUTS:
        assert_applies(net, placed(X, layout), "fused butterfly")
        assert_applies(net.T, placed(X, layout), "fused butterfly")
    assert _core.ran()[f"fused.{np.dtype(dtype).name}"] == target


@pytest.mark.parametrize("columns", [1, 3, 67])
@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("n", [4, 6, 49, 210, 256, 1260, 4096])
def test_fourier(target: str, dtype: Any, n: int, columns: int) -> None:
    rng = np.random.default_rng(13)
    net = cf.algorithms.fourier(n, dtype=dtype)
    X = normal(rng, (n, columns), dtype)
    expected = np.fft.fft(X.astype(np.complex128), axis=0)
    for layout in LAYOUTS:
        result = net.apply(placed(X, layout), threads=1)
        # The root of the mean square error grows with log n, by about eps a stage.
        error = np.linalg.norm(result - expected) / np.linalg.norm(expected)
        assert error <= np.finfo(dtype).eps * math.log2(n)
        np.testing.assert_array_equal(net.apply(placed(X, layout), threads=3), result)
    assert [step.kernel for step in net.explain().passes] == ["fused fourier"]


def bit_reversed_butterfly(n: int, dtype: Any) -> cf.Network:
    """Return a run with a permutation before it, which goes by tiles in every dtype."""
    reversal = cf.Permutation.digit_reversal((2,) * (n.bit_length() - 1))
    return cf.Network([reversal, *cf.algorithms.butterfly(n, 21, dtype)])


@pytest.mark.parametrize(
    ("beside", "gap", "start"),
    [(0, 0, 0), (3, 61, 0), (3, 0, 0), (0, 0, 16)],
    ids=["whole", "tail", "rows off lines", "start off a line"],
)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [64, 256])  # one pass in the first phase, and two
def test_results_beyond_the_caches(
    target: str, n: int, dtype: Any, beside: int, gap: int, start: int
) -> None:
    size = np.dtype(dtype).itemsize
    columns = (1 << 24) // (n * size) + beside
    X = normal(np.random.default_rng(22), (n, columns), dtype)
    wide = n * (columns + gap) * size
    room = aligned_empty((wide + 64, 1), np.dtype(np.uint8), fortran=False)
    rows = room[start : start + wide].reshape(-1).view(dtype).reshape(n, columns + gap)
    out = rows[:, :columns]
    nets = [bit_reversed_butterfly(n, dtype)]
    if np.dtype(dtype).kind == "c":
        nets.append(cf.algorithms.fourier(n, dtype=dtype))
    for net in nets:
        expected = np.hstack([net.apply(part) for part in np.array_split(X, 5, axis=1)])
        for threads in (1, 3):
            rows[:] = 7
            assert net.apply(X, out=out, threads=threads) is out
            np.testing.assert_array_equal(out, expected)
            assert np.all(rows[:, columns:] == 7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("columns", [1, 5, 64])
def test_hadamard(target: str, dtype: Any, columns: int) -> None:
    rng = np.random.default_rng(14)
    net = cf.algorithms.hadamard(512)
    X = normal(rng, (512, columns), dtype)
    for layout in LAYOUTS:
        assert_applies(net, placed(X, layout), "walsh-hadamard")


def test_hadamard_of_integers_is_exact(target: str) -> None:
    net = cf.algorithms.hadamard(2048)
    X = np.random.default_rng(3).integers(-1000, 1000, (2048, 9)).astype(np.float64)
    np.testing.assert_array_equal(net.T.apply(net.apply(X)), 2048 * X)


@st.composite
def runs(draw: st.DrawFn) -> tuple[cf.Network, int]:
    """Runs of blocks inside a larger Kronecker product, rising or falling, tied or free."""
    inner, outer = draw(st.sampled_from([1, 2, 3, 16])), draw(st.sampled_from([1, 2, 5]))
    length = draw(st.integers(2, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    dtype = draw(st.sampled_from(DTYPES))
    layers = []
    for bit in range(length):
        pattern = (outer << (length - 1 - bit), 2, 2, inner << bit)
        tied = draw(st.sets(st.sampled_from(range(4))))
        shape = tuple(1 if axis in tied else size for axis, size in enumerate(pattern))
        layers.append(cf.KroneckerSparse(pattern, normal(rng, shape, dtype)))
    if draw(st.booleans()):
        layers.reverse()
    return cf.Network(layers), draw(st.sampled_from([1, 2, 8, 19]))


@given(runs())
def test_any_run(drawn: tuple[cf.Network, int]) -> None:
    net, columns = drawn
    X = normal(np.random.default_rng(1), (net.shape[1], columns), net.dtype)
    for layout in LAYOUTS:
        assert_applies(net, placed(X, layout), "fused butterfly")


@given(
    pattern=st.tuples(*[st.integers(1, 9)] * 4),
    tied=st.sets(st.sampled_from(range(4))),
    bias=st.booleans(),
    columns=st.integers(1, 20),
    dtypes=st.tuples(st.sampled_from(DTYPES), st.sampled_from(DTYPES)),
    layout=st.sampled_from(LAYOUTS),
)
def test_any_factor(
    pattern: Pattern,
    tied: set[int],
    bias: bool,
    columns: int,
    dtypes: tuple[Any, Any],
    layout: str,
) -> None:
    rng = np.random.default_rng(2)
    net = factor(rng, pattern, tuple(tied), dtypes[0], bias)
    X = placed(normal(rng, (net.shape[1], columns), dtypes[1]), layout)
    assert_applies(net, X, "kronecker")


@pytest.mark.parametrize("columns", [0, 1, 4])
def test_nothing_to_do(columns: int) -> None:
    for net in (
        cf.algorithms.fourier(8),
        factor(np.random.default_rng(0), (1, 3, 2, 2), (), "f8", True),
    ):
        X = np.ones((net.shape[1], columns))
        assert net.apply(X).shape == (net.shape[0], columns)
    empty = cf.Network([cf.KroneckerSparse((2, 3, 0, 2), np.ones((1, 1, 1, 1)))])
    np.testing.assert_array_equal(empty.apply(np.ones((0, columns))), np.zeros((12, columns)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_non_finite_numbers_reach_exactly_what_they_should(bad: float) -> None:
    net = cf.algorithms.butterfly(64, 5)
    X = np.ones((64, 3))
    X[7, 1] = bad
    result = net.apply(X)
    assert not np.isfinite(result[:, 1]).any()
    assert np.isfinite(result[:, [0, 2]]).all()
    blocks = factor(np.random.default_rng(1), (32, 2, 2, 1), (), np.float64, False)
    assert np.flatnonzero(~np.isfinite(blocks.apply(X)[:, 1])).tolist() == [6, 7]
    assert not np.isfinite(cf.algorithms.fourier(64).apply(X)[:, 1]).any()


def test_a_bias_ends_a_run() -> None:
    layers = list(cf.algorithms.butterfly(16, 1))
    middle = layers[1]
    layers[1] = cf.KroneckerSparse(middle.pattern, middle.values, bias=np.arange(16.0))
    net = cf.Network(layers)
    passes = net.explain().passes
    assert [(step.kernel, step.folded) for step in passes] == [
        ("fused butterfly", ("bias",)),
        ("fused butterfly", ()),
    ]
    expected, _ = one_by_one(net, np.ones((16, 2)))
    np.testing.assert_allclose(net.apply(np.ones((16, 2))), expected)


def test_a_digit_reversal_that_does_not_fit_is_folded_in_too() -> None:
    stages = list(cf.algorithms.fourier(24, reorder=False))
    net = cf.Network([cf.Permutation.digit_reversal((2, 2, 2, 3)), *stages])
    assert [step.kernel for step in net.explain().passes] == ["fused fourier"]
    X = np.random.default_rng(0).standard_normal((24, 5))
    expected, _ = one_by_one(net, X)
    np.testing.assert_allclose(net.apply(X), expected)


def test_large_primes_and_inverse_transforms() -> None:
    X = np.random.default_rng(4).standard_normal((2 * 2 * 11 * 13, 3))
    net = cf.algorithms.fourier(len(X))
    np.testing.assert_allclose(net.apply(X), np.fft.fft(X, axis=0), atol=1e-11)
    back = net.H.apply(net.apply(X)) / len(X)
    np.testing.assert_allclose(back, X, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_fourier_values_written_out_are_recognised(dtype: Any) -> None:
    net = cf.algorithms.fourier(36, dtype=dtype)
    written = [
        cf.KroneckerSparse(layer.pattern, layer.values.materialize())
        for layer in net
        if isinstance(layer, cf.KroneckerSparse)
    ]
    X = normal(np.random.default_rng(1), (36, 3), dtype)
    same = cf.Network([net[0], *written])
    assert [step.kernel for step in same.explain().passes] == ["fused fourier"]
    np.testing.assert_array_equal(same.apply(X), net.apply(X))
    changed = written[1].values.materialize().copy()
    changed[0, 1, 1, 1] *= 1 + 1e-3
    other = cf.Network([net[0], written[0], cf.KroneckerSparse(written[1].pattern, changed)])
    assert "fused fourier" not in [step.kernel for step in other.explain().passes]
    expected, _ = one_by_one(other, X)
    np.testing.assert_allclose(other.apply(X), expected, rtol=1e-4, atol=1e-4)


def test_hadamard_blocks_written_out_are_recognised() -> None:
    block = np.array([[1.0, 1.0], [1.0, -1.0]])[None, :, :, None]
    layers = [
        cf.KroneckerSparse((8 >> bit, 2, 2, 1 << bit), np.tile(block, (8 >> bit, 1, 1, 1 << bit)))
        for bit in range(4)
    ]
    net = cf.Network(layers)
    assert [step.kernel for step in net.explain().passes] == ["walsh-hadamard"]
    X = np.arange(32.0).reshape(16, 2)
    np.testing.assert_array_equal(net.apply(X), cf.algorithms.hadamard(16).apply(X))
    changed = np.tile(block, (1, 1, 1, 8))
    changed[0, 1, 1, 3] = 1
    other = cf.Network([*layers[:3], cf.KroneckerSparse((1, 2, 2, 8), changed)])
    np.testing.assert_array_equal(other.apply(X), one_by_one(other, X)[0])


def test_numbers_at_odd_addresses() -> None:
    records = np.zeros(64, np.dtype([("flag", "i1"), ("value", "f8")]))
    records["value"] = np.random.default_rng(0).standard_normal(64)
    X = records["value"][:, np.newaxis]
    assert not X.flags.aligned
    assert_applies(cf.algorithms.butterfly(64, 1), X, "fused butterfly")
    assert_applies(factor(np.random.default_rng(0), (2, 4, 8, 4), (), "f8", True), X, "kronecker")


def test_other_dtypes_get_weights_of_their_own() -> None:
    net = cf.algorithms.butterfly(64, 1, np.float32)
    X = np.random.default_rng(0).standard_normal((64, 5))
    assert_applies(net, X, "fused butterfly")
    assert_applies(net, X.astype(np.float32), "fused butterfly")
    assert_applies(net, X + 1j, "fused butterfly")


def test_another_target_gets_weights_of_its_own() -> None:
    net = cf.algorithms.butterfly(128, 1, np.float32)
    X = np.random.default_rng(0).standard_normal((128, 1)).astype(np.float32)
    before = _core.active_target()
    try:
        for name in _core.targets():
            _core.set_target(name)
            assert_applies(net, X, "fused butterfly")
    finally:
        _core.set_target(before)


def test_no_memory_for_packed_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    net = cf.algorithms.butterfly(1024, 1)
    X = np.random.default_rng(0).standard_normal((1024, 2))
    expected, _ = one_by_one(net, X)
    plan = make_plan(tuple(net), [layer.shape for layer in net])
    monkeypatch.setattr("cheapfast._memory.available_bytes", lambda: 200_000)
    np.testing.assert_allclose(plan.run(X, 1), expected)


def test_planning_makes_no_values_however_large() -> None:
    cf.algorithms.fourier(2**60).explain()  # imports, first use
    tracemalloc.start()
    told = cf.algorithms.fourier(2**60).explain()
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    assert told.passes[0].kernel == "fused fourier"
    assert told.passes[0].stop == 61


@pytest.mark.parametrize("fortran", [False, True])
@pytest.mark.parametrize("shape", [(3, 5), (1000, 7), (0, 4)])
def test_aligned_empty(shape: tuple[int, int], fortran: bool) -> None:
    array = aligned_empty(shape, np.dtype(np.float64), fortran=fortran)
    assert array.shape == shape
    assert array.flags.f_contiguous if fortran else array.flags.c_contiguous
    assert array.size == 0 or array.ctypes.data % 64 == 0


@given(
    radices=st.lists(st.sampled_from([2, 2, 2, 3, 5, 7]), min_size=1, max_size=30),
    rows=st.sampled_from([64, 512, 4096]),
    least=st.integers(1, 2),
)
def test_cutting_takes_every_stage_once(radices: list[int], rows: int, least: int) -> None:
    sizes = phases_of(radices, rows, least)
    assert sum(sizes) == len(radices)
    assert min(sizes) > 0
    assert len(sizes) >= min(least, len(radices))
    start = 0
    for size in sizes:
        part = radices[start : start + size]
        assert math.prod(part) <= rows
        passes = passes_of(part)
        assert sum(passes) == size
        assert max(passes) <= 3
        start += size


@posix_only
def test_ctrl_c_stops_a_long_application() -> None:
    setup = """
        import numpy as np, cheapfast as cf
        net = cf.algorithms.butterfly(1 << 14, 1)
        X = np.ones((1 << 14, 64))
        net.apply(X, threads=1)"""
    call = "while True: net.apply(X, threads=2)"
    assert seconds_until_interrupted(setup, call) < PATIENCE


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"out": np.ones((3, 2))}, "rows"),
        ({"x": np.ones((6, 2), "f4")}, "dtype"),
        ({"values": np.ones(5)}, "beyond"),
        ({"strides": (0, -1, 1, 1)}, "negative"),
        ({"bias": np.ones(5)}, "bias"),
        ({"x": np.ones((12, 2))[::2]}, "contiguous"),
    ],
)
def test_the_kernel_refuses_what_would_reach_beyond(change: dict[str, Any], message: str) -> None:
    arguments = {
        "pattern": (1, 2, 3, 2),
        "values": np.ones(12),
        "strides": (0, 6, 2, 1),
        "bias": None,
        "x": np.ones((6, 2)),
        "out": np.empty((4, 2)),
        "threads": 1,
    }

    def apply(pattern: Any, values: Any, strides: Any, bias: Any, *operands: Any) -> None:
        _core.Factor(pattern, values, strides, bias).apply(*operands)

    apply(*arguments.values())
    with pytest.raises((ValueError, TypeError), match=message):
        apply(*{**arguments, **change}.values())
