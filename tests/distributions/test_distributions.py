"""The pick-up tool on Debian 12, 13 and testing, as an administrator has it there.

That is: the package of a release, that distribution's Python, and its DNS servers, with the
configuration that `apt install` leaves, started as their units say. `make distributions` runs
this; `make test` does not.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.message
import pytest
from ecs_anywhere_dns.outcome import Exit

from tests.distributions.host import ROOTS, Host
from tests.onprem.lab import client
from tests.onprem.lab.lab import REPOSITORY, Lab
from tests.onprem.test_rolling_back import (
    LATER,
    publish_former,
    turn_after_preflight,
    turn_right,
)

pytestmark = pytest.mark.timeout(1800)
"""Seconds: the package is built first, and each host starts Python a dozen times."""
PACKAGE = "TOOL_PACKAGE"
"""Environment variable: a Debian package of the tool that is built already."""
RELEASES = {"bookworm": "3.11", "trixie": "3.13", "forky": "3.14"}
"""Name of a release of Debian -> its Python."""
UNITS = {
    "bind": ("named", "named"),
    "unbound": ("unbound", "unbound"),
    "dnsmasq": ("dnsmasq", "dnsmasq"),
    "powerdns": ("pdns-recursor", "pdns_recursor"),
    "knot": ("kresd@", "kresd"),
}
"""Server -> its unit, and the name of its process."""
ADMIN = {"dnsmasq": ("/etc/dnsmasq.conf", "bind-interfaces\nlisten-address=127.0.0.1\n")}
"""Lines of the administrator's: here the resolvers of the VPC listen on the same machine."""
PATIENCE = 300.0
"""Seconds until a server that was started has to answer."""
WITHOUT = {("forky", "knot")}
"""A release that has no such server, or none of a version that the tool knows."""
TIER = ("root-namespaces",)
LOOKED_AT = ("etc", "opt", "usr/local", "usr/bin", "usr/share/man", "var/lib/ecs-anywhere-dns")
"""Folders of which a removal leaves nothing of ours."""
SOURCE = "/etc/ecs-anywhere-dns/forwarding.json"
OURS = (
    "/etc/ecs-anywhere-dns", "/var/lib/ecs-anywhere-dns", "/etc/bind/ecs-anywhere.zones",
    "/etc/bind/ecs-anywhere.options", "/etc/unbound/unbound.conf.d/ecs-anywhere.conf",
    "/etc/dnsmasq.d/ecs-anywhere.conf", "/etc/knot-resolver/ecs-anywhere.lua",
)  # fmt: skip
"""What the README says to remove; for the Recursor by a pattern."""


@dataclass
class Site:
    """A company with one DNS server, and the link to a VPC."""

    lab: Lab
    host: Host
    kind: str
    begun: dict[str, bytes]
    """The configuration before anybody heard of the tool."""

    @property
    def unit(self) -> str:
        return UNITS[self.kind][0]

    def tool(self, *words: str) -> dict[str, Any]:
        """Return the report of the tool, which has to have an exit code that it also says."""
        ran = self.host.run("ecs-anywhere-dns", *words, "--json")
        assert ran.output, ran.error
        report: dict[str, Any] = json.loads(ran.output)
        assert report["exit"] == ran.code, (report, ran.error)
        return report

    def ask(self, name: str, transport: str = "udp") -> client.Reply:
        place = ("127.0.0.1", 53)
        return client.ask(self.lab.network, place, name, "A", transport, client.PATIENCE)

    def publish(self) -> None:
        self.lab.publish()
        self.bring()

    def bring(self) -> None:
        """Bring what the VPC publishes to where the tool reads it."""
        file = self.host.file(SOURCE)
        file.parent.mkdir(exist_ok=True)
        shutil.copy(self.lab.published, file)

    def restart(self) -> None:
        self.host.stop(UNITS[self.kind][1])
        self.start()

    def start(self) -> None:
        started = self.host.start(self.unit)
        # For what it passes on to nobody.
        question = dns.message.make_query("version.bind.", "TXT", "CH", flags=0).to_wire()
        deadline = time.monotonic() + PATIENCE
        with self.lab.network.bind("udp", "127.0.0.1", 0) as asking:
            asking.settimeout(1)
            while time.monotonic() < deadline and not started.poll():
                asking.sendto(question, ("127.0.0.1", 53))
                with contextlib.suppress(TimeoutError):
                    asking.recv(512)
                    return
        raise RuntimeError(f"{self.kind} does not answer:\n{self.host.log()[-2000:]}")

    def assert_private(self, names: Iterable[str]) -> None:
        for name in names:
            for transport in ("udp", "tcp"):
                reply = self.ask(name, transport)
                expected = ("NOERROR", self.lab.names[name])
                assert (reply.rcode, reply.addresses) == expected, (name, transport)
        assert self.lab.public.saw_private(names) == []

    def assert_former(self) -> None:
        """What the earlier generation named is private."""
        self.assert_private([name for name in self.lab.names if not name.startswith(LATER)])

    def amiss(self) -> dict[str, str]:
        ran = self.host.run("ecs-anywhere-dns", "doctor", "--json")
        assert ran.output, ran.error
        return {each["what"]: each["cure"] for each in json.loads(ran.output) if not each["ok"]}


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Debian package: one that is there already, or built as a release builds it."""
    if PACKAGE in os.environ:
        return Path(os.environ[PACKAGE])
    sys.path.insert(0, str(REPOSITORY / "scripts"))
    tool_tree, debian = map(importlib.import_module, ("tool_tree", "debian_package"))
    folder = tmp_path_factory.mktemp("package")
    for part in ("onprem", "schemas"):
        leave_out = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
        shutil.copytree(REPOSITORY / part, folder / part, symlinks=True, ignore=leave_out)
    uv = Path(sys.executable).with_name("uv")
    words = ("build", "--quiet", "--wheel", "--out-dir", folder / "dist", folder / "onprem")
    subprocess.run([uv, *words], check=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    tree = tool_tree.build_tree(wheel, folder, "x86_64")
    debian.build_package(tree, folder, {**os.environ, "SOURCE_DATE_EPOCH": "1764400000"})
    (file,) = folder.glob("*.deb")
    return file


@dataclass(frozen=True)
class Installed:
    """A distribution on which the package is installed."""

    layers: tuple[Path, ...]
    begun: dict[str, bytes]
    """The configuration before anybody heard of the tool."""


@pytest.fixture(scope="session")
def installed(
    request: pytest.FixtureRequest, package: Path, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    root, folder = ROOTS / request.param, tmp_path_factory.mktemp(request.param)
    if not root.is_dir():
        pytest.fail(f"there is no {root}: scripts/install-distributions makes it")
    lab = Lab(TIER)
    host = Host([root], folder, lab.network.prefix)
    try:
        names = f". 3600000 NS root.\nroot. 3600000 A {lab.public.ip}\n"
        host.file("/usr/share/dns/root.hints").write_text(names)
        host.file("/etc/resolv.conf").unlink(missing_ok=True)
        host.file("/etc/resolv.conf").write_text(f"nameserver {lab.public.ip}\n")
        for file, lines in ADMIN.values():
            host.file(file).write_text(host.file(file).read_text() + lines)
        begun = host.files(*LOOKED_AT)
        shutil.copy(package, host.file("/root/tool.deb"))
        ran = host.run("dpkg", "--install", "/root/tool.deb")
        assert ran.code == 0, ran.error
        python = host.run("/usr/bin/python3", "-c", "import sys; print(*sys.version_info[:2])")
        assert python.output.replace(" ", ".") == f"{RELEASES[request.param]}\n"
    finally:
        host.close()
        lab.close()
    return Installed((folder / "changed", root), begun)


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of the DNS server."""
    return str(request.param)


@pytest.fixture
def site(kind: str, installed: Installed, tmp_path: Path) -> Iterator[Site]:
    lab = Lab(TIER)
    try:
        host = Host(installed.layers, tmp_path / "host", lab.network.prefix)
        try:
            made = Site(lab, host, kind, installed.begun)
            made.start()
            yield made
        finally:
            host.close()
    finally:
        lab.close()


def initialise(site: Site) -> None:
    lab = site.lab
    assert lab.key is not None
    resolvers = [word for ip in lab.resolver_ips for word in ("--resolver-ip", ip)]
    done = site.host.run(
        "ecs-anywhere-dns", "init", "--server", site.kind, "--vpc", lab.vpc_id, "--region",
        lab.region, "--account", lab.account, "--network", lab.vpc_cidrs[0], *resolvers,
        "--public-key", lab.key.public, "--key-id", lab.key.id, "--source", SOURCE,
        "--no-acknowledge", "--include", "--timer",
    )  # fmt: skip
    assert done.code == 0, done.error
    # As the README has it: dnsmasq reads include lines when it starts.
    if site.kind == "dnsmasq":
        site.restart()


@pytest.mark.parametrize(
    ("installed", "kind"),
    [(release, kind) for release in RELEASES for kind in UNITS if (release, kind) not in WITHOUT],
    indirect=True,
)
def test_it_follows_a_publication_undoes_and_is_removed(site: Site) -> None:
    assert site.host.run("ecs-anywhere-dns", "--version").code == 0
    publish_former(site.lab)
    site.bring()
    initialise(site)

    assert site.amiss() == {}
    assert site.tool("check")["exit"] == Exit.DONE
    assert site.tool("apply", "--dry-run")["would_change"]
    site.lab.public.queries.clear()
    report = site.tool("apply")
    assert (report["exit"], report["changed"]) == (Exit.DONE, True), report
    site.assert_former()
    assert site.tool("verify")["exit"] == Exit.DONE
    assert site.amiss() == {}
    report = site.tool("apply")
    assert (report["exit"], report["changed"]) == (Exit.DONE, False), report

    site.publish()
    turn_after_preflight(site.lab)
    report = site.tool("apply")
    assert report["exit"] == Exit.ROLLED_BACK, report
    turn_right(site.lab)
    site.assert_former()
    assert site.tool("apply", "--force")["exit"] == Exit.DONE
    site.assert_private(site.lab.names)
    assert site.tool("rollback")["exit"] == Exit.DONE
    site.assert_former()

    assert site.tool("rollback", "--to-none")["exit"] == Exit.DONE
    remove(site)
    site.restart()
    assert site.host.files(*LOOKED_AT) == site.begun


def remove(site: Site) -> None:
    """By the README: take the include lines out, and remove what is ours."""
    for path, content in site.begun.items():
        file = site.host.file(path)
        if file.read_bytes() != content:
            assert b"ecs-anywhere" in file.read_bytes(), path
            file.write_bytes(content)
    ours = [*OURS, *(f"/etc/powerdns{name}/ecs-anywhere.*" for name in ("", "/recursor.d"))]
    units = "/etc/systemd/system/ecs-anywhere-dns.*"
    gone = site.host.run("sh", "-c", f"rm -rf {' '.join([*ours, units])}")
    assert gone.code == 0, gone.error
    purged = site.host.run("dpkg", "--purge", "ecs-anywhere-dns")
    assert purged.code == 0, purged.error
