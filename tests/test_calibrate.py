"""What is measured of the machine: kept in a file, read again, and what is predicted from it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

import cheapfast as cf
from cheapfast import _core
from cheapfast.plan import explain
from cheapfast.plan.prediction import calibrate
from cheapfast.plan.prediction.machine import (
    Curve,
    Machine,
    cache_file,
    cache_folder,
    constant,
    curve,
    load,
    store,
)
from cheapfast.plan.prediction.product_seconds import Meeting, product_seconds, with_threads
from cheapfast.plan.prediction.rates import RATES
from cheapfast.plan.prediction.seconds import Pricer, seconds_text
from cheapfast.plan.prediction.sparse_seconds import (
    Around,
    Vectors,
    _parts,
    sparse_seconds,
)
from cheapfast.plan.prediction.traffic import Traffic, band_traffic, layer_traffic

FLAT = Machine({name: constant(1e-9) for name in RATES} | {"speedup": constant(1.0)}, 1)


def with_rates(threads: int = 1, **rates: float) -> Machine:
    """Return a machine that does everything but the given in no time; `_` stands for a space."""
    given = {name.replace("_", " "): rate for name, rate in {"speedup": 1.0, **rates}.items()}
    assert set(given) <= set(RATES)
    return Machine({name: constant(given.get(name, 0.0)) for name in RATES}, threads)


def seconds_of(net: cf.Network, machine: Machine, columns: int = 1) -> float:
    """Return what a call is predicted to take."""
    took = explain(net._plan, list(net), columns, net.dtype, machine).seconds
    assert took is not None
    return took


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty cache folder, with nothing measured in this process."""
    monkeypatch.setenv("CHEAPFAST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(calibrate, "_made", {})
    return tmp_path / "cache"


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let measuring return a made-up machine, and note for how many threads."""
    calls: list[int] = []

    def measure(threads: int) -> Machine:
        calls.append(threads)
        return Machine(FLAT.rates, threads)

    monkeypatch.setattr(calibrate, "measure", measure)
    return calls


def test_curves_interpolate_in_the_logarithm() -> None:
    rate = Curve(((1.0, 5.0), (100.0, 9.0)))
    assert [rate.at(size) for size in (0.0, 1.0, 10.0, 100.0, 1e300)] == [5, 5, 7, 9, 9]
    assert curve([(1, -1e-12)]).at(3) == 0
    assert [rate.at(size, linear=True) for size in (1.0, 50.5, 100.0)] == [5, 7, 9]
    by_bytes = Machine({**FLAT.rates, "entry": rate, "uneven8": rate}, 1)
    assert (by_bytes.rate("entry", 50.5), by_bytes.rate("uneven8", 10)) == (7, 7)


def test_measuring_gives_every_rate() -> None:
    found = calibrate.measure(2)
    assert set(found.rates) == set(RATES)
    assert 1 <= found.rate("speedup") <= 2
    assert all(found.rate(name) > 0 for name in ("call", "entry", "pair", "blocks", "permute"))
    assert Machine.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_measured_once_and_kept(folder: Path, measured: list[int]) -> None:
    first = calibrate.machine(1)
    assert calibrate.machine(1) is first
    assert measured == [1]
    (file,) = folder.iterdir()
    document = json.loads(file.read_text(encoding="utf-8"))
    assert "safe to delete" in document["made by"]
    calibrate._made.clear()  # another process
    assert calibrate.machine(1) == first
    assert measured == [1]
    calibrate.machine(2)
    assert measured == [1, 2]
    cf.flattening.recalibrate(1)
    assert measured == [1, 2, 1]
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": 0}',
        '{"format": 1, "threads": 1, "rates": {}}',
        json.dumps({**FLAT.to_json(), "threads": None}),
        json.dumps({**FLAT.to_json(), "threads": float("inf")}),
        json.dumps({**FLAT.to_json(), "rates": {name: [[1, "x"]] for name in RATES}}),
        json.dumps({**FLAT.to_json(), "rates": {name: [] for name in RATES}}),
        json.dumps({**FLAT.to_json(), "rates": {name: [[1, 10**400]] for name in RATES}}),
        json.dumps({**FLAT.to_json(), "rates": {name: [[1, -1]] for name in RATES}}),
        json.dumps({**FLAT.to_json(), "rates": {name: [[2, 1], [1, 1]] for name in RATES}}),
        json.dumps({**FLAT.to_json(), "rates": {name: [[1, float("nan")]] for name in RATES}}),
    ],
)
def test_files_that_cannot_be_read_are_measured_anew(
    folder: Path, measured: list[int], text: str
) -> None:
    calibrate.machine(1)
    (file,) = folder.iterdir()
    file.write_text(text, encoding="utf-8")
    assert load(file) is None
    calibrate._made.clear()
    calibrate.machine(1)
    assert measured == [1, 1]
    assert load(file) is not None


def test_a_folder_that_cannot_be_written_costs_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measured: list[int]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder", encoding="utf-8")
    monkeypatch.setenv("CHEAPFAST_CACHE", str(blocked / "cache"))
    monkeypatch.setattr(calibrate, "_made", {})
    assert calibrate.machine(1).threads == 1
    assert calibrate.machine(1).threads == 1
    assert measured == [1]
    assert not store(blocked / "cache" / "x.json", FLAT, {})


def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr("os.replace", fail)
    assert not store(tmp_path / "x.json", FLAT, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"CHEAPFAST_CACHE": "/chosen"}, "/chosen"),
        ("linux", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/cheapfast"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "~/.cache/cheapfast"),
        ("linux", {}, "~/.cache/cheapfast"),
        ("darwin", {}, "~/Library/Caches/cheapfast"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/cheapfast"),
        ("win32", {}, "~/AppData/Local/cheapfast"),
    ],
)
def test_folders(
    monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], expected: str
) -> None:
    for name in ("CHEAPFAST_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if platform == "linux" and os.name == "nt":
        pytest.skip("an absolute path has a drive there")
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_folder() == Path(expected).expanduser()


def test_a_file_for_each_target_version_and_number_of_threads() -> None:
    keys = {cache_file(*key) for key in (("1", "avx2", 1), ("1", "avx512", 1), ("2", "avx2", 1))}
    assert len(keys | {cache_file("1", "avx2", 2)}) == 4


# -- the model


def test_sparse_layers_are_charged_rows_and_nonzeros() -> None:
    traffic = layer_traffic(cf.Sparse(np.ones((10, 4))))
    vectors = Vectors(1, np.dtype(float))
    charged = with_rates(row=1.0, entry=1.0, long=1.0, speedup=1.0)
    assert sparse_seconds(traffic, vectors, np.dtype(float), charged) == 10 + 40
    assert sparse_seconds(traffic, Vectors(0, np.dtype(float)), np.dtype(float), charged) == 0
    # 64 numbers are what the kernel takes at once, then powers of two, then what is left
    masks = _core.fused_lanes(np.dtype(np.float32)) * 4 >= 32
    at_63, at_3 = (len(_parts(Vectors(k, np.dtype(float)))) for k in (63, 3))
    assert (at_63 <= 4, at_3) == ((True, 1) if masks else (False, 2))
    for columns, times in ((256, 4), (64, 1), (63, at_63), (3, at_3), (8, 1)):
        vectors = Vectors(columns, np.dtype(float))
        assert sparse_seconds(traffic, vectors, np.dtype(float), charged) == times * 50


def test_windows_are_narrow_where_that_brings_the_operand_near() -> None:
    double, charged = np.dtype(float), with_rates(entry=1.0, long=1.0)

    def windows(inputs: int, per_row: int, columns: int, *, transposed: bool = False) -> float:
        rows = 2 * inputs
        traffic = Traffic(rows, inputs, rows * per_row, per_row, per_row, inputs, 0.0)
        vectors = Vectors(columns, double)
        took = sparse_seconds(traffic, vectors, double, charged, transposed=transposed)
        return took / traffic.nonzeros

    # 64 columns are 512 bytes of a row: of more than 1024 rows these are not near, 128 bytes are
    assert [windows(inputs, 8, 64) for inputs in (1024, 1025, 4096, 4097)] == [1, 4, 4, 1]
    assert windows(4096, 7, 64) == 1  # each row is read 14 times
    assert windows(4096, 8, 64, transposed=True) == 1
    assert windows(4096, 8, 16) == 1
    assert windows(4096, 8, 20) == 2
    assert windows(4096, 8, 256) == 16
    # 512 bytes of more than 2^15 rows are not in the last cache, 128 of up to 2^18 are
    many = (1 << 15, (1 << 15) + 1, 1 << 18, (1 << 18) + 1)
    assert [windows(inputs, 8, 64) for inputs in many] == [1, 4, 4, 1]
    assert windows(1 << 16, 7, 64) == 1


def test_what_is_read_at_random_is_held_beside_what_passes() -> None:
    double, machine = np.dtype(float), with_rates()

    def held_for(traffic: Traffic, columns: int) -> float:
        seen: list[float] = []

        class Seeing(Machine):
            def rate(self, name: str, size: float = 1.0) -> float:
                if name.startswith("gather"):
                    seen.append(size)
                return super().rate(name, size)

        sparse_seconds(traffic, Vectors(columns, double), double, Seeing(machine.rates, 1))
        return max(seen)

    traffic = Traffic(1000, 500, 2000, 2.0, 2.0, 500.0, 0.0)
    weights = 2000 * 12 + 1000 * 4
    for columns in (1, 3, 8, 64):  # what there is, and not what registers hold
        row = 8 * columns
        assert held_for(traffic, columns) == 500 * row + (1000 * row + weights) / 2


@pytest.mark.parametrize("columns", [1, 3, 64])
def test_complex_vectors_of_real_maps_are_two_real_ones(columns: int) -> None:
    for net in (cf.algorithms.butterfly(64, 1), cf.chain(np.ones((40, 30)))):
        told = explain(net._plan, list(net), columns, np.dtype(complex), FLAT)
        as_parts = explain(net._plan, list(net), 2 * columns, net.dtype, FLAT)
        assert told.passes == as_parts.passes
        assert f"for {columns} complex128 vector" in repr(told)
    biased = cf.Network([cf.Sparse(np.ones((40, 30)), bias=np.ones(40))])
    told = explain(biased._plan, list(biased), columns, np.dtype(complex), FLAT)
    (step,) = biased._plan.passes
    assert told.passes[0].cost == step.cost(columns, np.dtype(complex))


def test_the_type_of_the_vectors_may_be_told(folder: Path, measured: list[int]) -> None:
    net = cf.algorithms.butterfly(64, 1, "float32")
    types = {None: "float32", "f4": "float32", "c8": "complex64", "f8": "float64", int: "float64"}
    for given, dtype in types.items():
        assert net.explain(dtype=given).dtype == dtype
    with pytest.raises(TypeError, match="dtype"):
        net.explain(dtype=object)


def test_transposed_layers_are_charged_what_they_add() -> None:
    stored = cf.Sparse(np.ones((10, 4)))
    vectors, double = Vectors(8, np.dtype(float)), np.dtype(float)
    charged = with_rates(row=1.0, entry=1.0, long=1.0, scatter=0.5, speedup=1.0)
    traffic = layer_traffic(stored)
    assert sparse_seconds(traffic, vectors, double, charged) == 10 + 40
    assert sparse_seconds(traffic, vectors, double, charged, transposed=True) == 10 + 40 + 20
    net = cf.Network([stored.T])
    (step,) = net._plan.passes
    assert Pricer(vectors, charged).passed(step, list(net)) == [70]


def test_sparse_layers_are_shared_out_once_they_are_large() -> None:
    fast = with_rates(row=1.0, entry=1.0, long=1.0, scatter=0.5, speedup=4.0, threads=4)
    double = np.dtype(float)
    one, few, many = (Vectors(count, double) for count in (1, 8, 16))
    little, much = (layer_traffic(cf.Sparse(np.ones((n, 256)))) for n in (100, 256))
    assert sparse_seconds(little, one, double, fast) == 100 * 257
    assert sparse_seconds(much, one, double, fast) == 256 * 257 / 4
    # a line of a row is one thread's if the sums cannot be shared out
    for vectors in (one, few):
        assert sparse_seconds(much, vectors, double, fast, transposed=True) == 256 * (257 + 128)
    assert sparse_seconds(much, many, double, fast, transposed=True) == 256 * (257 + 128) / 4


def test_uneven_rows_are_charged_by_all_that_has_to_be_learned() -> None:
    lengths = np.arange(64) % 3
    layer = cf.Sparse((lengths[:, np.newaxis] > np.arange(2)).astype(float))
    traffic = layer_traffic(layer)
    turns = layer.synapses + 64
    machine = with_rates()
    rate = Curve(((turns, 0.0), (2 * turns, 1.0)))
    machine = Machine({**machine.rates, "uneven8": rate, "uneven64": constant(9.0)}, 1)
    vectors, double = Vectors(1, np.dtype(float)), np.dtype(float)
    assert traffic.uneven == 1
    assert sparse_seconds(traffic, vectors, double, machine) == 0
    assert sparse_seconds(traffic, vectors, double, machine, Around(turns=2 * turns)) == 64
    for columns, took in ((8, 9 * 64), (64, 0), (128, 0)):
        assert sparse_seconds(traffic, Vectors(columns, double), double, machine) == took
    # a second layer doubles what there is to learn
    net = cf.Network([layer, cf.Sparse(np.eye(64) + np.eye(64, k=1))])
    pricer = Pricer.of_plan(net._plan, list(net), vectors, machine)
    assert pricer.around.turns == turns + 64 + 127


def test_traffic_tells_bands_from_scattered_columns() -> None:
    n = 20_000
    band = layer_traffic(cf.Sparse(sp.diags([1.0, 1, 1], offsets=[-1, 0, 1], shape=(n, n))))
    assert band.nonzeros == 3 * n - 2
    assert band.fresh == pytest.approx(1, abs=0.1)
    assert band.extent < 20
    assert band.words < 0.5
    rng = np.random.default_rng(0)
    columns = np.sort(rng.integers(0, n, (n, 3)), axis=1).reshape(-1)
    scattered = layer_traffic(
        cf.Sparse(sp.csr_array((np.ones(3 * n), columns, np.arange(0, 3 * n + 1, 3)), (n, n)))
    )
    assert scattered.fresh > 2.5
    assert scattered.words > 0.9
    far = 1 << 28  # columns whose keys take 64 bits
    wide = sp.csr_array((np.ones(8), np.arange(8) << 25, np.arange(9)), shape=(8, far))
    assert layer_traffic(cf.Sparse(wide)).touched == 1
    index = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    assert layer_traffic(cf.Sparse(sp.csr_array((wide.data, *index), wide.shape))).touched == 1
    assert layer_traffic(cf.Sparse(np.zeros((0, 5)))).nonzeros == 0
    assert layer_traffic(cf.Sparse(np.zeros((5, 0)))).nonzeros == 0


def test_products_are_charged_what_they_consist_of() -> None:
    meeting = Meeting(left=2, pairs=3, product=5, columns=7, uneven=0.5, words=0.5)
    charged = {"left": 1.0, "left uneven": 1.0, "pair": 1.0, "product": 1.0, "word": 2.0}
    machine = Machine({**with_rates().rates, **{k: constant(v) for k, v in charged.items()}}, 1)
    machine = Machine({**machine.rates, "speedup": constant(1.0)}, 1)
    assert product_seconds(meeting, np.dtype(float), machine) == 2 + 1 + 3 + 5 + 5


def test_threads_help_only_with_enough_work() -> None:
    machine = Machine({**FLAT.rates, "speedup": constant(4.0)}, 4)
    assert with_threads(1e-5, machine) == 1e-5
    assert with_threads(2e-4, machine) == 1e-4
    assert with_threads(1.0, machine) == 0.25


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_runs_are_charged_bytes_and_digits(dtype: str) -> None:
    net, size = cf.algorithms.butterfly(64, 1, dtype), np.dtype(dtype).itemsize
    lanes = _core.fused_lanes(np.dtype(dtype))
    assert seconds_of(net, with_rates(blocks_one=1.0)) == pytest.approx(64 * size * 6)
    many = {"blocks complex" if dtype[0] == "c" else "blocks": 1.0}
    few = _core.operand_shape(net.dtype, True, 2) == _core.FEW_COLUMNS
    assert (seconds_of(net, with_rates(blocks_one=1.0), 2) > 0) == few
    for columns in (lanes, lanes + 1, 2 * lanes):
        work = 64 * -(-columns // lanes) * lanes * size
        assert seconds_of(net, with_rates(**many), columns) == pytest.approx(6 * work)
        partly = columns % lanes > 0
        assert seconds_of(net, with_rates(detour=1.0), columns) == pytest.approx(
            work if partly else 0
        )
    assert seconds_of(
        net, with_rates(call=3.0, **{"pass": 1.0, "blocks start": 5.0})
    ) == pytest.approx(9)
    # weights that come from far decide if that takes longer
    assert seconds_of(net, with_rates(read=7.0, blocks_one=1.0)) == pytest.approx(7 * 64 * size * 6)


def test_transforms_are_charged_bytes_and_digits() -> None:
    transform = cf.algorithms.fourier(360)
    work = 360 * 16 * np.log2(360)
    assert seconds_of(transform, with_rates(fourier_one=1.0)) == pytest.approx(work)
    lanes = _core.fused_lanes(transform.dtype)
    padded = -(-9 // lanes) * lanes
    assert seconds_of(transform, with_rates(fourier=1.0), 9) == pytest.approx(padded * work)
    assert seconds_of(transform, with_rates(permute=1.0), 9) == 0
    sums = cf.algorithms.hadamard(64).astype("float64")
    assert seconds_of(sums, with_rates(sums=1.0), 3) == pytest.approx(64 * 8 * 3 * 6)
    moved = cf.Network([cf.Permutation(np.arange(64)[::-1]), *sums])
    assert seconds_of(moved, with_rates(permute_one=1.0)) == pytest.approx(64)
    for columns, times in ((3, 1), (128, 2)):
        assert seconds_of(moved, with_rates(permute=1.0), columns) == pytest.approx(64 * times)


def test_factors_are_charged_tiles_and_products() -> None:
    lanes = _core.fused_lanes(np.dtype(float))
    rng = np.random.default_rng(0)

    def factor(*pattern: int) -> cf.Network:
        return cf.Network([cf.KroneckerSparse(pattern, rng.standard_normal(pattern))])  # type: ignore[arg-type]

    net = factor(3, 70, 5, 4)
    assert seconds_of(net, with_rates(tile=1.0), 4 * lanes) == 3 * 4 * 2
    more = with_rates(tile=1.0, tile_one=9.0)
    assert seconds_of(net, more, 4 * lanes + 1) == 3 * 4 * 2 * 2
    assert seconds_of(net, with_rates(factor=1.0), lanes) == 3 * 70 * 5 * 4 * lanes * 8
    # columns that fill no register are taken one by one where that is quicker
    alone = with_rates(factor=1.0, factor_one=0.01)
    one = seconds_of(net, alone)
    assert seconds_of(net, alone, lanes + 1) == seconds_of(net, alone, lanes) + one
    assert seconds_of(net, with_rates(factor=1.0, factor_one=9.0), lanes + 1) == pytest.approx(
        2 * seconds_of(net, with_rates(factor=1.0), lanes)
    )
    ids = -(-4 // lanes)
    assert seconds_of(net, with_rates(tile_one=1.0)) == 3 * 70 * ids
    assert seconds_of(net, with_rates(factor_one=1.0)) == 3 * 70 * ids * 5 * lanes * 8
    rows = -(-70 // lanes)
    assert seconds_of(factor(3, 70, 5, 1), with_rates(tile_one=1.0)) == 3 * rows
    tied = cf.Network([cf.KroneckerSparse((3, 70, 5, 4), rng.standard_normal((3, 70, 5, 1)))])
    assert seconds_of(tied, with_rates(tile=1.0), lanes) == 3 * 2
    assert seconds_of(factor(3, 70, 5, 4), with_rates(read=1.0)) == 3 * 70 * 5 * 4 * 8


def test_products_without_a_zero_are_charged_as_blocks() -> None:
    double, rng = np.dtype(float), np.random.default_rng(0)
    net = cf.chain(rng.standard_normal((40, 30)))
    machine = with_rates(layer=1e6, tile=1.0, factor=0.1, tile_one=2.0, factor_one=0.3)
    for columns in (1, 3, 16, 100):
        pricer = Pricer(Vectors(columns, double), machine)
        merged = pricer.merged(layer_traffic(net[0]), double)
        assert merged == pytest.approx(seconds_of(net, machine, columns))
    sparser = layer_traffic(net[0]).resized(1199)
    assert pricer.merged(sparser, double) == pricer.layer(sparser, double) >= 1e6


@pytest.mark.parametrize(
    ("net", "serial", "parallel"),
    [
        (cf.algorithms.butterfly(1024, 1), 63, 64),
        (cf.algorithms.fourier(1024), 31, 32),
        (cf.algorithms.hadamard(1024).astype("float64"), 128, 129),
        (cf.Network([cf.Permutation(np.arange(1024)[::-1])]), 127, 128),
        (cf.Network([cf.KroneckerSparse((1, 32, 32, 32), np.ones((1, 32, 32, 32)))]), 16, 17),
    ],
    ids=lambda value: value[0].kind if isinstance(value, cf.Network) else str(value),
)
def test_work_is_shared_out_as_the_kernels_do(net: cf.Network, serial: int, parallel: int) -> None:
    one, two = (
        Machine({**{name: constant(1.0) for name in RATES}, "speedup": constant(threads)}, threads)
        for threads in (1, 2)
    )
    assert seconds_of(net, two, serial) == seconds_of(net, one, serial)
    assert 1.9 < seconds_of(net, one, parallel) / seconds_of(net, two, parallel) <= 2


def test_a_layer_that_is_not_compiled_makes_the_call_a_general_one() -> None:
    rates = {"call": 1.0, "pass": 2.0, "general": 100.0, "general pass": 10.0}
    machine = with_rates(**rates)
    assert seconds_of(cf.chain(np.ones((2, 2))), machine) == 3
    compiled = cf.Network([np.ones((2, 2)), cf.Activation("relu"), np.ones((2, 2))])
    assert seconds_of(compiled, machine) == 1 + 3 * 2
    told = cf.Network([np.ones((2, 2)), cf.Activation(np.positive), np.ones((2, 2))])
    assert seconds_of(told, machine) == 130
    plan = explain(told._plan, list(told), 1, told.dtype, machine)
    assert [row[-1] for row in plan.rows()[1:]] == ["10 s"] * 3 + ["100 s", "130 s"]


def test_compiled_activations_are_charged_bytes() -> None:
    def net(name: str, window: int | None = None) -> cf.Network:
        return cf.Network([np.ones((8, 4)), cf.Activation(name, window)])

    assert seconds_of(net("relu"), with_rates(relu=1.0), 5) == 8 * 8 * 5
    assert seconds_of(net("tanh"), with_rates(relu=1.0), 5) == 0
    assert seconds_of(net("tanh"), with_rates(activation=1.0), 5) == 8 * 8 * 5
    assert seconds_of(net("softmax"), with_rates(activation=1.0), 5) == 8 * 8 * 5
    assert seconds_of(net("maxpool", 2), with_rates(relu=1.0), 5) == 8 * 8 * 5
    two = with_rates(activation=1.0, speedup=2.0, threads=2)
    assert seconds_of(net("tanh"), two, 1 << 13) == 8 * 8 << 12


def test_convolutions_of_few_weights_are_charged_as_matrices() -> None:
    net = cf.Network([cf.Convolution(np.ones(3), 100)])
    assert seconds_of(net, with_rates(row=1.0)) == net.shape[0]
    assert seconds_of(net, with_rates(entry=1.0)) == net.synapses
    assert seconds_of(net, with_rates(layer=1.0, uneven8=1.0)) == 1
    band = sp.diags([1.0] * 3, offsets=[-1, 0, 1], shape=(20_000, 20_000))
    seen, told = layer_traffic(cf.Sparse(band)), band_traffic(band.shape, band.nnz, 3)
    assert (told.touched, told.fresh, told.uneven) == pytest.approx(
        (seen.touched, seen.fresh, 0), abs=0.1
    )


def test_it_is_told_for_how_many_threads(folder: Path, measured: list[int]) -> None:
    net = cf.chain(np.ones((2, 2)))
    net.explain(threads=3)
    assert measured == [3]
    with pytest.raises(ValueError, match="threads must be at least 1"):
        net.explain(threads=0)


def test_every_kind_of_layer_has_a_prediction() -> None:
    rng = np.random.default_rng(0)
    long_kernel = cf.Convolution(np.ones(100), 240)
    layers = [
        cf.Sparse(np.ones((240, 240))),
        cf.Sparse(np.ones((240, 240))).T,
        cf.Permutation(rng.permutation(240)),
        cf.Activation("relu"),
        cf.Permutation(rng.permutation(240)),
        cf.KroneckerSparse((4, 5, 3, 20), np.ones((4, 5, 3, 20))),
        cf.KroneckerSparse((8, 3, 5, 10), np.ones((8, 3, 5, 10))),
        cf.Convolution(np.ones(3), 240),
        long_kernel,
        cf.PassThrough(cf.Sparse(np.ones((200, 200))), 40),
        cf.Activation("tanh"),
    ]
    layers[5:7] = [cf.KroneckerSparse((4, 3, 3, 20), np.ones((4, 3, 3, 20)))]
    told = cf.Network(layers).explain(3)
    assert all(step.seconds is not None and 0 < step.seconds < 1 for step in told.passes)
    assert told.seconds == told.call_seconds + sum(step.seconds or 0 for step in told.passes)
    assert "predicted" in repr(told)


def test_sizes_beyond_any_float() -> None:
    net = cf.algorithms.hadamard(2**1000)
    (step,) = net.explain(2**40).passes
    assert step.seconds is not None
    assert step.seconds > 1e280


def test_operators_are_not_predicted() -> None:
    from scipy.sparse.linalg import aslinearoperator

    told = cf.Network([cf.Operator(aslinearoperator(np.eye(3))), np.eye(3)]).explain()
    assert told.seconds is None
    assert "unknown" in repr(told).splitlines()[-1]


def test_a_layer_is_looked_at_once() -> None:
    layer = cf.Sparse(np.ones((10, 10)))
    net = cf.Network([layer, layer])
    pricer = Pricer(Vectors(1, net.dtype), FLAT)
    (step,) = net._plan.passes
    seconds = pricer.passed(step, list(net))
    assert seconds is not None
    assert seconds[0] == pytest.approx(seconds[1] + FLAT.rate("pass"))


def test_seconds_for_people() -> None:
    values = (0.0, 2e-9, 1.234e-3, 5.0, float("inf"), None)
    assert [seconds_text(value) for value in values] == [
        "0 us",
        "0.002 us",
        "1.23 ms",
        "5 s",
        "too large",
        "unknown",
    ]
