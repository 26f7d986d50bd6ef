"""Begin the installation with any Python, so that a wrong one is told which would be right."""

import json
import platform
import sys
from pathlib import Path
from zipfile import ZipFile

ARCHIVE = Path(__file__).parent


def main() -> int:
    """Return the exit code."""
    with ZipFile(str(ARCHIVE)) as packed:
        about = json.loads(packed.read("about.json").decode())
    version = "{}.{}".format(*sys.version_info)
    if version not in about["pythons"]:
        known = ", ".join(about["pythons"])
        sys.stderr.write(
            f"this is Python {version}, and the tool runs with {known}: "
            f"run this file with one of these, as in `python{about['pythons'][0]} {ARCHIVE}`\n"
        )
        return 2
    machine, libc = platform.machine(), platform.libc_ver()[0]
    if machine != about["machine"] or libc != "glibc":
        sys.stderr.write(
            f"this host is {machine} with {libc or 'no glibc'}, and this file is for "
            f"{about['machine']} with glibc: take another file of the release, or use pip\n"
        )
        return 2
    # The tool itself, from within this file, as far as it needs no compiled parts.
    sys.path.insert(0, str(ARCHIVE / "lib"))
    from installing import run

    return run(ARCHIVE, about)


if __name__ == "__main__":
    sys.exit(main())
