"""The roof over the figures: what the probes compute, and how shares follow from rates."""

from __future__ import annotations

import numpy as np
import pytest

from cheapfast import _core
from cheapfast.bench import roofline
from cheapfast.bench.roofline import Rates, Work


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 191, 192, 193, 1000])
def test_streams_reach_every_number_once(target: str, size: int, threads: int) -> None:
    memory = np.arange(size + 2, dtype=np.float32)
    data = memory[1:-1]  # misaligned
    expected = data.copy()
    assert _core.stream_read(data, 3, threads) == 3 * expected.sum()
    _core.stream_update(data, 2.0, 3, threads)
    assert (data == 8 * expected).all()
    assert (memory[0], memory[-1]) == (0, size + 1)
    assert _core.ran()["stream_read"] == _core.ran()["stream_update"] == target


@pytest.mark.parametrize("single", [True, False])
def test_iteration_is_one(target: str, single: bool) -> None:
    value, flops = _core.iterate(0.5, single, 3, 2)
    assert value == 1.75 + 5.5 / 8  # (1 + 1/2 + 1/4) + mean(0 ... 11) / 2^3
    assert flops == 2 * _core.iterate(0.5, single, 3, 1)[1] > 0
    assert flops % (2 * 3 * 2 * 12) == 0  # threads, steps, two operations, chains


def test_probes_refuse() -> None:
    data = np.zeros(8, np.float32)
    data.flags.writeable = False
    with pytest.raises(ValueError, match=r"read-only|writeable"):
        _core.stream_update(data, 1.0, 1, 1)
    with pytest.raises(TypeError, match="float32"):
        _core.stream_read(np.zeros(8), 1, 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="threads must be at least 1"):
        _core.stream_read(data, 1, 0)
    with pytest.raises(ValueError, match="repeats must not be negative"):
        _core.stream_read(data, -1, 1)


def test_the_roof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roofline, "cache_sizes", lambda: {"L1": 64, "L2": 640, "L3": 6400})
    work = Work(read=50, written=10, resident=60, flops=4, single=True)
    near = roofline.roof(work, 2.0, 1, Rates(read=100.0, update=50.0, flops=8.0))
    # 20 bytes of updates at 50, 40 bytes of reading at 100, in 2 seconds
    assert near.level == "L1"
    assert near.bandwidth_share == pytest.approx((20 / 50 + 40 / 100) / 2)
    assert near.flop_share == pytest.approx(4 / 2 / 8)
    assert str(near) == "L1 40%"
    work = Work(read=10, written=10, resident=600, flops=400, single=True)
    far = roofline.roof(work, 100.0, 1, Rates(read=10.0, update=5.0, flops=8.0))
    assert far.level == "L2"
    assert far.bandwidth_share == pytest.approx(20 / 5 / 100)
    assert str(far) == "4e-09 GFLOP/s, 50%"


def test_the_best_of_two_measurements_counts() -> None:
    assert roofline.better(Rates(1.0, 5.0, 3.0), Rates(4.0, 2.0, 3.0)) == Rates(4.0, 5.0, 3.0)


def test_levels_grow_with_threads_but_for_the_shared_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roofline, "cache_sizes", lambda: {"L1": 10, "L2": 100, "L3": 1000})
    levels = [roofline.level_of(size, 1) for size in (10, 11, 100, 101, 1000, 1001)]
    assert levels == ["L1", "L2", "L2", "L3", "L3", "memory"]
    assert [roofline.level_of(size, 2) for size in (20, 200, 2000)] == ["L1", "L2", "memory"]


def test_rates_are_measured(target: str) -> None:
    rates = roofline.measure_rates(Work(10, 10, 20, 4, single=True), 1)
    assert min(rates) > 0
    assert _core.ran()["stream_read"] == _core.ran()["iterate.float32"] == target
    assert set(roofline.cache_sizes()) == {"L1", "L2", "L3"}
