"""Pack what a function needs, with its byte code: AWS Lambda lets no function keep its own.

    python3.13 pack.py TARGET [--with-probe]

Writes our packages into the folder TARGET; with the probe, also the probe and what requirements.txt
pins, its DNS library. Needs the Python of the functions' runtime, as byte code is good for one
Python only, and for the probe its pip.
"""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

SOURCE = Path(__file__).parent
RUNTIME = (3, 13)
TASK_ROOT = "/var/task"
"""Where AWS Lambda has the code: what a traceback says."""
COMPILED = ("connectivity", "handlers")
NEVER = ("Makefile", "pack.py", "requirements.*", "__pycache__")
ONLY_WITH_THE_PROBE = ("probe", "dns")


def pack(target: Path, *, with_probe: bool) -> None:
    """Fill `target`. One function makes the probe: it has the probe's code to send it on, imports
    nothing of it, and so has no byte code of it."""
    left_out = NEVER if with_probe else (*NEVER, *ONLY_WITH_THE_PROBE)
    ignored = shutil.ignore_patterns(*left_out)
    shutil.copytree(SOURCE, target, ignore=ignored, dirs_exist_ok=True)
    _compile(target)
    if with_probe:
        _install(target)


def _install(target: Path) -> None:
    """Install what is pinned. Only what runs on any processor: the stack's may be another one."""
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-compile", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
        *("--platform", "any", "--target", str(target), "-r", str(SOURCE / "requirements.txt")),
    ]
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 (all of it is ours)
    if done.returncode:
        sys.exit(f"{' '.join(command[1:4])}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _compile(target: Path) -> None:
    """Write byte code that stays valid although a zip file loses the sources' times."""
    for package in COMPILED:
        compiled = compileall.compile_dir(
            target / package,
            quiet=1,
            force=True,
            ddir=f"{TASK_ROOT}/{package}",
            invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        )
        if not compiled:
            sys.exit("not every module can be compiled: see above")


if __name__ == "__main__":
    if sys.version_info[:2] != RUNTIME:
        sys.exit(f"this is Python {sys.version.split()[0]}, and the functions' runtime is 3.13")
    pack(Path(sys.argv[1]), with_probe="--with-probe" in sys.argv[2:])
