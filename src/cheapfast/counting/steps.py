"""Progress over several calls of kernels."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

Report = Callable[[int, int], None] | None

#: Seconds between two reports.
_REPORT_EVERY = 0.1


@dataclass
class Steps:
    """Progress over several calls of the kernels, each of which knows only its own.

    Parameters
    ----------
    report : callable or None
        Who wants to know.
    total : int
        Units of work of all calls together.
    """

    report: Report
    total: int
    _done: int = field(default=0, init=False)
    _reported: float = field(default_factory=time.monotonic, init=False)

    def next(self, work: int) -> Report:
        """Begin a call.

        Parameters
        ----------
        work : int
            Units of work of the call.

        Returns
        -------
        callable or None
            What to hand to the kernel.
        """
        before, self._done = self._done, self._done + work
        if self.report is None:
            return None
        outer = self.report
        # kernels report what takes long; many short calls add up to as much
        if time.monotonic() - self._reported >= _REPORT_EVERY:
            self._reported = time.monotonic()
            outer(before, self.total)
        return lambda done, _: outer(before + min(done, work), self.total)
