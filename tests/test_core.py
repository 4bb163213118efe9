"""The compiled kernels: every instruction set, index type and array layout against brute force."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import cheapfast as cf
from cheapfast import _core
from interrupting import PATIENCE, posix_only, seconds_until_interrupted
from references import structural_counts

METHODS = ("auto", "stamps", "bitmap", "bits", "push", "intern")
PLENTY = 1 << 32


def placed(array: npt.NDArray[Any], layout: str) -> npt.NDArray[Any]:
    """Copy an array to an aligned place, or one element after one; read-only either way."""
    room = np.empty(len(array) + 16, array.dtype)
    offset = (-room.ctypes.data // array.itemsize) % (64 // array.itemsize)
    offset = (offset + (layout == "misaligned")) % 16
    out = room[offset : offset + len(array)]
    out[:] = array
    out.flags.writeable = False
    return out


def chain_of(
    rng: np.random.Generator, sizes: list[int], density: float, dtype: type, layout: str
) -> tuple[list[_core._CsrArrays], list[npt.NDArray[np.bool_]]]:
    """Return random supports in matrix order, and the same dense in data-flow order."""
    layers, dense = [], []
    for rows, columns in itertools.pairwise(sizes):
        present = rng.random((rows, columns)) < density
        matrix = sp.csr_matrix(present)
        matrix.sort_indices()
        indptr, indices = matrix.indptr.astype(dtype), matrix.indices.astype(dtype)
        layers.append((rows, columns, placed(indptr, layout), placed(indices, layout)))
        dense.append(present)
    return layers, dense[::-1]


@pytest.mark.parametrize("layout", ["aligned", "misaligned"])
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("sizes", "density"),
    [
        ([1, 1, 1], 1.0),
        ([5, 0, 7], 0.5),
        ([0, 4, 3], 0.5),
        ([4, 3, 0], 0.5),
        ([1, 200, 1300], 0.1),
        ([300, 30, 1], 0.2),
        ([90, 63, 513], 0.02),
        ([64, 128, 1024], 0.4),
        ([40, 70, 20, 511, 65], 0.05),
        ([17, 17, 17, 17, 17, 17, 17], 0.15),
    ],
)
def test_count_chain_equals_brute_force(
    target: str, layout: str, dtype: type, method: str, sizes: list[int], density: float
) -> None:
    layers, dense = chain_of(np.random.default_rng(7), sizes, density, dtype, layout)
    expected = structural_counts(dense)
    count, prefixes, ran, _ = _core.count_chain(layers, method, 2, PLENTY, None)
    assert count == expected[-1], ran
    assert all(c is None or c == e for c, e in zip(prefixes, expected, strict=True))
    assert prefixes[-1] == expected[-1]


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize(
    ("method", "kernel"),
    [("stamps", "count_rows"), ("bitmap", "count_rows"), ("bits", "bits"), ("push", "push_rows")],
)
def test_the_target_asked_for_runs(target: str, dtype: type, method: str, kernel: str) -> None:
    layers, _ = chain_of(np.random.default_rng(1), [30, 20, 40], 0.2, dtype, "aligned")
    _core.count_chain(layers, method, 1, PLENTY, None)
    assert _core.ran() == {f"{kernel}.{np.dtype(dtype).name}": target}


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_check_csr_runs_on_the_target(target: str, dtype: type) -> None:
    _core.check_csr(1, 1, np.array([0, 1], dtype), np.array([0], dtype))
    assert _core.ran() == {f"check_csr.{np.dtype(dtype).name}": target}


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.integers(0, 40), min_size=2, max_size=7),
    density=st.sampled_from([0.02, 0.1, 0.4, 1.0]),
    wide=st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_mixed_index_types_and_any_depth(
    seed: int, sizes: list[int], density: float, wide: list[bool]
) -> None:
    layers, dense = chain_of(np.random.default_rng(seed), sizes, density, np.int32, "aligned")
    mixed = [
        (r, c, p.astype(np.int64), i.astype(np.int64)) if w else (r, c, p, i)
        for (r, c, p, i), w in zip(layers, wide, strict=False)
    ]
    expected = structural_counts(dense)
    for method in METHODS:
        for threads in (1, 3):
            assert _core.count_chain(mixed, method, threads, PLENTY, None)[0] == expected[-1]


def test_rows_that_are_runs_and_rows_that_are_not() -> None:
    # Mostly intervals, so that the kernel for runs is chosen, with holes and empty rows in them.
    rng = np.random.default_rng(3)
    tail = np.zeros((2000, 3000), bool)
    for row in range(2000):
        low = rng.integers(0, 3000)
        tail[row, low : low + rng.integers(2, 30)] = True
    tail[::61, ::2] = False
    tail[5] = False
    head = rng.random((300, 2000)) < 0.004
    layers = []
    for dense in (head, tail):
        matrix = sp.csr_matrix(dense)
        layers.append((*dense.shape, matrix.indptr, matrix.indices))
    count, _, ran, _ = _core.count_chain(layers, "auto", 1, PLENTY, None)
    assert count == structural_counts([tail, head])[-1]
    assert ran == "runs"


def fft_stages(log2_n: int) -> list[_core._CsrArrays]:
    """Return a radix-2 butterfly network as plain CSR, in an order that merges neighbours first."""
    n = 1 << log2_n
    rows = np.arange(n)
    layers = []
    for stage in range(log2_n):
        partner = rows ^ (1 << stage)
        columns = np.stack([np.minimum(rows, partner), np.maximum(rows, partner)], axis=1)
        layers.append(
            (n, n, np.arange(0, 2 * n + 1, 2, dtype=np.int32), columns.ravel().astype(np.int32))
        )
    return layers


@pytest.mark.parametrize("method", ["auto", "intern", "bits", "push", "stamps"])
@pytest.mark.parametrize("reverse", [False, True])
def test_butterflies_given_as_plain_csr(method: str, reverse: bool) -> None:
    layers = fft_stages(9)
    counted = _core.count_chain(layers[::-1] if reverse else layers, method, 1, PLENTY, None)
    assert counted[0] == 4**9
    if method in ("auto", "intern"):
        assert counted[1] == [2 ** (9 + k) for k in range(1, 10)]


def test_supports_that_grow_equal_are_merged_by_content() -> None:
    # After three hops every row reaches all columns: keys differ, contents do not.
    n = 300
    columns = np.sort((np.arange(n)[:, None] + np.arange(110)) % n)
    layer = (n, n, np.arange(0, columns.size + 1, 110), columns.ravel())
    assert _core.count_chain([layer] * 6, "intern", 1, PLENTY, None)[0] == n * n


@pytest.mark.parametrize("size", [0, 1, 7, 63, 64, 65, 4095, 4096, 4097, 10000])
@pytest.mark.parametrize("layout", ["aligned", "misaligned"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_scan_values(target: str, dtype: type, layout: str, size: int) -> None:
    rng = np.random.default_rng(size)
    data = rng.standard_normal(size).astype(dtype)
    kinds = rng.integers(0, 8, size)
    data[kinds == 0] = 0
    data[kinds == 1] = -0.0
    data[kinds == 2] = np.nan
    data[kinds == 3] = -np.inf
    if np.issubdtype(dtype, np.complexfloating):
        data.imag[kinds == 4] = np.inf
        data.real[kinds == 5] = 0
        data.imag[kinds == 5] = 1
    scanned = _core.scan_values(placed(data, layout))
    assert scanned == (np.count_nonzero(data == 0), size - np.count_nonzero(np.isfinite(data)))
    assert _core.ran() == {f"scan_values.{np.dtype(dtype).name}": target}


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (70, 4099), (5000, 3), (0, 4), (4, 0)])
def test_check_csr_knows_canonical_from_not(
    target: str, dtype: type, shape: tuple[int, int]
) -> None:
    matrix = sp.csr_matrix(np.random.default_rng(2).random(shape) < 0.4)
    indptr, indices = matrix.indptr.astype(dtype), matrix.indices.astype(dtype)
    assert _core.check_csr(*shape, indptr, indices) & _core.STRICTLY_INCREASING
    row = int(np.argmax(np.diff(indptr) >= 2)) if len(indices) else 0
    if len(indices) and indptr[row + 1] - indptr[row] >= 2:
        k = indptr[row]
        swapped, doubled = indices.copy(), indices.copy()
        swapped[k], swapped[k + 1] = indices[k + 1], indices[k]
        doubled[k + 1] = doubled[k]
        assert not _core.check_csr(*shape, indptr, swapped) & _core.STRICTLY_INCREASING
        assert not _core.check_csr(*shape, indptr, doubled) & _core.STRICTLY_INCREASING


@pytest.mark.parametrize("n", [0, 1, 5, 4096, 5000])
def test_check_csr_knows_a_diagonal(target: str, n: int) -> None:
    starts, columns = np.arange(n + 1), np.arange(n)
    assert _core.check_csr(n, n, starts, columns) & _core.DIAGONAL
    assert not _core.check_csr(n, n + 1, starts, columns) & _core.DIAGONAL
    if n > 1:
        assert not _core.check_csr(n, n, starts, columns[::-1].copy()) & _core.DIAGONAL
        uneven = starts.copy()
        uneven[1] = 2  # row 0 holds columns 0 and 1, row 1 none
        assert not _core.check_csr(n, n, uneven, columns) & _core.DIAGONAL


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize(
    ("indptr", "indices", "message"),
    [
        ([0, 2], [0, 1], "3 entries for 2 rows"),
        ([1, 2, 2], [0, 1], "start at 0"),
        ([0, 2, 1], [0, 1], "decrease: row 1 starts at 2 and ends at 1"),
        ([0, -5, 2], [0, 1], "decrease: row 0"),
        ([0, 9, 2], [0, 1], "decrease"),
        ([0, 1, 3], [0, 1], "only 2 entries"),
        ([0, 1, 2], [0, 3], "got 3 at position 1"),
        ([0, 1, 2], [-1, 0], "got -1 at position 0"),
    ],
)
def test_check_csr_refuses(
    target: str, dtype: type, indptr: list[int], indices: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        _core.check_csr(2, 3, np.array(indptr, dtype), np.array(indices, dtype))


def test_index_types_must_agree() -> None:
    with pytest.raises(TypeError, match="both be int32 or both be int64"):
        _core.check_csr(1, 1, np.array([0, 1], np.int32), np.array([0], np.int64))


def test_chains_must_chain() -> None:
    one = (2, 3, np.array([0, 0, 0]), np.array([], np.int64))
    with pytest.raises(ValueError, match="3 columns, the next 2 rows"):
        _core.count_chain([one, one], "auto", 1, PLENTY, None)
    with pytest.raises(ValueError, match="at least one"):
        _core.count_chain([], "auto", 1, PLENTY, None)
    with pytest.raises(ValueError, match="method must be"):
        _core.count_chain([one], "guess", 1, PLENTY, None)


@pytest.mark.parametrize("method", METHODS)
def test_memory_limit(method: str) -> None:
    layers, _ = chain_of(np.random.default_rng(1), [50, 60, 70], 0.2, np.int32, "aligned")
    with pytest.raises(MemoryError, match="memory limit of 64 bytes"):
        _core.count_chain(layers, method, 1, 64, None)


def peak_bytes() -> int:
    """Return the most memory that the process has held since the peak was last reset (Linux)."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from /proc")
def test_a_row_of_a_stored_product_is_not_written_where_it_does_not_fit() -> None:
    n, limit = 1 << 23, 40 << 20
    blocks = (256, n, np.linspace(0, n, 257).astype(np.int32), np.arange(n, dtype=np.int32))
    sums = (2, 256, np.array([0, 256, 256], np.int32), np.arange(256, dtype=np.int32))
    twice = (2, 2, np.array([0, 1, 2], np.int32), np.array([0, 1], np.int32))
    Path("/proc/self/clear_refs").write_text("5")  # the peak is from now on
    before = peak_bytes()
    with pytest.raises(MemoryError, match="more than half of the memory limit"):
        _core.count_chain([twice, sums, blocks], "intern", 1, limit, None)
    # 32 MiB of stamps, and not as much again for the row
    assert peak_bytes() - before < limit


def long_chain(depth: int = 2) -> list[_core._CsrArrays]:
    """Return layers that take seconds to count by every method."""
    n, per_row = 200_000, 160
    rng = np.random.default_rng(0)
    layers = []
    for _ in range(depth):
        step = n // per_row
        indices = rng.integers(0, step, (n, per_row), np.int32) + step * np.arange(
            per_row, dtype=np.int32
        )
        indptr = np.arange(0, n * per_row + 1, per_row, dtype=np.int32)
        layers.append((n, n, indptr, indices.ravel()))
    return layers


def test_progress_is_reported_and_may_cancel() -> None:
    seen: list[tuple[int, int]] = []

    def report(done: int, total: int) -> None:
        seen.append((done, total))
        if len(seen) == 3:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        _core.count_chain(long_chain(), "stamps", 2, PLENTY, report)
    assert len(seen) == 3
    assert 0 <= seen[-1][0] <= seen[-1][1]  # on a slow machine, no row may be done yet


@posix_only
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("method", "depth"),
    [("stamps", 2), ("bitmap", 2), ("bits", 2), ("push", 3), ("intern", 3), ("auto", 3)],
)
def test_ctrl_c_stops_a_long_count(method: str, depth: int, threads: int) -> None:
    setup = f"""
        from cheapfast import _core
        from test_core import PLENTY, long_chain
        layers = long_chain({depth})"""
    call = f"_core.count_chain(layers, {method!r}, {threads}, PLENTY, None)"
    assert seconds_until_interrupted(setup, call) < PATIENCE


def test_threads_of_python_may_count_at_the_same_time() -> None:
    layers, dense = chain_of(np.random.default_rng(4), [900, 800, 700], 0.05, np.int32, "aligned")
    expected = structural_counts(dense)[-1]
    counts: list[int] = []
    workers = [
        threading.Thread(
            target=lambda: counts.extend(
                _core.count_chain(layers, "push", 2, PLENTY, None)[0] for _ in range(20)
            )
        )
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert counts == [expected] * 80


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_counts_too() -> None:
    layers, dense = chain_of(np.random.default_rng(5), [2000, 900, 900], 0.2, np.int32, "aligned")
    expected = structural_counts(dense)[-1]
    assert _core.count_chain(layers, "stamps", 2, PLENTY, None)[0] == expected
    child = os.fork()
    if child == 0:
        right = _core.count_chain(layers, "stamps", 2, PLENTY, None)[0] == expected
        os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def run_with_target(name: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from cheapfast import _core; print(_core.active_target())"],
        env={**os.environ, "CHEAPFAST_TARGET": name},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", _core.targets())
def test_the_environment_chooses_the_target(name: str) -> None:
    assert run_with_target(name).stdout.strip() == name


def test_an_unknown_target_is_refused() -> None:
    assert "CHEAPFAST_TARGET must be one of" in run_with_target("sse9").stderr
    with pytest.raises(ValueError, match="target must be one of"):
        _core.set_target("sse9")


def test_build_info_tells_what_runs(target: str) -> None:
    info = cf.build_info()
    assert info.active_target == target
    assert set(info.targets) == set(_core.targets())
    assert info.version == cf.__version__
    assert info.compiler
