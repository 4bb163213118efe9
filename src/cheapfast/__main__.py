"""``python -m cheapfast``: the command line."""

from __future__ import annotations

import sys

from cheapfast.cli import main

if __name__ == "__main__":
    sys.exit(main())
