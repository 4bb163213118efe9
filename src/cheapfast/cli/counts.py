"""An option that counts something: ``--applications 1e6``."""

from __future__ import annotations

import click

from .numbers import parse_integer


class Count(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A whole number of at least one, such as ``100``, ``1e6`` or ``2^20``."""

    name = "count"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Read it.

        Returns
        -------
        int
        """
        try:
            number = value if isinstance(value, int) else parse_integer(str(value), "it")
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if number < 1:
            self.fail(f"it must be at least 1, got {number}", param, ctx)
        return number
