"""The verb gate: what it prints, and how it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from commands import assert_refused

import cheapfast as cf
from cheapfast.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["gate", "--json", *arguments]) == 0
    report = json.loads(capsys.readouterr().out)
    assert isinstance(report, dict)
    return report


def test_json_is_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    report = run(capsys, "0.5", "1.5", "0.8", "--sigma", "tanh", "--scale", "0.1", "--bias", "0.6")
    result = cf.gates.flat_product([0.5, 1.5, 0.8], "tanh", 0.1, 0.6)
    assert report["value"] == result.value
    assert report["truncation_bound"] == result.truncation_bound
    assert report["neurons"] == 8
    assert report["neurons_per_second"] > 0
    assert report["product"] == pytest.approx(0.6)


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", "--n", "14", "--sigma", "logistic", "--method", "direct"]) == 0
    printed = capsys.readouterr().out
    for words in ("value", "neurons", "16,384 in", "neurons a second", "truncation bound"):
        assert words in printed


def test_tree_and_many_factors(capsys: pytest.CaptureFixture[str]) -> None:
    report = run(capsys, "--n", "2000", "--method", "tree")
    assert report["neurons"] == 4 * 1999
    assert report["value"] == pytest.approx(report["product"], rel=1e-7)
    assert run(capsys, "--n", "1100")["neurons_per_second"] is None


def test_relu_has_no_bound(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", "1", "2", "3", "--sigma", "relu"]) == 0
    printed = capsys.readouterr().out
    assert "sum over signs" in printed
    assert "none" in printed


@pytest.mark.parametrize(
    "arguments",
    [
        ["-0.5", "1.5"],
        ["1.5", "-.5"],
        ["-5e-1", "--sigma", "tanh", "1.5", "--scale", "0.1", "--bias", "0.6"],
        ["--bias", "-0.6", "--", "1.5", "-0.5"],
        ["-0.5", "--", "1.5"],
    ],
)
def test_negative_factors(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    report = run(capsys, *arguments)
    assert (report["n"], report["product"]) == (2, -0.75)


@pytest.mark.parametrize("arguments", [["1", "--unknown", "2"], ["-x", "1"], ["--sigm=tanh", "1"]])
def test_unknown_options_are_no_factors(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert_refused(capsys, ["gate", *arguments], "No such option", "see cheapfast gate --help")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give the factors"),
        (["1", "2", "--n", "3"], "give the factors"),
        (["1", "x"], "a factor must be a number"),
        (["--n", "-3"], "--n must be 0"),
        (["--n", "3", "--sigma", "sigmoid"], "sigma must be one of"),
        (["--n", "50", "--method", "direct"], "n up to 40"),
        (["--n", "4", "--bias", "0"], "vanishes"),
        (["--n", "3", "--scale", "wide"], "--scale must be a number"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(["gate", *arguments]) == 2
    assert message in capsys.readouterr().err
