"""Build the Debian package of the pick-up tool: one file for hosts without a package index.

It takes the python3 of Debian 12 (3.11) and 13 (3.13), of Ubuntu 24.04 (3.12), and 3.14.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tool_tree import NAME, NOT_YET, PYTHONS, ROOT, SUMMARY, Tree, run

INTERPRETER = "#!/usr/bin/python3 -I\n"
CONTROL = """\
Package: {name}
Version: {version}
Section: net
Priority: optional
Architecture: amd64
Depends: python3 (>= {oldest}), python3 (<< {not_yet}), libc6 (>= 2.28)
Maintainer: Private connectivity for ECS Anywhere <noreply@example.com>
Installed-Size: {size}
Description: {summary}
 It brings its libraries: no package index is asked. What it configures is written
 by `{name} init`; see {name}(8).
"""
SCRIPTS = {
    "preinst": """\
#!/bin/sh
set -e
if [ -e "$DPKG_ROOT/opt/ecs-anywhere-dns/pyvenv.cfg" ]; then
  echo "/opt/ecs-anywhere-dns is a virtual environment: remove it first, as in" >&2
  echo "rm -r /opt/ecs-anywhere-dns /usr/local/bin/ecs-anywhere-dns" >&2
  exit 1
fi
if [ -L "$DPKG_ROOT/opt/ecs-anywhere-dns/lib" ]; then
  echo "/opt/ecs-anywhere-dns is of the installer: remove it first with that file, as in" >&2
  echo "python3 ecs-anywhere-dns-*.pyz --remove" >&2
  exit 1
fi
for command in ecs-anywhere-dns ecs-anywhere-check; do
  program="$DPKG_ROOT/usr/local/bin/$command"
  [ -e "$program" ] || [ -L "$program" ] || continue
  [ "$(readlink "$program")" != "/opt/ecs-anywhere-dns/bin/$command" ] || continue
  echo "/usr/local/bin/$command would be run instead of this package's: remove it first" >&2
  echo "(of pipx: pipx uninstall ecs-anywhere-dns)" >&2
  exit 1
done
""",
    "postinst": """\
#!/bin/sh
set -e
# A service that may not write here would compile them at every run.
if [ "$1" = configure ]; then
  /usr/bin/python3 -I -m compileall -q "$DPKG_ROOT/opt/ecs-anywhere-dns/lib" || true
fi
""",
    "prerm": """\
#!/bin/sh
set -e
home="$DPKG_ROOT/opt/ecs-anywhere-dns"
[ ! -d "$home" ] || find "$home" -name __pycache__ -prune -exec rm -r {} +
if [ "$1" = remove ] && [ -e "$DPKG_ROOT/etc/systemd/system/ecs-anywhere-dns.timer" ]; then
  echo "the DNS server goes on forwarding, and nobody follows the VPC any more: see 'Remove it'" >&2
  echo "in the README of ecs-anywhere-dns, whose first two steps need this package" >&2
fi
""",
}


def build_package(made: Tree, target: Path, environment: dict[str, str]) -> None:
    """Build it from the tree for x86_64 into `target`. Ends the program where that cannot be
    done."""
    if shutil.which("dpkg-deb") is None:
        sys.exit("dpkg-deb is missing, which builds the Debian package: apt-get install dpkg")
    tree = made.copy_to(made.path.with_name("debian"))
    tree.write_commands(INTERPRETER)
    tree.link_commands()
    document = tree.path / "usr" / "share" / "doc" / NAME
    document.mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", document / "copyright")
    _write_control(tree)
    tree.settle(int(environment["SOURCE_DATE_EPOCH"]))
    file = target / f"{NAME}_{tree.version}_amd64.deb"
    # gzip: most of its bytes are compressed already, and it takes a tenth of the time of xz.
    run(["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", tree.path, file], environment)


def _write_control(tree: Tree) -> None:
    control = CONTROL.format(
        name=NAME,
        version=tree.version,
        oldest=PYTHONS[0],
        not_yet=NOT_YET,
        size=tree.size // 1024,
        summary=SUMMARY,
    )
    folder = tree.path / "DEBIAN"
    folder.mkdir()
    (folder / "control").write_text(control)
    for name, text in SCRIPTS.items():
        (folder / name).write_text(text)
