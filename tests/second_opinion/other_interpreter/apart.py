"""A network of its own for the whole run, because LocalEmu listens on every address there is.

In a new network namespace there is a loopback and nothing else: what listens there can be reached
from no other machine, nor from this one. In a new process namespace nothing outlives the run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from local.networks.links import make_local
from local.settings import REPOSITORY


def run_apart(module: str, *arguments: str) -> int:
    """Run a module of this Python within namespaces of its own; return its exit code.

    Root is not needed where this machine lets anybody make them. Raises OSError where it does not.
    """
    unshare = shutil.which("unshare")
    if unshare is None:
        raise OSError("unshare is not installed: it comes with util-linux")
    as_anybody = [] if os.geteuid() == 0 else ["--map-root-user"]
    namespaces = ["--net", "--pid", "--mount-proc", "--fork", "--kill-child"]
    command = [unshare, *as_anybody, *namespaces, "--", sys.executable, "-m", module, *arguments]
    return subprocess.run(command, check=False, cwd=REPOSITORY).returncode


def raise_loopback() -> None:
    """Switch on the loopback, which is down in a new namespace."""
    make_local(())
