"""``cheapfast gate``: the flat product gate, or the tree, evaluated and timed."""

from __future__ import annotations

import json
import math
import re
import time
from typing import Any

import click
import numpy as np

import cheapfast as cf

from .console import show
from .numbers import format_count, format_ratio, parse_fraction, parse_integer

EXAMPLES = """\b
Examples:
  cheapfast gate --n 32 --sigma logistic
  cheapfast gate --n 32 --method direct     add up all 2^32 neurons, rounding and all
  cheapfast gate 0.5 -1.5 0.8 1.2 --sigma tanh
  cheapfast gate --n 1024 --method tree --json
"""

#: How a negative number begins, in contrast to an option.
_NEGATIVE = re.compile(r"-(\d|\.\d|inf|nan)", re.IGNORECASE)

METHODS = ("auto", "direct", "series", "sinc", "closed", "sorted", "tree")


def _no_options(
    ctx: click.Context, _: click.Parameter, factors: tuple[str, ...]
) -> tuple[str, ...]:
    """Refuse options that there are none of, which click takes for factors here."""
    for text in factors:
        if text.startswith("-") and not _NEGATIVE.match(text):
            raise click.NoSuchOption(text, ctx=ctx)
    return factors


@click.command(
    epilog=EXAMPLES,
    short_help="Multiply numbers with a product gate.",
    context_settings={"ignore_unknown_options": True},  # -0.5 is a factor
)
@click.argument("factors", nargs=-1, metavar="[X]...", callback=_no_options)
@click.option("--n", "count", metavar="N", help="Draw N factors between 0.5 and 1.5 instead.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the drawing."
)
@click.option("--sigma", default="logistic", show_default=True, metavar="NAME", help="Activation.")
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="auto",
    show_default=True,
    help="All neurons added up (direct), the same number otherwise, or the tree; auto is the "
    "cheapest that is accurate.",
)
@click.option(
    "--scale",
    default="auto",
    show_default=True,
    metavar="NUMBER",
    help="Weight of the inputs; auto makes the error small.",
)
@click.option(
    "--bias",
    default="auto",
    show_default=True,
    metavar="NUMBER",
    help="Of the hidden neurons; auto makes the error small.",
)
@click.option(
    "--precision",
    type=click.Choice(("float32", "float64", "dd")),
    default="float64",
    show_default=True,
    help="Of the direct method; dd is double-double.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Of the direct method.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def gate(
    factors: tuple[str, ...],
    count: str | None,
    seed: int,
    sigma: str,
    method: str,
    scale: str,
    bias: str,
    precision: str,
    threads: int | None,
    as_json: bool,
) -> None:
    """Multiply numbers with the flat gate of 2^n neurons, or with the tree of 4(n - 1).

    Prints the output, a proven bound of its distance from the product, an estimate of the rounding
    error, and how many neurons a second were evaluated (or spared, if the method does not add them
    up one by one).
    """
    x = _factors(factors, count, seed)
    parameters = (_number(scale, "--scale"), _number(bias, "--bias"))
    begin = time.perf_counter()
    if method == "tree":
        result = cf.gates.tree_product(x, sigma, *parameters)
    else:
        result = cf.gates.flat_product(
            x, sigma, *parameters, method, threads, precision=precision, progress=not as_json
        )
    seconds = time.perf_counter() - begin
    report = _report(x, sigma, result, seconds)
    if as_json:
        click.echo(json.dumps(report))
    else:
        _print(report)


def _factors(factors: tuple[str, ...], count: str | None, seed: int) -> Any:
    """Read the factors, or draw them."""
    if (count is None) == (not factors):
        raise click.UsageError("give the factors, or --n for random ones")
    if count is None:
        return np.array([parse_fraction(text, "a factor") for text in factors])
    n = parse_integer(count, "--n")
    if not 0 <= n <= 10**6:
        raise ValueError(f"--n must be 0 to 1,000,000, got {count}")
    return np.random.default_rng(seed).uniform(0.5, 1.5, n)


def _number(text: str, name: str) -> float | str:
    return text if text == "auto" else parse_fraction(text, name)


def _report(x: Any, sigma: str, result: Any, seconds: float) -> dict[str, Any]:
    """Return what is printed, as plain values."""
    with np.errstate(over="ignore", under="ignore"):
        product = float(np.prod(x))
    speed = result.neurons / seconds if result.neurons < 1 << 1000 else math.inf
    return {
        "n": len(x),
        "sigma": sigma,
        "value": result.value,
        "product": product if math.isfinite(product) else None,
        "truncation_bound": result.truncation_bound,
        "rounding_estimate": result.rounding_estimate,
        "method": result.method,
        "neurons": result.neurons,
        "seconds": seconds,
        "neurons_per_second": speed if math.isfinite(speed) else None,
        "scale": result.scale,
        "bias": result.bias,
        "normalized": result.normalized,
    }


def _print(report: dict[str, Any]) -> None:
    bound, speed = report["truncation_bound"], report["neurons_per_second"]
    lines = {
        "value" if report["normalized"] else "sum over signs": f"{report['value']!r}",
        "product": f"{report['product']!r}",
        "truncation bound": "none" if bound is None else f"{bound:.3g}",
        "rounding estimate": f"{report['rounding_estimate']:.3g}",
        "neurons": f"{format_count(report['neurons'])} in {report['seconds']:.3g} s",
        "neurons a second": "beyond float64" if speed is None else format_ratio(speed),
        "method": report["method"],
        "scale, bias": f"{report['scale']:.6g}, {report['bias']:.6g}",
    }
    show("\n".join(f"{name:<18}{text}" for name, text in lines.items()))
