"""systemd-resolved of a Debian that has delegates, in a root of its own below `ROOT`.

`scripts/install-dns-servers` unpacks it there: what this machine has may be older. Its /etc/systemd
and /run are those of one laboratory, by mounts that nobody else sees.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.onprem.lab.dns_server import Ground, Launch

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
RELAY = """
import json, socket, subprocess, sys
with socket.socket(socket.AF_UNIX) as listening:
    listening.bind(sys.argv[1])
    listening.listen()
    while True:
        connection, _ = listening.accept()
        with connection, connection.makefile("rw") as file:
            words = json.loads(file.readline())
            ran = subprocess.run([*sys.argv[2:], *words], capture_output=True, text=True)
            file.write(json.dumps([ran.returncode, ran.stdout, ran.stderr]))
"""
"""Runs resolvectl where the mounts are; it ends with the server."""
ASK = """
import json, socket, sys
with socket.socket(socket.AF_UNIX) as relay:
    relay.connect(sys.argv[1])
    with relay.makefile("rw") as file:
        file.write(json.dumps(sys.argv[2:]) + chr(10))
        file.flush()
        code, out, errors = json.loads(file.read())
sys.stdout.write(out)
sys.stderr.write(errors)
sys.exit(code)
"""
"""resolvectl, for a tool that may mount nothing."""
ROOT = CACHE / "ecs-anywhere-dns-servers" / "resolved"


def write(ground: Ground) -> Launch:
    directory, run = ground.directory, ground.run / "resolved"
    delegates, anchors = directory / "dns-delegate.d", directory / "dnssec-trust-anchors.d"
    for folder in (delegates, anchors, directory / "resolved.conf.d", run / "systemd/resolve"):
        folder.mkdir(parents=True)
    main = directory / "resolved.conf.d" / "site.conf"
    main.write_text(_main(ground))
    if ground.top:
        (delegates / "site.dns-delegate").write_text(f"{ground.top}\n")
    inside = _script(ground, "inside", _inside(ground, run))
    server = _script(ground, "resolved-server", _server(ground, inside))
    return Launch(
        main,
        ("sh", str(server)),
        {
            "delegates": str(delegates),
            "anchors": str(anchors),
            "resolvectl": [sys.executable, "-c", ASK, str(_relay(ground))],
            "reread": [str(_script(ground, "reread", f"kill -HUP $(cat {ground.run}/pid)\n"))],
            "start": ground.start_command,
        },
    )


def _main(ground: Ground) -> str:
    ip, port = ground.root
    return f"""[Resolve]
DNS={ip}:{port}
DNSStubListener={"yes" if ground.recurses else "no"}
DNSStubListenerExtra={ground.address}:{ground.port}
LLMNR=no
MulticastDNS=no
DNSSEC={"yes" if ground.validating else "no"}
{ground.admin}
"""


def _script(ground: Ground, name: str, text: str) -> Path:
    file = ground.run / name
    file.write_text(f"#!/bin/sh\nset -e\n{text}")
    file.chmod(0o755)
    return file


def _relay(ground: Ground) -> Path:
    return ground.run / "relay"


def _inside(ground: Ground, run: Path) -> str:
    """Becomes systemd-resolved in the root, within mounts that end with it. What the laboratory has
    is there under the same path, so that links lead to it."""
    directory, lab = ground.directory, ground.directory.parents[1]
    python, relay = sys.executable, _relay(ground)
    return f"""
mount -t proc proc {ROOT}/proc 2>/dev/null || mount --rbind /proc {ROOT}/proc
mount --rbind /dev {ROOT}/dev
mount --bind {run} {ROOT}/run
mount --bind {directory}/resolved.conf.d {ROOT}/etc/systemd/resolved.conf.d
mount --bind {directory}/dns-delegate.d {ROOT}/etc/systemd/dns-delegate.d
mount --bind {directory}/dnssec-trust-anchors.d {ROOT}/etc/dnssec-trust-anchors.d
{_same_path(lab)}
rm -f {relay}
setpriv --pdeathsig KILL {python} -c '{RELAY}' {relay} chroot {ROOT} /usr/bin/resolvectl &
while [ ! -S {relay} ]; do sleep 0.02; done
exec chroot {ROOT} /usr/lib/systemd/systemd-resolved
"""


def _same_path(lab: Path) -> str:
    top = f"{ROOT}/{lab.parts[1]}"
    return f"""mkdir -p {top}
mount -t tmpfs tmpfs {top}
mkdir -p {ROOT}{lab}
mount --rbind {lab} {ROOT}{lab}"""


def _server(ground: Ground, inside: Path) -> str:
    """Return the script of the server, which makes a link: systemd-resolved sends nothing on a host
    that has only loopback, as the laboratory's."""
    return f"""
ip -o addr show scope global | grep -qv ' lo ' || {{
  ip link add resolved0 type veth peer name resolved1
  ip addr add 10.200.0.9/24 dev resolved0
  ip link set resolved0 up
  ip link set resolved1 up
}}
echo $$ > {ground.run}/pid
exec unshare -m {inside}
"""
