"""Standard output for results, standard error for everything else."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import RenderableType

#: Columns of a table that does not go to a terminal: wide enough that nothing is folded.
FILE_WIDTH = 1000


def show(*items: RenderableType, width: int = FILE_WIDTH) -> None:
    """Print results to standard output.

    Parameters
    ----------
    *items : str or rich renderable
        Strings may hold rich's markup; they are not wrapped.
    width : int, optional
        Columns of a file or a pipe; a terminal has its own.
    """
    from rich.console import Console

    console = Console(highlight=False)
    terminal = console.is_terminal
    if not terminal:
        console = Console(highlight=False, width=width)
    # rich lays it out and click writes it: rich answers a closed pipe with SystemExit(1)
    with console.capture() as capture:
        for item in items:
            console.print(item, soft_wrap=isinstance(item, str))
    click.echo(capture.get(), nl=False, color=terminal)


def say(message: object) -> None:
    """Write one line to standard error.

    Parameters
    ----------
    message : object
        Its text; line breaks become spaces.
    """
    click.echo("cheapfast: " + " ".join(str(message).split()), err=True)


@contextmanager
def notes_on_stderr() -> Iterator[None]:
    """Show each warning once, as a one-line note on standard error, for the time of a block.

    Yields
    ------
    None
    """
    seen: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        text = str(message)
        if text not in seen:
            seen.add(text)
            say(f"note: {text}")

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield
