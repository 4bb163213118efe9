"""paper.claims(): all rows, their numbers, and verdicts that turn when a kernel is broken."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import pytest

import cheapfast as cf
from cheapfast.counting import structural
from cheapfast.paper.frame import Check, Claim, Section
from cheapfast.paper.table import Claims, format_value


@pytest.fixture(scope="module")
def claims() -> Claims:
    return cf.paper.claims()


def find(rows: Claims, *words: str) -> Claim:
    """Return the one row whose equation or statement contains all the words."""
    found = [row for row in rows if all(w in f"{row.equation} | {row.statement}" for w in words)]
    assert len(found) == 1, [row.statement for row in found]
    return found[0]


def test_this_package_computes_what_the_mathematics_demands(claims: Claims) -> None:
    assert [row.statement for row in claims if row.verdict == "disagrees"] == []


def test_equations_of_this_version_are_there(claims: Claims) -> None:
    equations = {row.equation for row in claims}
    assert {"I", "II.C", "9", "II.D", "II.D.3", "25", "26", "26, III.G", "27", "III.G"} <= equations


@pytest.mark.parametrize(
    ("words", "value", "verdict"),
    [
        (("I |", "arbitrary"), "10^2408240", "agrees"),
        (("I |", "swindle"), 256_000_000, "agrees"),
        (("II.C",), 260, "slip in the text"),
        (("9 |",), 35, "agrees"),
        (("II.D |",), 35, "slip in the text"),
        (("II.D.3", "synapses of"), 41984, "agrees"),
        (("II.D.3", "from n = 2^k on"), 32, "agrees"),
        (("II.D.3", "as it is done"), "41,984 at n = 1024, as in 8 of 8 lengths", "agrees"),
        (("II.D.3", "2 to 128"), 72, "agrees"),
        (("25 |",), 0, "agrees"),
        (("Fourier", "n = 256:"), 256 / 17, "agrees"),
        (("Fourier", "n = 256, digit-reversed"), 16, "agrees"),
        (("Fourier", "2^60/121"), 2**60 / 121, "agrees"),
        (("Fourier", "2^60/120"), 2**60 / 120, "agrees"),
        (("Fourier", "30030"), 715, "agrees"),
        (("Walsh-Hadamard", "256"), 16, "agrees"),
        (("Walsh-Hadamard", "2^60"), 2**60 / 120, "agrees"),
        (("Haar", "copies free"), 2.7527, "slip in the text"),
        (("Haar", "copies counted"), 0.9168, "slip in the text"),
        (("rank k",), 3, "agrees"),
        (("half the depth", "of 256"), 4096, "agrees"),
        (("half the depth", "2^60"), 120 * 2**60, "agrees"),
        (("within 10 %",), 64881, "agrees"),
        (("Strassen", "n = 16"), 19561, "agrees"),
        (("Strassen", "nonzeros of the product"), 512, "agrees"),
        (("Strassen", "least n = 2^k"), 2**17, "agrees"),
        (("Strassen", "one level"), 50, "agrees"),
        (("growth of Strassen",), 0.192645, "agrees"),
        (("shapes of the factors",), "B is n x k, C is k x n", "slip in the text"),
        (("27 |", "limit"), 50, "agrees"),
        (("27 |", "least n"), 203, "agrees"),
        (("27 |", "p >= 1/2"), 0, "agrees"),
        (("27 |", "five"), "737.3 (eq. 27 iterated: 855.2)", "agrees"),
        (("27 |", "hundred"), 460.68693859560, "agrees"),
        (("27 |", "standard deviation"), "7.977 (independent rows: 5.493)", "agrees"),
        (("26 |", "cancel"), 64, "agrees"),
    ],
)
def test_rows(claims: Claims, words: tuple[str, ...], value: Any, verdict: str) -> None:
    row = find(claims, *words)
    assert row.verdict == verdict
    if isinstance(value, float):
        assert row.computed_value == pytest.approx(value, rel=1e-4)
    else:
        assert row.computed_value == value


def test_slips_are_explained(claims: Claims) -> None:
    assert all(row.note for row in claims if row.verdict == "slip in the text")


def _one_more(count: Callable[..., int]) -> Callable[..., int]:
    return lambda *args, **kwargs: count(*args, **kwargs) + 1


def _double_mean(expect: Callable[..., Any]) -> Callable[..., Any]:
    def broken(*args: Any) -> Any:
        result = expect(*args)
        return dataclasses.replace(result, mean=2 * result.mean)

    return broken


def _structural_one_more(count: Callable[..., Any]) -> Callable[..., Any]:
    def broken(*args: Any, **kwargs: Any) -> Any:
        result = count(*args, **kwargs)
        return dataclasses.replace(result, value=result.value + 1)

    return broken


def _without_last_layer(build: Callable[..., cf.Network]) -> Callable[..., cf.Network]:
    return lambda *args, **kwargs: build(*args, **kwargs)[:-1]


BREAKS: dict[str, tuple[Any, str, Callable[..., Any], list[tuple[str, ...]]]] = {
    "synapse_count": (
        cf, "synapse_count", _one_more, [("I |", "swindle"), ("9 |",), ("II.D |",)]
    ),
    "structural kernels": (
        structural,
        "count_structural",
        _structural_one_more,
        [
            ("26 |", "three random"),
            ("Walsh", "256"),
            ("Walsh", "2^60"),
            ("Haar", "free"),
            ("rank k",),
        ],
    ),
    "expected_synapses": (
        cf,
        "expected_synapses",
        _double_mean,
        [("27 |", "two random"), ("27 |", "limit"), ("27 |", "least n"), ("27 |", "five")],
    ),
    "hadamard": (
        cf.algorithms, "hadamard", _without_last_layer, [("Walsh", "256"), ("Walsh", "2^60")]
    ),
    "fourier": (
        cf.algorithms,
        "fourier",
        _without_last_layer,
        [("2^60/121",), ("2^60/120", "Fourier"), ("half the depth", "of 256")],
    ),
    "haar": (
        cf.algorithms, "haar", _without_last_layer, [("Haar", "free"), ("Haar", "counted")]
    ),
    "random_sparse": (
        cf.algorithms, "random_sparse", _without_last_layer, [("27 |", "16 networks")]
    ),
    "strassen": (
        cf.algorithms,
        "strassen",
        _without_last_layer,
        [("Strassen", "n = 16"), ("Strassen", "least n = 2^k")],
    ),
    "convolution": (
        cf.algorithms,
        "convolution",
        _without_last_layer,
        [("II.D.3", "synapses of"), ("II.D.3", "as it is done"), ("II.D.3", "2 to 128")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kernel", BREAKS)
def test_broken_kernel_turns_the_verdict(
    kernel: str, claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, break_it, rows = BREAKS[kernel]
    for words in rows:
        assert find(claims, *words).verdict != "disagrees"
    monkeypatch.setattr(owner, name, break_it(getattr(owner, name)))
    for words in rows:
        assert find(cf.paper.claims(*words), *words).verdict == "disagrees", words


# --- the frame -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "verdict"),
    [
        (Check(3, 3), "agrees"),
        (Check(3, 3, text_holds=False), "slip in the text"),
        (Check(3, 4), "disagrees"),
        (Check(3, 4, text_holds=False), "disagrees"),
        (Check(2**100 + 1, 2**100), "disagrees"),  # counts are compared exactly
        (Check(1.0 + 1e-13, 1), "agrees"),
        (Check(1.0 + 1e-11, 1), "disagrees"),
        (Check(1.02, 1, tolerance=0.03), "agrees"),
        (Check(math.nan, 1), "disagrees"),
        (Check(1.0, math.nan), "disagrees"),
    ],
)
def test_verdict(check: Check, verdict: str) -> None:
    assert check.verdict == verdict


def test_rows_are_computed_when_asked_for() -> None:
    section, calls = Section(), []

    @section.row("0", "counts its own calls", paper=1)
    def count_calls() -> Check:
        calls.append(1)
        return Check(len(calls), len(calls))

    assert calls == []
    assert [row.computed_value for _ in range(2) for row in section.claims()] == [1, 2]
    assert [row.computed_value for row in section.claims("0 |", "calls")] == [3]
    assert section.claims("0 |", "recalls") == []
    assert len(calls) == 3


def test_table_in_text_and_html(claims: Claims) -> None:
    text = repr(claims)
    assert max(map(len, text.splitlines())) <= 103
    for word in ("statement", "verdict", "Walsh-Hadamard", "15.0588", "slip in"):
        assert word in text
    page = claims._repr_html_()
    assert page.count("<tr>") == len(claims) + 1
    assert "&lt;" in page  # statements are escaped


def test_claims_are_a_sequence(claims: Claims) -> None:
    assert len(claims[:3]) == 3
    assert isinstance(claims[:3], Claims)
    assert claims[0] == next(iter(claims))
    assert claims[:3] == Claims(list(claims)[:3])
    with pytest.raises(dataclasses.FrozenInstanceError):
        claims[0].verdict = "agrees"  # type: ignore[misc]


def test_values_are_printed_for_people() -> None:
    assert [format_value(v) for v in (0, 65536, 2**60, 2.75, "n")] == [
        "0", "65536", "1.15292e+18", "2.75", "n",
    ]  # fmt: skip
