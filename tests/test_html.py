"""Spy drawings: the shares of the cells against brute force, and SVG that stays small."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cheapfast as cf
from cheapfast._html import SHADES, Factor, network_html, spy_svg
from cheapfast._html import density as cells
from cheapfast._html.sampling import permuted_index, sample_row
from cheapfast.support import (
    ConvolutionSupport,
    CsrSupport,
    DigitPermutation,
    DirectSumSupport,
    EmptySupport,
    Identity,
    KroneckerSupport,
    Ones,
    PermutedSupport,
    Support,
)

Bools = npt.NDArray[np.bool_]


def dense(support: Support) -> Bools:
    written = support.to_csr()
    matrix = np.zeros(support.shape, dtype=bool)
    for row in range(support.shape[0]):
        matrix[row, written.indices[written.indptr[row] : written.indptr[row + 1]]] = True
    return matrix


def brute_force(matrix: Bools, rows: int, columns: int) -> npt.NDArray[np.float64]:
    """Share of each cell, entry by entry."""
    found, area = np.zeros((rows, columns)), np.zeros((rows, columns))
    for (i, j), present in np.ndenumerate(matrix):
        cell = i * rows // matrix.shape[0], j * columns // matrix.shape[1]
        found[cell] += present
        area[cell] += 1
    return found / area


pieces = st.lists(
    st.one_of(
        st.integers(1, 3).map(Identity),
        st.tuples(st.integers(1, 3), st.integers(1, 3)).map(lambda shape: Ones(*shape)),
    ),
    max_size=4,
)


@given(pieces, st.integers(1, 20))
def test_kronecker_shares_are_exact(given_pieces: list[Identity | Ones], most: int) -> None:
    support = KroneckerSupport(given_pieces)
    shares = cells.cell_shares(support, most)
    assert max(shares.shape) <= most
    np.testing.assert_array_equal(shares, brute_force(dense(support), *shares.shape))


@given(
    st.integers(1, 12), st.integers(1, 12), st.floats(0, 1), st.integers(0, 99), st.integers(1, 9)
)
def test_csr_shares_are_exact(m: int, n: int, density: float, seed: int, most: int) -> None:
    matrix = np.random.default_rng(seed).random((m, n)) < density
    indptr = np.concatenate([[0], np.cumsum(matrix.sum(axis=1))]).astype(np.int32)
    support = CsrSupport((m, n), indptr, np.nonzero(matrix)[1].astype(np.int32))
    shares = cells.cell_shares(support, most)
    np.testing.assert_allclose(shares, brute_force(matrix, *shares.shape), rtol=1e-15)


def small_supports() -> dict[str, Support]:
    kronecker = KroneckerSupport.pattern(2, 2, 3, 4)
    return {
        "kronecker": kronecker,
        "permuted": PermutedSupport(
            kronecker,
            DigitPermutation.reversal((4, 4)),
            DigitPermutation.reversal((2, 3, 4)),
        ),
        "circular": ConvolutionSupport([(0, 0), (1, 2)], (4, 5), (4, 5), circular=True),
        "toeplitz": ConvolutionSupport([(0,), (2,)], (9,), (11,), circular=False),
        "direct sum": DirectSumSupport([kronecker, EmptySupport((2, 3)), Ones3()]),
    }


def Ones3() -> Support:
    return KroneckerSupport.dense(3, 3)


@pytest.mark.parametrize("name", small_supports())
def test_samples_are_entries_and_all_are_found(name: str) -> None:
    support = small_supports()[name]
    matrix = dense(support)
    for row in range(support.shape[0]):
        found = sample_row(support, row, 200, cells.Random(1))
        assert {column for column, _ in found} == set(np.flatnonzero(matrix[row]).tolist())
        total = sum(weight for _, weight in found)
        assert total == pytest.approx(matrix[row].sum(), rel=0.5)


@pytest.mark.parametrize("name", small_supports())
def test_sampled_shares_are_close(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    support = small_supports()[name]
    exact = cells.cell_shares(support, 6)
    monkeypatch.setattr(cells, "_WRITTEN_OUT", 0)
    monkeypatch.setattr(cells, "_ENTRIES_A_ROW", 500)
    monkeypatch.setattr(cells, "_ROWS_A_BAND", 500)
    sampled = cells.cell_shares(support, 6)
    np.testing.assert_array_equal(sampled > 0, exact > 0)
    assert np.abs(sampled - exact).max() < 0.35


def test_a_full_band_is_subsampled(monkeypatch: pytest.MonkeyPatch) -> None:
    support = KroneckerSupport.pattern(2, 32, 32, 1).to_csr()
    exact = cells.cell_shares(support, 4)
    monkeypatch.setattr(cells, "_BAND_ENTRIES", 200)
    np.testing.assert_allclose(cells.cell_shares(support, 4), exact, atol=0.3)


@pytest.mark.parametrize("radices", [(2, 3, 4), (5,), (2, 2, 2, 2), (3, 1, 7)])
def test_permuted_index(radices: tuple[int, ...]) -> None:
    for order in itertools.permutations(range(len(radices))):
        permutation = DigitPermutation(radices, order)
        found = [permuted_index(permutation, i) for i in range(permutation.size)]
        assert found == permutation.indices().tolist()


def test_huge_supports_are_drawn_small() -> None:
    n = 2**60
    supports = [KroneckerSupport.pattern(2**k, 2, 2, n >> (k + 1)) for k in range(0, 60, 7)]
    supports += [
        PermutedSupport(KroneckerSupport.identity(n), columns=DigitPermutation.reversal((2,) * 60)),
        ConvolutionSupport([(-1,), (0,), (1,)], (n,), (n,), circular=True),
        DirectSumSupport([KroneckerSupport.dense(n, n), KroneckerSupport.identity(n)]),
        EmptySupport((n, 3)),
        KroneckerSupport.dense(n, 1),
    ]
    for support in supports:
        svg = spy_svg(support)
        assert len(svg) < 10_000
        ET.fromstring(svg)
    first = cells.cell_shares(supports[0], 8)  # 1_{2x2} (x) I: three diagonals
    expected = [[(i - j) % 4 == 0 for j in range(8)] for i in range(8)]
    np.testing.assert_array_equal(first > 0, expected)


def test_random_supports_are_drawn_small() -> None:
    rng = np.random.default_rng(0)
    for density in (0.01, 0.1, 0.5):
        net = cf.chain((rng.random((500, 500)) < density).astype(float))
        assert len(spy_svg(net[0].support)) < 10_000


def test_shades_mean_density() -> None:
    matrix = np.zeros((128, 128))
    matrix[:64, :64] = 1  # full
    matrix[64::8, 64::8] = 1  # one of 64
    root = ET.fromstring(spy_svg(cf.Sparse(matrix).support))
    paths = {p.get("stroke-opacity"): p.get("d") for p in root.iter() if p.tag.endswith("path")}
    assert set(paths) == {"1", f"{np.ceil(np.sqrt(1 / 4) * SHADES) / SHADES:g}"}
    assert paths["1"].startswith("M0 0h32M0 1h32")


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (1, 1), (1, 1000), (1000, 1)])
def test_degenerate_shapes(shape: tuple[int, int]) -> None:
    net = cf.chain(np.ones(shape))
    ET.fromstring(spy_svg(net[0].support))
    assert "<svg" in net._repr_html_()


class Checker(HTMLParser):
    """Check that tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass


def test_names_are_escaped() -> None:
    html = network_html("<script>&", [Factor('<b>"x"</b>', (1, 1), "&", None)])
    assert "<script>" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;&amp;" in html

    def evil(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return x

    evil.__name__ = "<img src=x>"
    net = cf.Network([np.eye(2), cf.Activation(evil)])
    assert "<img" not in net._repr_html_()


def test_network_html() -> None:
    net = cf.Network([np.ones((4, 3)), cf.Activation("relu"), np.eye(4)])
    html = net._repr_html_()
    checker = Checker()
    checker.feed(html)
    assert checker.open == []
    assert html.count("<svg") == 2
    assert html.count("<tr>") == 4


def test_long_networks_show_both_ends() -> None:
    net = cf.Network([np.eye(2)] * 100)
    html = net._repr_html_()
    assert html.count("<svg") == 24
    assert "76 more layers" in html
    assert "<td>99</td>" in html


def test_html_of_a_huge_network() -> None:
    n = 2**60
    hadamard = cf.Network(
        [cf.KroneckerSparse((2**k, 2, 2, n >> (k + 1)), np.ones((1, 2, 2, 1))) for k in range(60)]
    )
    html = hadamard._repr_html_()
    assert len(html) < 100_000
    assert str(120 * n) in html


@pytest.mark.parametrize(
    ("result", "fact"),
    [
        (cf.gates.flattening_cost(5), "<td>16 deep, 32 flat</td>"),
        (cf.gates.minimal_neurons(3, "exp"), "<td>8, at least 8</td>"),
        (cf.gates.check_product_weights([[1, 1], [1, -1]], [1, 1]), "<td>2 of 4</td>"),
        (cf.counting.count_numerical(cf.algorithms.hadamard(4)), "<th>synapses</th><td>16</td>"),
    ],
)
def test_small_results_are_tables_of_facts(result, fact):
    html = result._repr_html_()
    assert html.startswith("<table><tr><th>")
    assert fact in html
