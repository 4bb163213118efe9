"""The progress bar: silent when it should be, visible when the work is long."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from cheapfast._progress import Bar, reporting


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=100, _environ={"TERM": "xterm"})


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_bar_shows_share_and_what_is_left():
    console = terminal()
    bar = Bar("counting", delay=0.0, console=console)
    bar(25, 100)
    bar(50, 100)
    bar.close()
    assert "counting" in written(console)
    assert "50%" in written(console)
    assert "left:" in written(console)


def test_bar_waits_before_it_appears():
    console = terminal()
    bar = Bar("counting", delay=3600.0, console=console)
    bar(50, 100)
    bar.close()
    assert written(console) == ""


def test_bar_draws_nothing_outside_a_terminal():
    console = Console(file=io.StringIO(), force_terminal=False)
    bar = Bar("counting", delay=0.0, console=console)
    bar(50, 100)
    bar(60, 100)
    bar.close()
    assert written(console) == ""


def test_bar_is_silent_after_close():
    console = terminal()
    bar = Bar("counting", delay=0.0, console=console)
    bar.close()
    bar(1, 2)
    assert written(console) == ""


def test_bar_takes_counts_beyond_64_bits():
    console = terminal()
    bar = Bar("counting", delay=0.0, console=console)
    bar(2**99, 2**100)
    bar.close()
    assert "50%" in written(console)


@pytest.mark.parametrize("silent", [None, False])
def test_reporting_silent(silent):
    with reporting(silent, "counting") as callback:
        assert callback is None


def test_reporting_passes_a_callable_through():
    def own(done: int, total: int) -> None: ...

    with reporting(own, "counting") as callback:
        assert callback is own


def test_reporting_true_closes_the_bar_on_error():
    context = reporting(True, "counting")
    bar = context.__enter__()
    assert isinstance(bar, Bar)
    assert not context.__exit__(KeyError, KeyError(), None)
    assert bar._disabled


@pytest.mark.parametrize("wrong", [1, "bar", 0.5])
def test_reporting_names_a_wrong_argument(wrong):
    with pytest.raises(TypeError, match="progress must be"), reporting(wrong, "counting"):
        pass
