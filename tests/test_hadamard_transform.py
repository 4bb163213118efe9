"""The Walsh-Hadamard transform: every type, instruction set, layout and size against the matrix."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import cheapfast as cf
from cheapfast import _core, _memory
from cheapfast._validate import thread_count
from interrupting import PATIENCE, posix_only, seconds_until_interrupted

Array = npt.NDArray[Any]

DTYPES = [np.float32, np.float64, np.complex64, np.complex128]
every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)


def integers(shape: tuple[int, ...], dtype: npt.DTypeLike, seed: int = 0) -> Array:
    """Return small integers: their sums are exact, so results can be compared bit for bit."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-4, 5, shape).astype(dtype)
    if np.iscomplexobj(x):
        x += 1j * rng.integers(-4, 5, shape).astype(x.real.dtype)
    return x


def reference(x: Array, axis: int = -1) -> Array:
    """Transform stage by stage, in the plainest NumPy."""
    y = np.moveaxis(x, axis, -1).astype(np.complex128 if np.iscomplexobj(x) else np.float64)
    shape, h = y.shape, 1
    while h < shape[-1]:
        pairs = y.reshape(*shape[:-1], shape[-1] // (2 * h), 2, h)
        total, difference = pairs[..., 0, :] + pairs[..., 1, :], pairs[..., 0, :] - pairs[..., 1, :]
        y = np.stack([total, difference], axis=-2).reshape(shape)
        h *= 2
    return np.moveaxis(y.reshape(shape), -1, axis)


def placed(x: Array, offset: int) -> Array:
    """Copy an array to a place `offset` bytes after a multiple of 64."""
    room = np.empty(x.nbytes + 128, np.uint8)
    start = -room.ctypes.data % 64 + offset
    out = room[start : start + x.nbytes].view(x.dtype).reshape(x.shape)
    out[...] = x
    return out


@pytest.mark.parametrize("log2_n", range(8))
def test_reference_is_the_matrix(log2_n: int) -> None:
    x = integers((1 << log2_n,), float)
    assert (reference(x) == scipy.linalg.hadamard(1 << log2_n) @ x).all()


# -- values


@every_dtype
@pytest.mark.parametrize("log2_n", range(21))
def test_one_vector(target: str, dtype: type, log2_n: int) -> None:
    x = integers((1 << log2_n,), dtype)
    result = cf.hadamard_transform(x)
    assert result.dtype == dtype
    assert (result == reference(x)).all()
    assert cf.hadamard_transform(x, out=x) is x
    assert (x == result).all()
    assert _core.ran() == {f"hadamard.{np.dtype(dtype).name}": target}


def test_vector_beyond_the_shared_cache(target: str) -> None:
    x = integers((1 << 22,), np.float32)
    expected = reference(x)
    assert (cf.hadamard_transform(x) == expected).all()
    assert (cf.hadamard_transform(x, out=x) == expected).all()


@every_dtype
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        *[((count, n), 1) for count in (1, 3, 1001) for n in (1, 2, 4, 8, 16, 64, 512)],
        *[((n, columns), 0) for n in (2, 8, 32, 1024) for columns in (1, 2, 3, 4, 7, 8, 31, 130)],
        ((2, 16, 17), 1),
        ((3, 64, 2, 5), -3),
        ((64, 1, 4, 1), 0),
        ((4, 4096, 33), 1),
        ((1024, 1024), 0),
        ((8, 70_000), 0),
        ((1024, 5000), 0),
        ((64, 4096), 1),
    ],
)
def test_any_axis(target: str, dtype: type, order: Any, shape: tuple[int, ...], axis: int) -> None:
    x = np.asarray(integers(shape, dtype), order=order)
    expected = reference(x, axis)
    result = cf.hadamard_transform(x, axis=axis)
    assert result.dtype == dtype
    assert (result == expected).all()
    assert cf.hadamard_transform(x, x, axis) is x
    assert (x == expected).all()


@every_dtype
@pytest.mark.parametrize("row", [1, 2, 3, 5, 16, 33])
@pytest.mark.parametrize("n", [1, 2, 64, 4096])
def test_axes_before_and_behind_in_compiled_code(
    target: str, dtype: type, n: int, row: int
) -> None:
    x = integers((3, n, row), dtype)
    expected = reference(x, 1)
    for shape, axis in (((3, n, row), 1), ((3, 1, n, 1, row), 2), ((3, n, row, 1), -3)):
        turned = x.reshape(shape)
        for out in (None, np.empty_like(turned)):
            if out is None and x.nbytes > 1 << 18:
                continue  # Python asks for the memory first
            result = _core.hadamard_plain(turned, out, axis, None, thread_count)
            assert out is None or result is out
            assert (result.reshape(x.shape) == expected).all()
        source = turned.copy()
        assert _core.hadamard_plain(source, source, axis, 1, thread_count) is source
        assert (source.reshape(x.shape) == expected).all()


@every_dtype
@pytest.mark.parametrize("offset", [0, 8, 16, 40])
@pytest.mark.parametrize("shape", [(64,), (4096,), (1 << 15,), (5, 256), (256, 301)])
def test_any_alignment(target: str, dtype: type, offset: int, shape: tuple[int, ...]) -> None:
    axis = -1 if len(shape) == 1 or shape[1] == 256 else 0
    x = placed(integers(shape, dtype), offset)
    out = placed(np.zeros(shape, dtype), (offset + 24) % 64)
    expected = reference(x, axis)
    assert (cf.hadamard_transform(x, out, axis) == expected).all()
    assert (cf.hadamard_transform(x, x, axis) == expected).all()


@every_dtype
def test_bytes_that_are_no_multiple_of_a_number(dtype: type) -> None:
    x = placed(integers((3, 64), dtype), 0)
    crooked = placed(np.zeros(x.nbytes + 1, np.uint8), 0)[1:].view(dtype).reshape(x.shape)
    crooked[...] = x
    assert not crooked.flags.aligned
    assert (cf.hadamard_transform(crooked) == reference(x)).all()
    assert (cf.hadamard_transform(crooked, out=crooked) == reference(x)).all()


@st.composite
def problems(draw: st.DrawFn) -> tuple[Array, int]:
    """Draw an n-d view (any order of axes, steps, directions) and one of its axes."""
    ndim = draw(st.integers(1, 4))
    axis = draw(st.integers(0, ndim - 1))
    shape = [draw(st.integers(0, 5)) for _ in range(ndim)]
    shape[axis] = 1 << draw(st.integers(0, 7))
    steps = [draw(st.sampled_from([1, 1, 2, -1])) for _ in range(ndim)]
    order = draw(st.permutations(range(ndim)))
    sizes = [shape[i] * abs(steps[i]) for i in order]
    room = integers(tuple(sizes), draw(st.sampled_from(DTYPES)), draw(st.integers(0, 99)))
    view = room.transpose(np.argsort(order))[tuple(slice(None, None, step) for step in steps)]
    assert view.shape == tuple(shape)
    return view, axis - draw(st.sampled_from([0, ndim]))


@given(problem=problems(), seed=st.integers(0, 99), threads=st.sampled_from([None, 1, 2]))
def test_any_view(problem: tuple[Array, int], seed: int, threads: int | None) -> None:
    x, axis = problem
    before, expected = x.copy(), reference(x, axis)
    assert (cf.hadamard_transform(x, axis=axis, threads=threads) == expected).all()
    assert (x == before).all()
    order = np.random.default_rng(seed).permutation(x.ndim)
    other = np.empty_like(x.transpose(order), order="C").transpose(np.argsort(order))
    assert (cf.hadamard_transform(x, other, axis) == expected).all()
    assert cf.hadamard_transform(x, x, axis, threads) is x
    assert (x == expected).all()


@given(seed=st.integers(0, 2**32), log2_n=st.integers(0, 12), dtype=st.sampled_from(DTYPES))
def test_twice_is_n_times_the_identity(seed: int, log2_n: int, dtype: type) -> None:
    n = 1 << log2_n
    x = np.random.default_rng(seed).standard_normal((3, n)).astype(dtype)
    twice = cf.hadamard_transform(cf.hadamard_transform(x))
    bound = 4 * (log2_n + 1) * np.finfo(dtype).eps * np.linalg.norm(x)
    assert np.linalg.norm(twice / n - x) <= bound


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.uint64, bool])
def test_integers_become_float64(dtype: type) -> None:
    x = integers((3, 8), np.int64).astype(dtype)
    result = cf.hadamard_transform(x)
    assert result.dtype == np.float64
    assert (result == reference(x)).all()


def test_other_inputs() -> None:
    half = integers((8,), np.float16)
    assert cf.hadamard_transform(half).dtype == np.float32
    swapped = integers((8,), ">f4")
    assert cf.hadamard_transform(swapped).dtype == np.dtype(np.float32)
    assert (cf.hadamard_transform(swapped) == reference(swapped)).all()
    assert (cf.hadamard_transform([1, 2]) == [3, -1]).all()
    read_only = integers((8,), np.float64)
    read_only.flags.writeable = False
    assert (cf.hadamard_transform(read_only) == reference(read_only)).all()
    broadcast = np.broadcast_to(integers((8,), np.float64), (3, 8))
    assert (cf.hadamard_transform(broadcast) == reference(broadcast)).all()
    assert (cf.hadamard_transform(broadcast.T, axis=0) == reference(broadcast).T).all()
    assert cf.hadamard_transform(np.zeros((0, 8))).shape == (0, 8)
    assert cf.hadamard_transform(np.zeros((8, 0)), axis=0).shape == (8, 0)


@every_dtype
def test_nan_and_infinity_spread(target: str, dtype: type) -> None:
    for n in (2, 16, 4096):
        x = np.zeros(n, dtype)
        x[n // 2] = np.nan
        assert np.isnan(cf.hadamard_transform(x)).all()
    x = np.ones(64, np.float32)
    x[5] = np.inf
    assert (cf.hadamard_transform(x) == np.inf * scipy.linalg.hadamard(64)[5]).all()
    huge = np.full(64, 3e38, np.float32)
    assert cf.hadamard_transform(huge)[0] == np.inf


def test_rounding_is_the_same_on_every_target() -> None:
    x = np.random.default_rng(0).standard_normal((3, 1 << 13)).astype(np.float32)
    before = _core.active_target()
    results = []
    for name in _core.targets():
        _core.set_target(name)
        results.append(cf.hadamard_transform(x))
    _core.set_target(before)
    assert all((result == results[0]).all() for result in results)


@every_dtype
@pytest.mark.parametrize(
    ("shape", "axis"), [((1 << 20,), 0), ((300, 2048), 1), ((2048, 300), 0), ((3, 1 << 18), 1)]
)
def test_threads_change_no_bit(target: str, dtype: type, shape: tuple[int, ...], axis: int) -> None:
    x = np.random.default_rng(1).standard_normal(shape).astype(dtype)
    one = cf.hadamard_transform(x, axis=axis, threads=1)
    for threads in (2, 3, None):
        assert (cf.hadamard_transform(x, axis=axis, threads=threads) == one).all()
    assert np.allclose(one, reference(x, axis), atol=1e-2)


# -- out


def test_overlap_is_never_wrong() -> None:
    for dtype in DTYPES:
        for n, shift in ((64, 3), (1 << 16, 8)):
            room = integers((n + shift,), dtype)
            for x, out in ((room[:n], room[shift:]), (room[shift:], room[:n])):
                expected = reference(x)
                assert cf.hadamard_transform(x, out=out) is out
                assert (out == expected).all()
    square = integers((64, 64), np.float64)
    expected = reference(square)
    assert (cf.hadamard_transform(square, out=square.T) == expected).all()
    assert np.array_equal(square.T, expected)
    line = integers((64,), np.float64)
    expected = reference(line)[::-1]
    cf.hadamard_transform(line, out=line[::-1])
    assert (line == expected).all()


def test_out_of_another_layout() -> None:
    x = integers((32, 24), np.float32)
    room = np.zeros((64, 48), np.float32)
    for out in (room[::2, ::2], room[:32, :24], np.zeros((24, 32), np.float32).T):
        assert cf.hadamard_transform(x, out, 0) is out
        assert (out == reference(x, 0)).all()
    assert not room[1::2, 24:].any()


def test_out_of_integers() -> None:
    x, out = integers((8,), np.int64), np.zeros(8)
    assert cf.hadamard_transform(x, out) is out
    assert (out == reference(x)).all()


def read_only(n: int) -> Array:
    out = np.zeros(n)
    out.flags.writeable = False
    return out


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (read_only(8), ValueError, "out must be writable"),
        (np.zeros(8, np.float32), TypeError, "out must have the result's dtype float64"),
        (np.zeros(8, ">f8"), TypeError, "out must have the result's dtype float64"),
        (np.zeros(4), ValueError, r"out must have the result's shape \(8,\), got \(4,\)"),
        (np.zeros((1, 8)), ValueError, "out must have the result's shape"),
        ([0.0] * 8, TypeError, "out must be a numpy.ndarray, got list"),
        (np.ma.zeros(8), TypeError, "out must be a numpy.ndarray, got MaskedArray"),
    ],
)
def test_out_that_does_not_fit(out: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        cf.hadamard_transform(np.zeros(8), out=out)


def test_read_only_in_place() -> None:
    x = read_only(8)
    with pytest.raises(ValueError, match="out must be writable"):
        cf.hadamard_transform(x, out=x)


# -- bad input


@pytest.mark.parametrize(
    ("n", "message"),
    [
        (0, "got 0$"),
        (3, "got 3; pad it with zeros to 4"),
        (2**20 + 1, "got 1048577; pad it with zeros to 2097152"),
    ],
)
def test_lengths_that_are_no_power_of_two(n: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"x must have a power of two .* axis -1, {message}"):
        cf.hadamard_transform(np.zeros(n, np.int8))
    with pytest.raises(ValueError, match="along axis 1"):
        cf.hadamard_transform(np.zeros((2, n, 2), np.float32)[:, :, :1], axis=1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"x": 3.0}, ValueError, "x must have at least one dimension"),
        ({"x": ["a", "b"]}, TypeError, "x must be one of float32"),
        ({"x": np.ma.ones(4)}, TypeError, "x is a masked array: fill it first"),
        ({"x": sparse.csr_array(np.eye(4))}, TypeError, "x is a sparse matrix"),
        ({"x": np.zeros(2, object)}, TypeError, "x must be one of float32"),
        ({"x": np.zeros(2, np.longdouble)}, TypeError, "x must be one of float32"),
        ({"x": [[1, 2], [3]]}, ValueError, "x must be a rectangular array of numbers"),
        ({"axis": 2}, ValueError, "axis must be between -2 and 1 .* got 2"),
        ({"axis": -3}, ValueError, "axis must be between -2 and 1"),
        ({"axis": 2**70}, ValueError, "axis must be between"),
        ({"axis": 0.5}, TypeError, "axis must be an integer"),
        ({"axis": None}, TypeError, "axis must be an integer"),
        ({"threads": 0}, ValueError, "threads must be at least 1, got 0"),
        ({"threads": -1}, ValueError, "threads must be at least 1, got -1"),
        ({"threads": 1.5}, TypeError, "threads must be an integer"),
        ({"threads": True}, TypeError, "threads must be an integer"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        cf.hadamard_transform(**{"x": np.zeros((2, 2)), **arguments})


def test_environment_sets_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHEAPFAST_NUM_THREADS", "none")
    with pytest.raises(ValueError, match="CHEAPFAST_NUM_THREADS"):
        cf.hadamard_transform(np.zeros(1 << 20))


def test_memory_is_asked_for_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_memory, "available_bytes", lambda: 1 << 20)
    x = np.broadcast_to(np.float64(1.0), (1 << 24,))
    with pytest.raises(MemoryError, match=r"134,217,728 bytes .* out=x"):
        cf.hadamard_transform(x)
    y = np.zeros(1 << 23)
    with pytest.raises(MemoryError, match="out=x"):
        cf.hadamard_transform(y)
    cf.hadamard_transform(y, out=y)
    with pytest.raises(MemoryError, match="overlaps out"):
        cf.hadamard_transform(y[:-1].reshape(1, -1)[:, : 1 << 22], out=y[None, 1 : 1 + (1 << 22)])


# -- threads, signals, fork


@posix_only
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("shape", "axis"), [((1 << 26,), 0), ((1 << 16, 1024), 0)])
def test_ctrl_c_stops_a_long_call(threads: int, shape: tuple[int, ...], axis: int) -> None:
    setup = f"""
        import numpy as np, cheapfast as cf
        x = np.zeros({shape!r}, np.float32)"""
    call = f"while True: cf.hadamard_transform(x, out=x, axis={axis}, threads={threads})"
    assert seconds_until_interrupted(setup, call) < PATIENCE


def test_python_goes_on_meanwhile() -> None:
    x = np.zeros(1 << 24, np.float32)
    ticks, done = 0, threading.Event()

    def work() -> None:
        for _ in range(3):
            cf.hadamard_transform(x, out=x, threads=1)
        done.set()

    worker = threading.Thread(target=work)
    worker.start()
    while not done.is_set():
        ticks += 1
        time.sleep(0.0005)
    worker.join()
    assert ticks > 3


def test_threads_of_python_may_transform_at_the_same_time() -> None:
    x = integers((64, 1 << 14), np.float32)
    expected = reference(x)
    results: list[Array] = []
    workers = [
        threading.Thread(target=lambda: results.append(cf.hadamard_transform(x, threads=2)))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 4
    assert all((result == expected).all() for result in results)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_transforms_too() -> None:
    x = integers((1 << 20,), np.float64)
    expected = cf.hadamard_transform(x, threads=2)
    child = os.fork()
    if child == 0:
        right = (cf.hadamard_transform(x, threads=2) == expected).all()
        os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
