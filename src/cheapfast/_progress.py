"""Progress of long computations: a callback, or a bar in the terminal drawn with rich.

The kernels know one thing only: a callable ``progress(done, total)`` that they call at most about
ten times a second. This module turns what a user passes as ``progress=`` into such a callable.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

ProgressCallback = Callable[[int, int], None]

#: Seconds before a bar appears: a count that is over by then should leave no trace on the screen.
DELAY = 0.5


class Bar:
    """A progress bar on standard error that appears only when the work takes longer than `delay`.

    Calling the bar with ``(done, total)`` updates it. On anything but a terminal (or a notebook) it
    draws nothing.

    Parameters
    ----------
    description : str
        What is being done, shown left of the bar.
    delay : float, optional
        Seconds before the bar appears.
    console : rich.console.Console, optional
        Where to draw. Standard error by default.
    """

    def __init__(
        self, description: str, *, delay: float = DELAY, console: Console | None = None
    ) -> None:
        self._description = description
        self._delay = delay
        self._console = console
        self._begin = time.monotonic()
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._disabled = False

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` units of work are finished."""
        if self._disabled or time.monotonic() - self._begin < self._delay:
            return
        if self._progress is None:
            self._disabled = not self._appear(done, total)
        elif self._task is not None:
            self._progress.update(self._task, completed=done, total=total, refresh=True)

    def close(self) -> None:
        """Remove the bar from the screen."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
        self._disabled = True

    def _appear(self, done: int, total: int) -> bool:
        # rich takes 50 ms to import: only a computation that is slow anyway pays for it
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        console = self._console if self._console is not None else Console(stderr=True)
        if not (console.is_terminal or console.is_jupyter):
            return False
        # No refresh thread: the callback is frequent enough, and a second thread would wait for the
        # interpreter lock that the kernel has let go of.
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            auto_refresh=False,
        )
        self._task = self._progress.add_task(self._description, completed=done, total=total)
        self._progress.start()
        return True


@contextmanager
def reporting(
    progress: bool | ProgressCallback | None, description: str
) -> Iterator[ProgressCallback | None]:
    """Turn the argument ``progress=`` of a public function into a callback for the time of a block.

    Parameters
    ----------
    progress : None, bool or callable
        None or False: silent. True: a bar on standard error. A callable is used as it is, called as
        ``progress(done, total)``.
    description : str
        What is being done, for the bar.

    Yields
    ------
    callable or None
        What to hand to the kernel.

    Raises
    ------
    TypeError
        If `progress` is none of these.

    Examples
    --------
    >>> seen = []
    >>> with reporting(lambda done, total: seen.append((done, total)), "counting") as report:
    ...     report(1, 2)
    >>> seen
    [(1, 2)]
    """
    check_progress(progress)
    if progress is True:
        bar = Bar(description)
        try:
            yield bar
        finally:
            bar.close()
    else:
        yield progress if callable(progress) else None


def check_progress(progress: object) -> None:
    """Refuse what cannot be a ``progress=`` of a public function.

    Parameters
    ----------
    progress : object

    Raises
    ------
    TypeError
        If it is neither None nor bool nor callable.
    """
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise TypeError(
            "progress must be None, True or a callable progress(done, total), "
            f"not {type(progress).__name__}"
        )
