"""The service that `init --timer` writes: little is allowed to it, and `apply` works with that."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from ecs_anywhere_dns.commands.examination import examine
from ecs_anywhere_dns.commands.status import status
from ecs_anywhere_dns.configuration import load
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.outcome import BadUsage, Exit
from ecs_anywhere_dns.servers import SERVERS, make_server
from ecs_anywhere_dns.servers.infoblox.wapi import RESTART_PATIENCE
from ecs_anywhere_dns.settings_form import read_settings
from ecs_anywhere_dns.units import SERVICE, TIMER, UNIT_NAMES, Unit, own_command, write_units
from ecs_anywhere_dns.wiring import hosts_of

from tests.onprem.lab import confined, forked
from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.forked import PATH, Ran, Start
from tests.onprem.lab.lab import KINDS, REPOSITORY, Lab
from tests.onprem.lab.moto_server import Moto
from tests.onprem.test_apply import assert_private, assert_public
from tests.onprem.test_finding_parameter_store import MOTOS_ACCOUNT, SSM, Site
from tests.onprem.test_rolling_back import turn_after_preflight, turn_right

LEAST = {
    "vpc": "vpc-0a1b2c3d4e5f60718", "region": "us-east-2", "account": "111122223333",
    "networks": ["10.0.0.0/16"], "signature": "none",
}  # fmt: skip
MOST_EXPOSED = 3.0
"""What `systemd-analyze security` may say: 0 is nothing at all, 10 is everything."""
COMMAND = ("/usr/local/bin/ecs-anywhere-dns",)
CONFIG = Path("/etc/ecs-anywhere-dns/config.toml")


def unit(kind: str, table: Mapping[str, Any] = {}, **settings: Any) -> Unit:
    read = read_settings({**LEAST, "server": kind, **settings, kind: dict(table)})
    server = make_server(kind, read.region, "127.0.0.1", 53, read.server_table)
    return Unit(COMMAND, CONFIG, read, server)


def directives(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


# --- what is written


CHROOT = {"checkconf": ["named-checkconf", "-t", "/var/named/chroot"]}


@pytest.mark.parametrize(("kind", "table"), [*((kind, {}) for kind in SERVERS), ("bind", CHROOT)])
def test_systemd_finds_little_exposed(tmp_path: Path, kind: str, table: Mapping[str, Any]) -> None:
    file = tmp_path / SERVICE
    file.write_text(unit(kind, table).text())
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(file)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    said = re.search(r"Overall exposure level for \S+: ([0-9.]+)", judged.stdout)
    assert said and float(said[1]) <= MOST_EXPOSED, judged.stdout


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    script = tmp_path / "ecs anywhere dns"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    for kind in SERVERS:
        made = replace(unit(kind), command=(str(script),))
        for name, text in ((SERVICE, made.text()), (TIMER, "[Timer]\nOnBootSec=1min\n")):
            (tmp_path / name).write_text(text)
        checked = subprocess.run(
            ["systemd-analyze", "verify", *(str(tmp_path / name) for name in UNIT_NAMES)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(
    ("kind", "folders"),
    [
        ("bind", {"/etc/bind"}),
        ("unbound", {"/etc/unbound/unbound.conf.d"}),
        ("dnsmasq", {"/etc/ecs-anywhere-dns"}),
        ("powerdns", {"/etc/powerdns"}),
        ("knot", {"/etc/knot-resolver"}),
        ("resolved", {"/etc/systemd/dns-delegate.d", "/etc/dnssec-trust-anchors.d"}),
    ],
)
def test_it_may_write_its_own_folders_and_no_others(kind: str, folders: set[str]) -> None:
    said = directives(unit(kind).text())
    expected = {f"-{folder}" for folder in {*folders, "/var/lib/ecs-anywhere-dns"}}
    assert set(said["ReadWritePaths"].split()) == expected
    assert said["ProtectSystem"] == "strict"


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("vpcs", [1, 3])
def test_systemd_ends_no_run_while_it_may_still_undo_its_switch(kind: str, vpcs: int) -> None:
    made = replace(unit(kind), vpcs=vpcs)
    reloads = 2 * made.server.reload_patience
    assert reloads > 0
    assert float(directives(made.text())["TimeoutStartSec"]) >= vpcs * (180 + reloads)


def test_a_grid_of_infoblox_has_the_time_to_restart_twice() -> None:
    assert (
        float(directives(unit("infoblox").text())["TimeoutStartSec"]) >= 2 * RESTART_PATIENCE + 180
    )


def test_it_may_write_into_the_folder_of_the_metrics() -> None:
    said = directives(unit("unbound", metrics_file="/srv/textfiles/dns.prom").text())
    assert "-/srv/textfiles" in said["ReadWritePaths"].split()


def test_it_follows_the_paths_of_the_configuration() -> None:
    table = {"zones": "/var/named/zones/ours", "options": "/var/named/o p/100%"}
    said = directives(unit("bind", table, state="/srv/state").text())
    assert shlex.split(said["ReadWritePaths"]) == [
        "-/srv/state", "-/var/named/o p", "-/var/named/zones",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "table", "more"),
    [
        ("bind", {}, set()),
        ("bind", CHROOT, {"CAP_SYS_CHROOT"}),
        ("unbound", {}, {"AF_NETLINK"}),
        ("dnsmasq", {}, {"CAP_KILL"}),
        ("powerdns", {}, set()),
        ("knot", {}, set()),
        ("resolved", {}, set()),
    ],
)
def test_privileges_are_those_that_the_server_needs_and_each_has_its_reason(
    kind: str, table: Mapping[str, Any], more: set[str]
) -> None:
    text = unit(kind, table).text()
    said = directives(text)
    usual = {"CAP_CHOWN", "CAP_FOWNER", "CAP_DAC_OVERRIDE", "AF_UNIX", "AF_INET", "AF_INET6"}
    there = said["CapabilityBoundingSet"].split() + said["RestrictAddressFamilies"].split()
    assert set(there) == usual | more
    assert all(f"\n# {name}: " in text for name in there)
    assert ("chroot" in said["SystemCallFilter"].split()) == ("CAP_SYS_CHROOT" in more)


def test_a_metadata_service_is_asked_only_as_configured() -> None:
    assert "\nEnvironment=AWS_EC2_METADATA_DISABLED=true\n" in unit("bind").text()
    assert "AWS_EC2_METADATA" not in unit("bind", instance_metadata=True).text()


@pytest.mark.parametrize(
    ("table", "settings"),
    [
        ({}, {"state": "/tmp/state"}),
        ({}, {"source": "/var/tmp/document.json"}),
        ({"zones": "/tmp/zones"}, {}),
    ],
)
def test_what_the_service_would_not_see_is_refused(
    table: Mapping[str, Any], settings: dict[str, Any]
) -> None:
    with pytest.raises(BadUsage, match=r"lies in /(var/)?tmp") as caught:
        unit("bind", table, **settings).text()
    assert "move it" in caught.value.cure


def test_a_line_end_in_a_path_adds_no_line_to_the_unit() -> None:
    with pytest.raises(BadUsage, match="no path"):
        unit("bind", state="/srv/a\nExecStartPre=/bin/sh").text()


def test_the_command_in_the_unit_is_found_from_everywhere(tmp_path: Path) -> None:
    script = tmp_path / "venv" / "ecs-anywhere-dns"
    script.parent.mkdir()
    script.write_text("")
    (tmp_path / "ecs-anywhere-dns").symlink_to(script)
    assert own_command(str(tmp_path / "ecs-anywhere-dns")) == (str(script),)
    assert own_command("/usr/lib/ecs_anywhere_dns/__main__.py") == (
        sys.executable, "-m", "ecs_anywhere_dns",
    )  # fmt: skip


def test_without_systemd_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadUsage) as caught:
        list(write_units(unit("bind"), tmp_path / "no-systemd"))
    assert "every five minutes" in caught.value.cure


# --- what is done with it


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """Outside of /tmp, of which a service sees nothing; with mounts, so in a namespace."""
    base = Path("/srv") if os.access("/srv", os.W_OK) else Path.home()
    with tempfile.TemporaryDirectory(prefix=".ecs-dns-", dir=base) as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        with contextlib.closing(Lab(("root-namespaces", "user-namespaces"))) as laboratory:
            yield laboratory


def installed(lab: Lab, server: DnsServer, **changes: Any) -> Path:
    """The service as `init --timer` writes it there."""
    config = server.ground.run / "config.toml"
    if not config.exists():
        lab.settings_file(server, **changes)
    host = host_at(config)
    units = server.ground.run / "units"
    units.mkdir(exist_ok=True)
    command = (sys.executable, "-m", "ecs_anywhere_dns")
    list(write_units(Unit(command, config, host.settings, host.server), units))
    return units / SERVICE


def host_at(config: Path) -> Host:
    return hosts_of(load(config), lambda _: None)[0]


def run_confined(lab: Lab, service: Path, *words: str, **environment: str) -> Ran:
    """`words`: instead of those of the service."""
    started = dict(confined.service_of(service))["ExecStart"].replace("%%", "%").replace("$$", "$")
    ran = subprocess.run(
        [
            *lab.prefix, sys.executable, "-m", "tests.onprem.lab.confined", str(service),
            *(words or [*shlex.split(started), "--json"]),
        ],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": PATH, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def report(ran: Ran) -> dict[str, Any]:
    assert ran.stdout, ran.stderr
    said: dict[str, Any] = json.loads(ran.stdout)
    assert said["exit"] == ran.code
    return said


def test_the_units_run_this_very_tool_every_five_minutes_with_jitter(lab: Lab) -> None:
    server = lab.start("unbound")
    config = lab.settings_file(server)
    host, units = host_at(config), server.ground.run
    made = Unit((f"{lab.directory}/100%/$x/the tool",), config, host.settings, host.server)
    assert list(write_units(made, units)) == [f"wrote {units / name}" for name in UNIT_NAMES]
    again = [f"kept {units / name} as it is" for name in UNIT_NAMES]
    assert list(write_units(made, units)) == again
    service, timer = (directives((units / name).read_text()) for name in UNIT_NAMES)
    words = f'"{lab.directory}/100%%/$$x/the tool" --config {config} apply'
    assert service["ExecStart"] == words
    assert service["Type"] == "oneshot"
    assert service["SuccessExitStatus"] == str(int(Exit.DEGRADED))
    assert timer["OnUnitInactiveSec"] == "5min"
    assert timer["RandomizedDelaySec"] == "60"
    assert timer["WantedBy"] == "timers.target"
    assert host.settings.state.stat().st_mode & 0o777 == 0o750, "or the service could not make it"


def test_every_line_of_the_service_is_applied_here_or_named_as_left_out() -> None:
    for kind in SERVERS:
        (said,) = [unit(kind).text().partition("[Service]\n")[2]]
        keys = set(directives(said))
        assert keys <= set(confined.APPLY) | set(confined.NOT_APPLIED), keys
        assert set(confined.ONLY_IN_PART) <= keys
    assert not set(confined.APPLY) & set(confined.NOT_APPLIED)


TRIES = r"""
import ctypes, errno, json, mmap, os, socket, sys
from pathlib import Path

def code(do):
    try:
        do()
    except OSError as error:
        return errno.errorcode[error.errno]
    return ""

libc = ctypes.CDLL(None, use_errno=True)

def call(name, *arguments):
    if getattr(libc, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), name)

def suid():
    Path(sys.argv[1], "x").touch()
    os.chmod(Path(sys.argv[1], "x"), 0o4755)

status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(json.dumps({
    "etc": code(lambda: Path("/etc/ecs-anywhere-test").touch()),
    "run": code(lambda: Path("/run/ecs-anywhere-test").touch()),
    "sysctl": code(lambda: Path("/proc/sys/kernel/hostname").write_text("x")),
    "own": code(lambda: Path(sys.argv[1], "own").touch()),
    "tmp": sorted(os.listdir("/tmp")),
    "disks": [name for name in os.listdir("/dev") if name in ("vda", "sda", "mem", "kmsg")],
    "netlink": code(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
    "packet": code(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),
    "inet": code(lambda: socket.socket(socket.AF_INET)),
    "unshare": code(lambda: call("unshare", 0x10000000)),
    "mount": code(lambda: call("mount", b"none", b"/mnt", b"tmpfs", 0, None)),
    "chroot": code(lambda: os.chroot("/")),
    "suid": code(suid),
    "memory": code(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)),
    "hostname": code(lambda: socket.sethostname("x")),
    "setuid": code(lambda: os.setuid(1)),
    "umask": oct(os.umask(0)),
    "bounding": int(status["CapBnd"], 16),
    "effective": int(status["CapEff"], 16),
    "nnp": status["NoNewPrivs"],
    "metadata": os.environ.get("AWS_EC2_METADATA_DISABLED"),
}))
"""


def test_here_the_restrictions_hold(lab: Lab) -> None:
    """So that the tests below mean something."""
    server = lab.start("unbound")
    service = installed(lab, server)
    own = server.ground.run / "state"
    ran = run_confined(lab, service, sys.executable, "-c", TRIES, str(own))
    assert ran.code == 0, ran
    said = json.loads(ran.stdout)
    capabilities = 1 << 0 | 1 << 1 | 1 << 3
    is_there = REPOSITORY.is_relative_to("/tmp")
    checkout = [REPOSITORY.relative_to("/tmp").parts[0]] if is_there else []
    assert said == {
        "etc": "EROFS", "run": "EROFS", "sysctl": "EROFS", "own": "", "tmp": checkout, "disks": [],
        "netlink": "", "packet": "EAFNOSUPPORT", "inet": "", "unshare": "EPERM",
        "mount": "EPERM", "chroot": "EPERM", "suid": "EPERM", "memory": "EPERM",
        "hostname": "EPERM", "setuid": "EPERM", "umask": "0o77", "bounding": capabilities,
        "effective": capabilities, "nnp": "1", "metadata": "true",
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_apply_works_with_what_the_service_allows(lab: Lab, kind: str) -> None:
    server = lab.start(kind)
    service = installed(lab, server)
    lab.publish()
    first = report(run_confined(lab, service))
    assert (first["exit"], first["changed"]) == (Exit.DONE, True), first
    assert_private(lab)
    second = report(run_confined(lab, service))
    assert (second["exit"], second["changed"]) == (Exit.DONE, False), second
    lab.publish(state="withdrawn", zones=[], names={}, vpcCidrs=[])
    last = report(run_confined(lab, service))
    assert (last["exit"], last["changed"]) == (Exit.DONE, True), last
    assert_public(lab)


def test_monitoring_is_told_with_what_the_service_allows(lab: Lab) -> None:
    server = lab.start("unbound")
    folder = server.ground.run / "textfiles"
    folder.mkdir()
    file = folder / "ecs_anywhere_dns.prom"
    service = installed(lab, server, metrics_file=str(file))
    lab.publish()
    said = report(run_confined(lab, service))
    assert said["exit"] == Exit.DONE, said
    assert not any("monitoring" in hint for hint in said["hints"]), said
    assert f'ecs_anywhere_dns_up{{vpc="{lab.vpc_id}"}} 1\n' in file.read_text()
    service.write_text(service.read_text().replace(f"-{folder}", ""))
    said = report(run_confined(lab, service))
    assert said["exit"] == Exit.DONE, said
    assert any("monitoring will not know" in hint for hint in said["hints"])
    assert any("init --timer" in hint for hint in said["hints"])


@pytest.mark.parametrize("kind", KINDS)
def test_it_puts_back_with_what_the_service_allows(lab: Lab, kind: str) -> None:
    server = lab.start(kind)
    service = installed(lab, server)
    before = server.files()
    lab.publish()
    turn_after_preflight(lab)
    said = report(run_confined(lab, service))
    assert said["exit"] == Exit.ROLLED_BACK, said
    assert server.files() == before
    turn_right(lab)
    assert_public(lab)


@pytest.mark.parametrize("kind", KINDS)
def test_it_starts_a_dead_server_with_what_the_service_allows(lab: Lab, kind: str) -> None:
    """A run died after the swap, and the server with it. Its start is a message to systemd, over a
    socket (AF_UNIX)."""
    server = lab.start(kind)
    service = installed(lab, server)
    lab.publish()
    config = str(server.ground.run / "config.toml")
    died = forked.run(Start(tuple(lab.prefix), (config,), dict(os.environ), 60, fatal="reload"))
    assert died.code == -9
    server.stop()
    said = report(run_confined(lab, service))
    assert said["exit"] == Exit.DONE, said
    assert server.running()
    assert_private(lab)


def test_parameter_store_is_read_and_told_with_what_the_service_allows(
    lab: Lab, aws: Moto, authority: trustme.CA, credentials: None
) -> None:
    """With keys by `credential_process`, as IAM Roles Anywhere has it."""
    aws.post("reset")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(SSM).configure_cert(context)
    lab.account = MOTOS_ACCOUNT
    site = Site(lab, aws, lab.serve_https(SSM, context, ("127.0.0.1", aws.port)))
    service = installed(lab, site.start("bind"))
    bundle, program, profile = (lab.directory / name for name in ("ca.pem", "keys", "aws"))
    authority.cert_pem.write_to_path(str(bundle))
    keys = {"Version": 1, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "secret"}
    program.write_text(f"#!/bin/sh\necho '{json.dumps(keys)}'\n")
    program.chmod(0o755)
    profile.write_text(f"[default]\ncredential_process = {program}\n")
    site.publish()
    environment = {
        "AWS_CONFIG_FILE": str(profile), "AWS_CA_BUNDLE": str(bundle),
        "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
    }  # fmt: skip
    said = report(run_confined(lab, service, **environment))
    assert (said["exit"], said["changed"]) == (Exit.DONE, True), said
    assert site.acknowledgement()["result"] == "applied"
    assert_private(lab)


@pytest.mark.parametrize("kind", KINDS)
def test_a_service_that_may_not_write_its_files_fails_and_says_so(lab: Lab, kind: str) -> None:
    server = lab.start(kind)
    service = installed(lab, server)
    state = server.ground.run / "state"
    text = service.read_text()
    narrow = re.sub(r"^ReadWritePaths=.*$", f"ReadWritePaths=-{state}", text, flags=re.MULTILINE)
    assert narrow != text
    service.write_text(narrow)
    before = server.files()
    lab.publish()
    said = report(run_confined(lab, service))
    assert said["exit"] == Exit.CHECK_FAILED, said
    assert "Read-only file system" in said["summary"]
    assert str(server.directory) in said["summary"]
    assert "init --timer" in said["cure"]
    assert server.files() == before
    assert_public(lab)


def test_without_its_capabilities_the_service_fails(lab: Lab) -> None:
    """The folder of the fragment belongs to the DNS server's user."""
    if lab.tier != "root-namespaces":
        return  # nobody else is in a user namespace
    server = lab.start("unbound")
    service = installed(lab, server)
    lab.publish()
    fragment = Path(server.table["fragment"])
    os.chown(fragment, 12345, 12345)
    os.chown(fragment.parent, 12345, 12345)
    fragment.parent.chmod(0o700)
    text = service.read_text()
    service.write_text(re.sub(r"^(CapabilityBoundingSet)=.*$", r"\1=", text, flags=re.MULTILINE))
    refused = report(run_confined(lab, service))
    assert refused["exit"] != Exit.DONE, refused
    service.write_text(text)
    again = report(run_confined(lab, service))
    assert again["exit"] == Exit.DONE, again
    status = fragment.stat()
    assert (status.st_uid, status.st_gid) == (12345, 12345)


@pytest.mark.parametrize(("kind", "ends"), [("dnsmasq", 0), ("unbound", 1)])
def test_only_the_service_for_dnsmasq_may_signal_another_users_process(
    lab: Lab, kind: str, ends: int
) -> None:
    if lab.tier != "root-namespaces":
        return  # nobody else is in a user namespace
    service = installed(lab, lab.start(kind))
    with subprocess.Popen(["sleep", "60"], user=12345) as others:
        asked = "import os, sys; os.kill(int(sys.argv[1]), 0)"
        ran = run_confined(lab, service, sys.executable, "-c", asked, str(others.pid))
        others.kill()
    assert ran.code == ends, ran


# --- an old one


def test_doctor_and_status_name_a_service_that_an_older_version_wrote(lab: Lab) -> None:
    server = lab.start("unbound")
    service = installed(lab, server)
    host = host_at(server.ground.run / "config.toml")

    def said() -> tuple[str, list[str]]:
        seen = [f.what for f in examine([host], service.parent) if str(service) in f.what]
        return status([host], service.parent)["unit"], seen

    assert said() == ("current", [])
    text = service.read_text()
    service.write_text(text.replace("UMask=0077\n", ""))
    word, seen = said()
    assert word == "older"
    assert len(seen) == 1
    cure = next(f.cure for f in examine([host], service.parent) if str(service) in f.what)
    assert "init --timer" in cure and "daemon-reload" in cure
    service.unlink()
    assert said() == ("none", [])


def test_a_change_of_the_configuration_makes_the_service_old(lab: Lab) -> None:
    server = lab.start("unbound")
    service = installed(lab, server)
    config = lab.settings_file(server, state=str(server.ground.run / "another"))
    assert status([host_at(config)], service.parent)["unit"] == "older"
