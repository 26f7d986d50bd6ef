"""For all tests: they may run under `make test`, and some run make as a stranger does."""

from __future__ import annotations

import os

for variable in ("MAKELEVEL", "MAKEFLAGS", "MFLAGS"):
    os.environ.pop(variable, None)
