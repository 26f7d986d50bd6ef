"""dnsmasq, the real one, and what it does not say by itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding
from ecs_anywhere_dns.outcome import CheckFailed, ReloadFailed
from ecs_anywhere_dns.servers.contract import Fragment
from ecs_anywhere_dns.servers.dnsmasq import Dnsmasq
from ecs_anywhere_dns.servers.dnsmasq.configuration import read_configuration
from ecs_anywhere_dns.servers.dnsmasq.hindrances import problems
from ecs_anywhere_dns.servers.dnsmasq.process import process_of
from ecs_anywhere_dns.servers.mark import mark_of
from ecs_anywhere_dns.servers.process import Process

from tests.onprem.inside import Inside
from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.lab import Lab
from tests.onprem.lab.messages import PUBLIC_ADDRESS

SSM = "ssm.us-east-2.amazonaws.com"
API_ECR = "api.ecr.us-east-2.amazonaws.com"
FORWARDING = Forwarding(("ecs.us-east-2.amazonaws.com", SSM), ("10.0.0.32", "10.0.1.32"), "vpc-1")


def installed(lab: Lab, admin: str = "", top: str = "") -> DnsServer:
    """As after `init` and the one restart."""
    return lab.start("dnsmasq", admin, top=top)


def wanted(lab: Lab, *, resolver_ips: tuple[str, ...] = ()) -> Forwarding:
    return Forwarding(lab.zones, resolver_ips or lab.resolver_ips, "vpc-1", lab.resolver_port)


@pytest.fixture
def server(lab: Lab) -> DnsServer:
    return installed(lab)


@pytest.fixture
def inside(lab: Lab, server: DnsServer) -> Iterator[Inside]:
    with Inside(lab, server) as inside:
        yield inside


def assert_private(lab: Lab) -> None:
    for transport in ("udp", "tcp"):
        for name, addresses in lab.names.items():
            assert lab.ask(name, transport=transport).addresses == addresses


def test_its_servers_file_is_rendered_to_the_byte() -> None:
    (fragment,) = Dnsmasq("us-east-2", "127.0.0.1", 53).fragments(FORWARDING)
    assert fragment.path == Path("/etc/ecs-anywhere-dns/dnsmasq.servers")
    assert fragment.text == (
        "# managed by ecs-anywhere-dns, do not edit\n"
        "# vpc-1\n"
        "server=/ecs.us-east-2.amazonaws.com/10.0.0.32\n"
        "server=/ecs.us-east-2.amazonaws.com/10.0.1.32\n"
        "server=/ssm.us-east-2.amazonaws.com/10.0.0.32\n"
        "server=/ssm.us-east-2.amazonaws.com/10.0.1.32\n"
        f"server=/loaded.ecs-anywhere-dns.invalid/{mark_of(FORWARDING)}#9\n"
    )


def test_nothing_to_forward_is_nothing_but_the_header() -> None:
    (fragment,) = Dnsmasq("us-east-2", "127.0.0.1", 53).fragments(NOTHING)
    assert fragment.text == ("# managed by ecs-anywhere-dns, do not edit\n# nothing is forwarded\n")


def test_after_the_first_application_every_name_is_private_and_none_was_asked_for_in_public(
    lab: Lab, inside: Inside
) -> None:
    inside.apply(wanted(lab))
    assert_private(lab)
    assert lab.public.saw_private(lab.zones) == []


def test_other_names_stay_on_the_internet(lab: Lab, inside: Inside) -> None:
    inside.apply(wanted(lab))
    assert lab.ask("www.example.com").addresses == (PUBLIC_ADDRESS,)
    assert lab.ask("sqs.us-east-2.amazonaws.com").addresses == (PUBLIC_ADDRESS,)


def test_it_asks_the_new_addresses_and_no_longer_the_old_ones(lab: Lab, inside: Inside) -> None:
    first, second = lab.resolver_ips
    inside.apply(wanted(lab, resolver_ips=(first,)))
    assert_private(lab)
    inside.apply(wanted(lab, resolver_ips=(second,)))
    lab.resolvers[first].queries.clear()
    assert_private(lab)
    assert lab.resolvers[first].queries == []


def test_back_to_none_is_the_internet_again(lab: Lab, inside: Inside) -> None:
    inside.apply(wanted(lab))
    assert lab.ask(SSM).addresses == lab.names[SSM]
    inside.apply(NOTHING)
    assert lab.ask(SSM).addresses == (PUBLIC_ADDRESS,)


def test_a_name_that_did_not_exist_yet_is_asked_for_again_after_the_flush(
    lab: Lab, inside: Inside
) -> None:
    inside.apply(wanted(lab))
    for resolver in lab.resolvers.values():
        resolver.behaviour = "nxdomain"
    assert lab.ask(SSM).rcode == "NXDOMAIN"
    for resolver in lab.resolvers.values():
        resolver.behaviour = "right"
    inside.flush([SSM])
    assert lab.ask(SSM).addresses == lab.names[SSM]


def test_a_line_that_is_wrong_in_the_servers_file_would_go_public_without_a_word(
    lab: Lab, server: DnsServer, inside: Inside
) -> None:
    """The trap: neither its check nor its reload notices. So we do, before and after."""
    forwarding = wanted(lab)
    inside.apply(forwarding)
    file = Path(server.table["servers_file"])
    file.write_text(file.read_text().replace(f"/{SSM}/", f"/{SSM}/300."))
    with pytest.raises(CheckFailed, match=r"line \d+: .*300"):
        inside.check_configuration()
    inside.reload()
    assert lab.ask(SSM).addresses == (PUBLIC_ADDRESS,)


def test_a_servers_file_that_cannot_be_loaded_is_seen_after_the_reload(
    lab: Lab, server: DnsServer, inside: Inside
) -> None:
    (fragment,) = inside.fragments(wanted(lab))
    fragment.path.write_text(fragment.text)
    # The other forwarding's mark is not the one that is loaded.
    with pytest.raises(ReloadFailed, match="has not loaded"):
        inside.check_effective(wanted(lab))
    inside.reload()
    inside.check_effective(wanted(lab))
    fragment.path.unlink()
    inside.reload()
    with pytest.raises(ReloadFailed, match="has not loaded"):
        inside.check_effective(NOTHING)


def test_one_that_was_started_before_it_was_told_of_the_servers_file_is_found_out(
    lab: Lab,
) -> None:
    server = lab.start("dnsmasq")
    static = server.directory / "dnsmasq.d" / "ecs-anywhere.conf"
    lines = static.read_text()
    static.write_text("")
    server.restart()
    static.write_text(lines)
    later = time.time() + 60
    os.utime(static, (later, later))
    with Inside(lab, server) as inside:
        assert [f.cure for f in inside.findings(None, NOTHING) if "started before" in f.what] == [
            "restart dnsmasq once, as in `systemctl restart dnsmasq`"
        ]
        with pytest.raises(ReloadFailed, match="has not loaded") as problem:
            inside.apply(wanted(lab))
        assert "restart dnsmasq once" in problem.value.cure
        server.restart()
        inside.apply(wanted(lab))
    assert_private(lab)


def test_without_the_include_nothing_is_reloaded(
    lab: Lab, server: DnsServer, inside: Inside
) -> None:
    (server.directory / "dnsmasq.d" / "ecs-anywhere.conf").write_text("")
    with pytest.raises(CheckFailed, match="no configuration of dnsmasq says servers-file="):
        inside.check_configuration()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("no-such-option", "would not start any more"),
        ("server=/ssm.us-east-2.amazonaws.com/198.51.100.1", "takes questions"),
        ("address=/x.ssm.us-east-2.amazonaws.com/198.51.100.1", "takes questions"),
        ("local=/a.example/*.ssm.us-east-2.amazonaws.com/", "takes questions"),
        ("no-ident", "no-ident"),
        ("servers-file=/dev/null", "repeated keyword"),
    ],
)
def test_an_administrators_line_that_breaks_it_is_named_before_the_reload(
    lab: Lab, server: DnsServer, inside: Inside, line: str, problem: str
) -> None:
    inside.apply(wanted(lab))
    more = server.directory / "dnsmasq.d" / "more.conf"
    more.write_text(f"# the administrator's\n{line}\n")
    with pytest.raises(CheckFailed, match=problem) as refused:
        inside.check_configuration()
    assert f"{more}:2" in refused.value.message or f"line 2 of {more}" in refused.value.message
    assert refused.value.cure
    assert_private(lab)


def test_a_line_for_a_wider_domain_is_no_hindrance(lab: Lab) -> None:
    server = installed(lab, admin="server=/amazonaws.com/203.0.113.1\naddress=/example/10.9.9.9")
    with Inside(lab, server) as inside:
        inside.apply(wanted(lab))
    assert_private(lab)


def test_rebinding_protection_lets_our_names_through(lab: Lab) -> None:
    server = installed(lab, admin="stop-dns-rebind")
    with Inside(lab, server) as inside:
        inside.apply(wanted(lab))
    assert_private(lab)


def test_rebinding_protection_without_our_exception_is_found_before_the_reload(lab: Lab) -> None:
    server = installed(lab, admin="stop-dns-rebind")
    static = server.directory / "dnsmasq.d" / "ecs-anywhere.conf"
    static.write_text(static.read_text().splitlines()[0] + "\n")
    with Inside(lab, server) as inside, pytest.raises(CheckFailed, match="stop-dns-rebind") as no:
        inside.apply(wanted(lab))
    assert no.value.cure.startswith("add rebind-domain-ok=/")


def test_with_dnssec_validation_our_names_are_answered(lab: Lab) -> None:
    server = lab.start("dnsmasq", validating=True)
    with Inside(lab, server) as inside:
        inside.apply(wanted(lab))
    assert_private(lab)


def test_one_without_any_other_server_is_understood(lab: Lab) -> None:
    """What it says then is no proper TXT record."""
    server = installed(lab)
    lines = server.main.read_text().splitlines(keepends=True)
    server.main.write_text("".join(x for x in lines if not x.startswith("server=")))
    server.restart()
    with Inside(lab, server) as inside:
        assert inside.is_running()
        inside.apply(wanted(lab))
        assert_private(lab)
        inside.apply(NOTHING)
        assert lab.ask(SSM).rcode == "REFUSED"


def test_one_that_does_not_run_is_no_surprise(lab: Lab, server: DnsServer, inside: Inside) -> None:
    assert inside.is_running()
    server.stop()
    assert not inside.is_running()
    with pytest.raises(ReloadFailed, match="does not run"):
        inside.reload()
    assert not inside.findings(None, NOTHING)[1].ok


def test_a_process_id_that_is_another_programs_gets_no_signal(lab: Lab, server: DnsServer) -> None:
    file = server.ground.run / "other.pid"
    file.write_text(str(os.getpid()))
    with (
        Inside(lab, server, pid_file=str(file)) as inside,
        pytest.raises(ReloadFailed, match=f"names process {os.getpid()}, which is"),
    ):
        inside.reload()


def test_one_that_is_dead_is_started_again(lab: Lab, server: DnsServer, inside: Inside) -> None:
    server.stop()
    inside.revive()
    assert inside.is_running()
    inside.revive()
    inside.apply(wanted(lab))
    assert_private(lab)


def test_one_that_cannot_be_started_is_named(lab: Lab, server: DnsServer) -> None:
    server.stop()
    with Inside(lab, server, start=["false"]) as inside, pytest.raises(ReloadFailed, match="false"):
        inside.revive()


def test_all_is_well_after_an_application(lab: Lab, inside: Inside) -> None:
    inside.apply(wanted(lab))
    found = inside.findings(wanted(lab), wanted(lab))
    assert [finding for finding in found if not finding.ok] == []
    assert any("Dnsmasq version 2." in finding.what for finding in found)


def test_what_makes_failing_over_worse_is_found(lab: Lab) -> None:
    server = installed(lab, admin="strict-order\nfast-dns-retry")
    with Inside(lab, server) as inside:
        bad = [finding.what for finding in inside.findings(None, NOTHING) if not finding.ok]
    assert ["strict-order" in bad[0], "fast-dns-retry" in bad[1]] == [True, True]


def test_another_servers_file_of_the_administrators_is_not_pushed_aside(lab: Lab) -> None:
    server = lab.start("dnsmasq")
    static = server.directory / "dnsmasq.d" / "ecs-anywhere.conf"
    static.write_text("servers-file=/dev/null\n")
    with (
        Inside(lab, server) as inside,
        pytest.raises(CheckFailed, match="servers-file=/dev/null: dnsmasq takes only one"),
    ):
        inside.includes()


@pytest.mark.parametrize(
    "edited",
    [
        "server=/ssm.us-east-2.amazonaws.com/\n",
        "server=/ssm.us-east-2.amazonaws.com/10.0.0.256\n",
        "server=/ecs-a-*.us-east-2.amazonaws.com/10.0.0.32\n",
        "server=/ssm.us-east-2.amazonaws.com/10.0.0.32#70000\n",
        "server=8.8.8.8\n",
        "cache-size=0\n",
        "server=/ssm.us-east-2.amazonaws.com/10.0.0.32",
        "server=/ssm.us-east-2.amazonaws.com/10.0.0.32\n",
    ],
)
def test_a_fragment_that_is_not_ours_is_refused(tmp_path: Path, edited: str) -> None:
    server = Dnsmasq("us-east-2", "127.0.0.1", 53)
    with pytest.raises(CheckFailed):
        server.check_fragments([Fragment(tmp_path / "f", edited)], tmp_path)


def test_its_configuration_is_read_as_it_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    for name in ("a.conf", "b", "c.dpkg-old", ".hidden", "e~", "#f#"):
        (folder / name).write_text(f"server=/{name.strip('.#~')}.example/10.0.0.1#53 # why\n")
    main = tmp_path / "main"
    main.write_text(f'#server=/no.example/1.2.3.4\nconf-file={main}\n"x"\nno-hosts\n')
    words = ("-C", str(main), f"--conf-dir={folder},.dpkg-old", "-S/z.example/1.2.3.4", "-k")
    found = read_configuration(words, Path("/nowhere"))
    assert [line.domains for line in found.of("server")] == [
        ("a.conf.example",), ("b.example",), ("z.example",)
    ]  # fmt: skip
    assert found.of("server")[0].value == "/a.conf.example/10.0.0.1#53"
    assert found.has("no-hosts")


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    """Debian's service names the folder, and so may the main file."""
    folder, main = tmp_path / "d", tmp_path / "main"
    folder.mkdir()
    (folder / "ours.conf").write_text("servers-file=/x\n")
    main.write_text(f"conf-dir={folder}/,*.conf\n")
    found = read_configuration((f"-7{folder}", "-k"), main)
    assert [line.value for line in found.of("servers-file")] == ["/x"]


@pytest.mark.parametrize(
    ("line", "hinders"),
    [
        ("bogus-nxdomain=10.0.0.0/8", True),
        ("ignore-address=10.0.0.32", True),
        ("filter-A", True),
        ("bogus-nxdomain=64.94.110.11", False),
        ("filter-AAAA", False),
    ],
)
def test_a_line_that_drops_private_addresses_is_named_before_the_reload(
    tmp_path: Path, line: str, hinders: bool
) -> None:
    main = tmp_path / "main"
    server = Dnsmasq("us-east-2", "127.0.0.1", 53, pid_file=tmp_path / "none")
    main.write_text(f"servers-file={server.servers_file}\n{line}\n")
    forwarding = Forwarding(("ecs.us-east-2.amazonaws.com",), ("10.0.0.32",), "vpc-1")
    found = list(problems(server, read_configuration((), main), forwarding))
    assert [line in finding.what for finding in found] == [True] * hinders


def test_pi_hole_is_said_not_to_be_supported(tmp_path: Path) -> None:
    program, pid_file = tmp_path / "pihole-FTL", tmp_path / "pid"
    shutil.copy("/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as running:
        pid_file.write_text(str(running.pid))
        try:
            named = Path(f"/proc/{running.pid}/comm")
            while named.read_text().strip() != program.name:
                time.sleep(0.01)  # until the child has become that program
            with pytest.raises(ReloadFailed, match="Pi-hole") as refused:
                process_of(pid_file)
        finally:
            running.kill()
    assert "render --server dnsmasq" in refused.value.cure


def test_what_it_may_not_read_any_more_is_named(tmp_path: Path) -> None:
    """It gives up root after it has read its files the first time."""
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    file = folder / "servers"
    file.write_text("")
    with somebody_else(file) as pid:
        shut = Process(pid).unreadable(file)
    assert shut is not None
    assert shut in (file, *file.parents)
    assert Process(os.getpid()).unreadable(tmp_path) is None


@contextmanager
def somebody_else(file: Path) -> Iterator[int]:
    """A process that may not read it: of nobody, or, without root, ours and the file shut."""
    if os.geteuid() != 0:
        file.chmod(0)
        yield os.getpid()
        return
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat"]
    with subprocess.Popen(nobody, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        process.stdin.write(b"it runs\n")
        process.stdin.flush()
        process.stdout.readline()
        yield process.pid
        process.stdin.close()
