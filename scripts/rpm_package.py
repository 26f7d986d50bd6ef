"""Build the RPM package of the pick-up tool, where rpmbuild is there: for RHEL 9, 10 and Fedora.

RHEL 9's own python3 is older than the tool takes, and its newer ones have names of their own. So
the programs look for one of these, the newest first, and the package requires any of them.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tool_tree import COMMANDS, HOME, NAME, PYTHONS, ROOT, SUMMARY, Tree, run

# Below it, sh never reads on: the loop ends in an exec or an exit. For Python it is a string.
INTERPRETER = """\
#!/bin/sh
''':'
for version in {pythons}; do
  [ -x "/usr/bin/python$version" ] && exec "/usr/bin/python$version" -I "$0" "$@"
done
echo "{name} needs one of these in /usr/bin: {names}" >&2
exit 2
'''
"""
SPEC = """\
Name: {name}
Version: {version}
Release: 1
Summary: {summary}
License: Apache-2.0
URL: https://example.com/{name}
BuildArch: {machine}
AutoReqProv: no
Requires: ({requires})
Requires: glibc >= 2.28

# The tree is as it is to be: nothing is stripped or compiled, and the bytes are the same each time.
%global debug_package %{{nil}}
%global __os_install_post %{{nil}}
%global _build_id_links none
%global _binary_payload w6.gzdio
%global _buildhost reproducible
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1

%description
It brings its libraries: no package index is asked. What it configures is written
by `{name} init`; see {name}(8).

%install
cp -a {tree}/. %{{buildroot}}/

%posttrans
# A service that may not write here would compile them at every run. At an upgrade the %preun of the
# package before takes its byte code away after %post of this one, and before this.
for version in {pythons}; do
  if [ -x "/usr/bin/python$version" ]; then
    "/usr/bin/python$version" -I -m compileall -q /{home}/lib || :
  fi
done

%preun
find /{home} -name __pycache__ -prune -exec rm -r {{}} + || :
if [ "$1" = 0 ] && [ -e /etc/systemd/system/{name}.timer ]; then
  echo "the DNS server goes on forwarding, and nobody follows the VPC any more: see 'Remove it'" >&2
  echo "in the README of {name}, whose first two steps need this package" >&2
fi

%pretrans -p <lua>
local home = "/{home}"
if posix.stat(home .. "/pyvenv.cfg") then
  error(home .. " is a virtual environment: remove it first, as in rm -r " .. home ..
        " /usr/local/bin/{name}")
end
if posix.stat(home .. "/lib", "type") == "link" then
  error(home .. " is of the installer: remove it first with that file, as in " ..
        "python3 {name}-*.pyz --remove")
end
for _, command in ipairs({{{commands}}}) do
  local program = "/usr/local/bin/" .. command
  if posix.stat(program) and posix.readlink(program) ~= home .. "/bin/" .. command then
    error(program .. " would be run instead of this package's: remove it first " ..
          "(of pipx: pipx uninstall {name})")
  end
end

%files
%dir /usr/share/licenses/{name}
%license /usr/share/licenses/{name}/LICENSE
%dir /{home}
/{home}/bin
/{home}/lib
/usr/bin/*
/usr/share/man/man8/*
"""


def build_package(made: Tree, target: Path, environment: dict[str, str]) -> None:
    """Build it from the tree for its machine into `target`. Does nothing where rpmbuild is
    missing, and ends the program where it fails."""
    if shutil.which("rpmbuild") is None:
        return
    tree = made.copy_to(made.path.with_name("rpm"))
    newest_first = tuple(reversed(PYTHONS))
    names = [f"python{version}" for version in newest_first]
    values = {"pythons": " ".join(newest_first), "name": NAME, "names": ", ".join(names)}
    tree.write_commands(INTERPRETER.format(**values))
    tree.link_commands()
    licenses = tree.path / "usr" / "share" / "licenses" / NAME
    licenses.mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", licenses)
    tree.settle(int(environment["SOURCE_DATE_EPOCH"]))
    spec = tree.path.with_name(f"{NAME}.spec")
    required = [f"/usr/bin/{name}" for name in names]
    spec.write_text(
        SPEC.format(
            **values,
            version=tree.version,
            summary=SUMMARY,
            machine=tree.machine,
            requires=" or ".join(required),
            tree=tree.path,
            home=HOME,
            commands=", ".join(f'"{command}"' for command in COMMANDS),
        )
    )
    _build(spec, target, environment)


def _build(spec: Path, target: Path, environment: dict[str, str]) -> None:
    folder = spec.with_name("rpmbuild")
    run(
        ["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {folder}", "--target",
         f"{os.uname().machine}-linux", spec],
        {**environment, "HOME": str(folder)},
    )  # fmt: skip
    [file] = folder.glob("RPMS/*/*.rpm")
    shutil.copy(file, target)
