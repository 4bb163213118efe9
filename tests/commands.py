"""Running commands in this process, and what they must do."""

from __future__ import annotations

import pytest

from cheapfast.cli import main


def assert_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], *words: str, code: int = 2
) -> str:
    """Run what must fail; return its one line on standard error."""
    assert main(arguments) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    for word in words:
        assert word in captured.err
    return captured.err
