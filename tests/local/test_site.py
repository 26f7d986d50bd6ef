"""A company's site: a real DNS server in its own network, a link to the VPC, and the internet."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from local.contracts import NetworkState, PublicQuery, Site, SiteImpossible
from local.engine import EmbeddedAws
from local.networks import VpcNetworks
from local.networks.vpc_network import NetworkProcessDied, NetworkProcessError
from local.settings import REPOSITORY
from local.site import (
    Answer,
    Bind,
    DnsServer,
    DnsServerError,
    NoDnsServer,
    Question,
    Unbound,
    installed,
    start,
)
from local.site.question import PROGRAM
from tests.local.test_networks import none_left, processes_of

CIDRS, ONPREM = ("10.0.0.0/16",), "10.64.0.0/16"
RESOLVER_IPS = ("10.0.0.32", "10.0.1.32")
SSM, SSM_ADDRESS = "ssm.us-east-2.amazonaws.com", "10.0.0.57"
PUBLIC = "198.51.100.7"
STATE = NetworkState(CIDRS, frozenset(RESOLVER_IPS), {SSM: (SSM_ADDRESS,)}, {SSM_ADDRESS: (SSM,)})
NOTHING = NetworkState(CIDRS)
TIERS = ("root-namespaces", "user-namespaces")
Kind = type[Bind] | type[Unbound]


# What runs on the site, as source text.


def connect(ip: str, port: int) -> str:
    import errno
    import socket

    with socket.socket() as plain:
        plain.settimeout(2)
        return errno.errorcode.get(plain.connect_ex((ip, port)), "connected")


def own_address_towards(ip: str) -> str:
    import socket

    with socket.socket(type=socket.SOCK_DGRAM) as plain:
        plain.connect((ip, 53))
        return str(plain.getsockname()[0])


def environment() -> dict[str, str]:
    import os

    return dict(os.environ)


def get_parameter(name_server: str, name: str) -> str:
    import boto3
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [name_server]
    dns.resolver.override_system_resolver(resolver)
    parameter = boto3.client("ssm").get_parameter(Name=name)
    return str(parameter["Parameter"]["Value"])


def on_site(site: Site, function: Callable[..., Any], *arguments: Any, **variables: str) -> Any:
    """What `function` returns when it is called there."""
    text = f"import json\n{inspect.getsource(function)}\n"
    call = f"print(json.dumps({function.__name__}(*{arguments!r})))"
    ran = subprocess.run(
        [*site.prefix, sys.executable, "-c", text + call],
        env={"PATH": os.environ["PATH"], **variables}, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def ask(site: Site, server: str, name: str, transport: str = "udp") -> tuple[str, list[str]]:
    """Any DNS server that can be reached from the site."""
    asked = json.dumps([[name, transport]])
    client = [*site.prefix, *PROGRAM, server, site.client_ip, "0.5"]
    ran = subprocess.run(client, input=asked, capture_output=True, text=True, check=True)
    [[rcode, addresses]] = json.loads(ran.stdout)
    return rcode, addresses


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(gaps=("gateway",)) as aws:
        yield aws


@pytest.fixture(scope="module", params=TIERS)
def networks(request: pytest.FixtureRequest, aws: EmbeddedAws) -> Iterator[VpcNetworks]:
    networks = VpcNetworks((request.param,), aws.url.removeprefix("http://"))
    try:
        networks.apply("vpc-of-the-fixture", STATE)
    except NetworkProcessError as error:
        networks.close()
        pytest.skip(f"not on this machine: {error}")
    networks.apply("vpc-of-the-fixture", NOTHING)
    yield networks
    networks.close()


@contextmanager
def vpc_in_state(networks: VpcNetworks) -> Iterator[str]:
    vpc_id = f"vpc-{uuid.uuid4().hex[:17]}"
    networks.apply(vpc_id, STATE)
    yield vpc_id
    networks.apply(vpc_id, NOTHING)


@pytest.fixture(scope="module")
def vpc_id(networks: VpcNetworks) -> Iterator[str]:
    """A VPC in `STATE`, with a site, for tests that leave it so."""
    with vpc_in_state(networks) as vpc_id:
        yield vpc_id


@pytest.fixture(scope="module")
def site(networks: VpcNetworks, vpc_id: str) -> Iterator[Site]:
    site = networks.connect_site(vpc_id, CIDRS, ONPREM)
    yield site
    site.close()


@pytest.fixture
def own_vpc_id(networks: VpcNetworks) -> Iterator[str]:
    """A VPC in `STATE` of a test's own."""
    with vpc_in_state(networks) as vpc_id:
        yield vpc_id


@pytest.fixture
def own_site(networks: VpcNetworks, own_vpc_id: str) -> Iterator[Site]:
    site = networks.connect_site(own_vpc_id, CIDRS, ONPREM)
    yield site
    site.close()


@pytest.fixture(params=[Bind, Unbound])
def server(request: pytest.FixtureRequest, site: Site, tmp_path: Path) -> Iterator[DnsServer]:
    with start(site, tmp_path, [request.param]) as server:
        yield server


def forward(server: DnsServer) -> None:
    """What the pick-up tool does, in short."""
    if isinstance(server.kind, Bind):
        to = "".join(f"{ip}; " for ip in RESOLVER_IPS)
        text = f'zone "{SSM}" {{ type forward; forward only; forwarders {{ {to}}}; }};\n'
        reload, flush = "reconfig", "flushtree"
    else:
        to = "".join(f"    forward-addr: {ip}\n" for ip in RESOLVER_IPS)
        text = f'forward-zone:\n    name: "{SSM}"\n{to}    forward-first: no\n'
        reload, flush = "reload", "flush_zone"
    server.kind.fragments[0].write_text(text)
    for command in ([reload], [flush, SSM]):
        ran = server.control(*command)
        assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_the_vpcs_resolvers_answer_the_site(site: Site, transport: str) -> None:
    for ip in RESOLVER_IPS:
        assert ask(site, ip, SSM, transport) == ("NOERROR", [SSM_ADDRESS])


def test_the_site_speaks_from_an_address_of_its_own_network(site: Site) -> None:
    assert on_site(site, own_address_towards, RESOLVER_IPS[0]) == site.dns_ip == "10.64.0.53"
    assert site.client_ip == "10.64.0.10"


def test_only_what_answers_in_the_vpc_can_be_reached(site: Site, aws: EmbeddedAws) -> None:
    api = int(aws.url.rpartition(":")[2])
    assert on_site(site, connect, SSM_ADDRESS, 443) == "connected"
    assert on_site(site, connect, RESOLVER_IPS[0], 443) == "ECONNREFUSED"
    assert on_site(site, connect, "10.0.0.99", 443) == "ECONNREFUSED"
    assert on_site(site, connect, "127.0.0.1", api) == "ECONNREFUSED"
    assert on_site(site, connect, "169.254.100.1", api) == "ECONNREFUSED"
    assert on_site(site, connect, PUBLIC, 443) == "ENETUNREACH"
    assert on_site(site, connect, "10.65.0.1", 443) == "ENETUNREACH"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_the_internets_dns_knows_every_name_and_remembers_who_was_asked_for(
    site: Site, transport: str
) -> None:
    before = len(site.public_queries())
    assert ask(site, site.public_dns_ip, "WWW.example.com", transport) == ("NOERROR", [PUBLIC])
    assert site.public_queries()[before:] == [PublicQuery("www.example.com", "A")]


def test_a_cut_link_loses_packets_and_a_restored_one_does_not(site: Site) -> None:
    site.cut()
    assert ask(site, RESOLVER_IPS[0], SSM)[0] == "Timeout"
    assert ask(site, site.public_dns_ip, SSM) == ("NOERROR", [PUBLIC])
    site.restore()
    assert ask(site, RESOLVER_IPS[0], SSM) == ("NOERROR", [SSM_ADDRESS])


def test_a_network_added_to_the_vpc_is_routed_to(
    networks: VpcNetworks, own_vpc_id: str, own_site: Site
) -> None:
    networks.apply(own_vpc_id, NetworkState((*CIDRS, "10.9.0.0/16"), frozenset({"10.9.0.2"})))
    assert ask(own_site, "10.9.0.2", SSM) == ("NOERROR", [PUBLIC])


def test_a_site_outlives_what_answers_in_the_vpc(
    networks: VpcNetworks, own_vpc_id: str, own_site: Site
) -> None:
    networks.apply(own_vpc_id, NOTHING)
    assert ask(own_site, RESOLVER_IPS[0], SSM)[0] == "Timeout"
    assert ask(own_site, own_site.public_dns_ip, SSM) == ("NOERROR", [PUBLIC])
    networks.apply(own_vpc_id, STATE)
    assert ask(own_site, RESOLVER_IPS[0], SSM) == ("NOERROR", [SSM_ADDRESS])


def test_the_last_one_out_ends_the_network_process(networks: VpcNetworks, own_vpc_id: str) -> None:
    site = networks.connect_site(own_vpc_id, CIDRS, ONPREM)
    networks.apply(own_vpc_id, NOTHING)
    assert processes_of(own_vpc_id)
    site.close()
    site.close()
    assert not processes_of(own_vpc_id)


def test_a_site_can_be_there_before_anything_answers(networks: VpcNetworks) -> None:
    vpc_id = f"vpc-{uuid.uuid4().hex[:17]}"
    site = networks.connect_site(vpc_id, CIDRS, ONPREM)
    networks.apply(vpc_id, STATE)
    assert ask(site, RESOLVER_IPS[0], SSM) == ("NOERROR", [SSM_ADDRESS])
    networks.apply(vpc_id, NOTHING)
    site.close()
    assert not processes_of(vpc_id)


def test_a_new_site_after_the_old_one_remembers_nothing(
    networks: VpcNetworks, own_vpc_id: str
) -> None:
    for _ in range(3):
        site = networks.connect_site(own_vpc_id, CIDRS, ONPREM)
        ask(site, site.public_dns_ip, "once.example")
        assert site.public_queries() == [PublicQuery("once.example", "A")]
        site.close()


@pytest.mark.parametrize(
    ("cidr", "reason"),
    [
        ("10.0.4.0/22", "overlaps the VPC's 10.0.0.0/16"),
        ("10.64.0.0/27", "too small"),
        (ONPREM, "has a site already"),
    ],
)
def test_a_site_that_cannot_be_is_refused_with_the_reason(
    networks: VpcNetworks, vpc_id: str, site: Site, cidr: str, reason: str
) -> None:
    with pytest.raises(SiteImpossible, match=reason):
        networks.connect_site(vpc_id, CIDRS, cidr)
    assert ask(site, RESOLVER_IPS[0], SSM) == ("NOERROR", [SSM_ADDRESS])


def test_loopback_sockets_have_no_site_and_say_why() -> None:
    networks = VpcNetworks(("loopback",), "127.0.0.1:9")
    try:
        with pytest.raises(SiteImpossible, match="asked to be loopback sockets"):
            networks.connect_site("vpc-1", CIDRS, ONPREM)
        assert not processes_of("vpc-1")
    finally:
        networks.close()


def test_without_namespaces_the_reason_is_the_machines_own(tmp_path: Path) -> None:
    """No nsenter on the path stands for a machine that allows no namespaces."""
    code = (
        "from local.networks import TIERS, VpcNetworks\n"
        "networks = VpcNetworks(TIERS['auto'], '127.0.0.1:9')\n"
        f"try: networks.connect_site('vpc-1', {CIDRS!r}, {ONPREM!r})\n"
        "finally: networks.close()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, env={"PATH": str(tmp_path)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert "SiteImpossible" in ran.stderr
    assert "root-namespaces: nsenter (util-linux) is not installed" in ran.stderr


def test_a_site_goes_with_a_network_process_that_dies(
    networks: VpcNetworks, own_vpc_id: str
) -> None:
    site = networks.connect_site(own_vpc_id, CIDRS, ONPREM)
    os.kill(min(processes_of(own_vpc_id)), signal.SIGKILL)
    assert none_left(own_vpc_id)
    with pytest.raises(NetworkProcessDied, match=own_vpc_id):
        site.cut()
    with pytest.raises(NetworkProcessDied, match="is gone"):
        site.restore()
    site.close()
    networks.apply(own_vpc_id, STATE)
    again = networks.connect_site(own_vpc_id, CIDRS, ONPREM)
    assert ask(again, RESOLVER_IPS[0], SSM) == ("NOERROR", [SSM_ADDRESS])
    again.close()


def test_a_killed_engine_leaves_neither_site_nor_dns_server(
    networks: VpcNetworks, tmp_path: Path
) -> None:
    vpc_id = f"vpc-{uuid.uuid4().hex[:17]}"
    code = (
        "import sys, time; from pathlib import Path; from local.networks import VpcNetworks\n"
        "from local.site import start\n"
        f"networks = VpcNetworks({tuple(networks.tiers)!r}, '127.0.0.1:9')\n"
        f"site = networks.connect_site({vpc_id!r}, {CIDRS!r}, {ONPREM!r})\n"
        f"start(site, Path({str(tmp_path)!r}))\n"
        "print(networks.trust_bundle.parent, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as engine:
        assert engine.stdout
        scratch = engine.stdout.readline().strip()
        assert processes_of(vpc_id)
        assert running_from(tmp_path)
        engine.kill()
    assert none_left(vpc_id)
    end = time.monotonic() + 5
    while running_from(tmp_path) and time.monotonic() < end:
        time.sleep(0.01)
    assert not running_from(tmp_path)
    shutil.rmtree(scratch)


def running_from(folder: Path) -> list[str]:
    programs = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            programs.append(str((process / "exe").readlink()))
    return [program for program in programs if program.startswith(str(folder))]


def test_a_companys_server_asks_the_internet_until_it_is_told_to_forward(
    site: Site, server: DnsServer
) -> None:
    questions, before = (Question(SSM), Question(SSM, "tcp")), len(site.public_queries())
    assert server.ask(*questions) == 2 * [Answer("NOERROR", (PUBLIC,))]
    assert PublicQuery(SSM, "A") in site.public_queries()[before:]
    forward(server)
    before = len(site.public_queries())
    assert server.ask(*questions) == 2 * [Answer("NOERROR", (SSM_ADDRESS,))]
    assert server.ask(Question("www.example.com")) == [Answer("NOERROR", (PUBLIC,))]
    asked = {query.name for query in site.public_queries()[before:]}
    assert "www.example.com" in asked
    assert SSM not in asked


def test_a_name_that_is_forwarded_does_not_leak_when_the_link_is_cut(
    site: Site, server: DnsServer
) -> None:
    forward(server)
    before = len(site.public_queries())
    site.cut()
    assert server.ask(Question(SSM), seconds=0.5) == [Answer("Timeout", ())]
    assert server.ask(Question("www.example.com")) == [Answer("NOERROR", (PUBLIC,))]
    site.restore()
    assert SSM not in {query.name for query in site.public_queries()[before:]}
    assert server.is_running()


def test_a_host_of_the_company_uses_aws_over_the_link(
    aws: EmbeddedAws, networks: VpcNetworks, site: Site, tmp_path: Path
) -> None:
    aws.client("ssm").put_parameter(Name="/mine", Value="read", Type="String", Overwrite=True)
    with start(site, tmp_path) as server:
        forward(server)
        variables = {
            "AWS_CA_BUNDLE": str(networks.trust_bundle),
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": "us-east-2",
        }
        assert on_site(site, get_parameter, site.dns_ip, "/mine", **variables) == "read"


def test_a_command_has_the_environment_that_it_is_given(site: Site, tmp_path: Path) -> None:
    with start(site, tmp_path) as server:
        text = f"{inspect.getsource(environment)}\nprint(sorted(environment()))"
        ran = server.run([sys.executable, "-c", text], {"AWS_REGION": "us-east-2"})
    assert {"AWS_REGION", "PATH"} <= set(eval(ran.stdout))
    assert "HOME" not in eval(ran.stdout)


@pytest.mark.parametrize("kind", [Bind, Unbound])
def test_a_server_that_does_not_start_tells_why(site: Site, tmp_path: Path, kind: Kind) -> None:
    kind(tmp_path).fragments[0].write_text("nonsense {")
    with pytest.raises(DnsServerError, match=rf"{kind.title} does not answer: .*ecs-anywhere"):
        start(site, tmp_path, [kind])
    assert not running_from(tmp_path)


def test_the_most_used_server_is_preferred(tmp_path: Path) -> None:
    for program in ("named", "rndc", "unbound", "unbound-control"):
        (tmp_path / program).touch(0o755)
    assert installed(path=str(tmp_path)) is Bind
    (tmp_path / "rndc").unlink()
    assert installed(path=str(tmp_path)) is Unbound


def test_without_any_server_its_packages_are_named(tmp_path: Path) -> None:
    with pytest.raises(NoDnsServer, match=r"apt install bind9 .* or `apt install unbound`"):
        installed(path=str(tmp_path))
