"""The laboratory itself: what the other tests of the pick-up tool stand on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from connectivity.domain.publication import zones_covering
from ecs_anywhere_dns.document import read_document
from ecs_anywhere_dns.forwarding import NOTHING

from tests.onprem.inside import Inside
from tests.onprem.lab.client import NOT_LISTENING, TIMEOUT
from tests.onprem.lab.lab import KINDS, REPOSITORY, TIER_VARIABLE, Lab
from tests.onprem.lab.messages import PUBLIC_ADDRESS
from tests.onprem.lab.network import TIERS
from tests.onprem.lab.resolver import DELAY, Behaviour

REGION = "us-east-2.amazonaws.com"
SSM, ECR_API = f"ssm.{REGION}", f"api.ecr.{REGION}"
SHORT = 0.3
"""Seconds to wait for an answer that will not come; those that come take a few milliseconds."""
PATIENCE = 10.0


@pytest.fixture(params=TIERS)
def tier(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A laboratory in each tier; in loopback where this machine does not allow the tier."""
    lab = Lab((request.param, "loopback"))
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def vpc() -> Iterator[Lab]:
    """One for the tests that need no DNS server."""
    lab = Lab()
    yield lab
    lab.close()


def forwarding(lab: Lab, kind: str) -> str:
    """As an administrator writes it by hand."""
    first, second = lab.resolver_ips
    port = lab.resolver_port
    form = {
        "bind": 'zone "{zone}" {{ type forward; forward only; '
        "forwarders {{ {first} port {port}; {second} port {port}; }}; }};\n",
        "unbound": 'forward-zone:\n  name: "{zone}"\n'
        "  forward-addr: {first}@{port}\n  forward-addr: {second}@{port}\n",
        "dnsmasq": "server=/{zone}/{first}#{port}\nserver=/{zone}/{second}#{port}\n",
        "powerdns": "forward-zones-recurse+={zone}={first}:{port};{second}:{port}\n",
        "knot": "policy.add(policy.suffix(policy.STUB({{'{first}@{port}', '{second}@{port}'}}), "
        "policy.todnames({{'{zone}.'}})))\n",
        "resolved": "[Delegate]\nDNS={first}:{port} {second}:{port}\nDomains=~{zone}\n",
    }[kind]
    values = {"first": first, "second": second, "port": port}
    return "".join(form.format(zone=zone, **values) for zone in lab.zones)


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def becomes_gone(pid: int) -> bool:
    deadline = time.monotonic() + PATIENCE
    while is_there(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_there(pid)


class TestDnsServers:
    def test_a_name_that_is_not_forwarded_is_seen_in_public(
        self, tier: Lab, server_kind: str
    ) -> None:
        tier.start(server_kind)
        for transport in ("udp", "tcp"):
            assert tier.ask(SSM, transport=transport).addresses == (PUBLIC_ADDRESS,)
        assert set(tier.public.saw_private(tier.zones)) == {SSM}
        assert all(resolver.queries == [] for resolver in tier.resolvers.values())

    def test_a_forwarded_name_is_answered_by_the_vpc_alone(
        self, tier: Lab, server_kind: str
    ) -> None:
        tier.start(server_kind, top=forwarding(tier, server_kind))
        for name, addresses in tier.names.items():
            assert tier.ask(name).addresses == addresses
        assert tier.ask(SSM, "AAAA").rcode == "NOERROR"
        assert tier.ask(f"{tier.account}.dkr.ecr.{REGION}").rcode == "NOERROR"
        assert tier.public.saw_private(tier.zones) == []
        assert tier.ask("www.example.com").addresses == (PUBLIC_ADDRESS,)

    def test_running_leaves_the_administrators_files_alone(
        self, lab: Lab, server_kind: str
    ) -> None:
        server = lab.start(server_kind)
        before = server.files()
        lab.ask("www.example.com")
        server.restart()
        assert server.main in before
        assert server.files() == before

    def test_a_stopped_one_is_silent_until_it_is_started_again(
        self, lab: Lab, server_kind: str
    ) -> None:
        server = lab.start(server_kind)
        server.stop()
        assert not server.running()
        assert lab.ask(SSM, transport="tcp").rcode == NOT_LISTENING
        assert lab.ask(SSM, patience=SHORT).rcode == TIMEOUT
        subprocess.run(server.ground.start_command, check=True)
        assert server.running()
        assert lab.ask(SSM).rcode == "NOERROR"

    @pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "resolved"])
    def test_one_that_cannot_start_says_why(self, lab: Lab, kind: str) -> None:
        """systemd-resolved starts with whatever it finds."""
        with pytest.raises(
            RuntimeError, match=rf"(?s){kind} did not start:.*(nonsense|bad option)"
        ):
            lab.start(kind, "nonsense nonsense")

    def test_a_validating_one_finds_that_the_internet_is_unsigned(
        self, lab: Lab, server_kind: str
    ) -> None:
        lab.start(server_kind, validating=True)
        assert lab.ask("www.example.com").rcode == "SERVFAIL"

    def test_without_init_it_has_never_heard_of_us(self, lab: Lab, server_kind: str) -> None:
        server = lab.start(server_kind, initialised=False)
        assert not [path for path in server.files() if "ecs-anywhere" in path.name]
        assert not [path for path, text in server.files().items() if b"ecs-anywhere." in text]

    def test_the_tool_knows_its_files_and_commands(self, tier: Lab, server_kind: str) -> None:
        running = tier.start(server_kind)
        with Inside(tier, running) as server:
            assert server.is_running()
            fragments = {fragment.path for fragment in server.fragments(NOTHING)}
            assert fragments <= running.files().keys()
            server.check_configuration()

    def test_two_of_a_kind_run_side_by_side(self, lab: Lab) -> None:
        first, second = lab.start("bind"), lab.start("bind")
        assert lab.ask(SSM, server=first).rcode == lab.ask(SSM, server=second).rcode == "NOERROR"
        assert first.pid != second.pid


class TestLink:
    def test_what_is_sent_over_a_cut_link_vanishes(self, tier: Lab) -> None:
        ip, _ = tier.resolver_ips
        tier.cut()
        for transport in ("udp", "tcp"):
            reply = tier.ask_resolver(ip, SSM, transport=transport, patience=SHORT)
            assert reply.rcode == TIMEOUT
        assert tier.resolvers[ip].queries == []

    def test_a_restored_link_is_as_it_was(self, tier: Lab) -> None:
        ip, _ = tier.resolver_ips
        tier.cut()
        tier.restore()
        tier.restore()
        for transport in ("udp", "tcp"):
            reply = tier.ask_resolver(ip, SSM, transport=transport)
            assert reply.addresses == tier.names[SSM]

    def test_the_internet_is_reached_without_it(self, tier: Lab, server_kind: str) -> None:
        tier.start(server_kind, top=forwarding(tier, server_kind))
        tier.cut()
        assert tier.ask("www.example.com").addresses == (PUBLIC_ADDRESS,)
        assert tier.ask(SSM, patience=SHORT).rcode == TIMEOUT
        assert tier.public.saw_private(tier.zones) == []


class TestResolver:
    @pytest.fixture(autouse=True)
    def _afresh(self, vpc: Lab) -> None:
        for resolver in vpc.resolvers.values():
            resolver.behaviour = "right"
            resolver.queries.clear()

    @pytest.mark.parametrize("transport", ["udp", "tcp"])
    @pytest.mark.parametrize(
        ("behaviour", "name", "rcode", "addresses"),
        [
            ("right", SSM, "NOERROR", ("10.0.0.46", "10.0.1.46")),
            ("right", ECR_API, "NOERROR", ("10.0.0.41", "10.0.1.41")),
            ("right", f"1.dkr.ecr.{REGION}", "NOERROR", ("10.0.0.42", "10.0.1.42")),
            ("right", f"below.{SSM}", "NXDOMAIN", ()),
            ("right", "www.example.com", "NOERROR", (PUBLIC_ADDRESS,)),
            ("silent", SSM, TIMEOUT, ()),
            ("servfail", SSM, "SERVFAIL", ()),
            ("refused", SSM, "REFUSED", ()),
            ("nxdomain", SSM, "NXDOMAIN", ()),
            ("public", SSM, "NOERROR", (PUBLIC_ADDRESS,)),
            ("wrong-vpc", SSM, "NOERROR", ("10.99.0.1", "10.99.0.2")),
            ("cname-escape", ECR_API, "NOERROR", (PUBLIC_ADDRESS,)),
            ("cname-escape", SSM, "NOERROR", ("10.0.0.46", "10.0.1.46")),
            ("slow", SSM, "NOERROR", ("10.0.0.46", "10.0.1.46")),
            ("missing", f"ecs-t.{REGION}", "NXDOMAIN", ()),
            ("missing", SSM, "NOERROR", ("10.0.0.46", "10.0.1.46")),
        ],
    )
    def test_it_behaves_as_it_is_told(
        self, vpc: Lab, behaviour: Behaviour, name: str, rcode: str,
        addresses: tuple[str, ...], transport: str,
    ) -> None:  # fmt: skip
        ip, _ = vpc.resolver_ips
        vpc.resolvers[ip].behaviour = behaviour
        patience = SHORT if rcode == TIMEOUT else PATIENCE
        reply = vpc.ask_resolver(ip, name, transport=transport, patience=patience)
        assert (reply.rcode, reply.addresses) == (rcode, here(vpc, addresses))
        assert vpc.resolvers[ip].queries == [(name, "A", transport)]

    @pytest.mark.parametrize(("silent", "answering"), [("udp", "tcp"), ("tcp", "udp")])
    def test_it_can_be_silent_over_one_transport(
        self, vpc: Lab, silent: str, answering: str
    ) -> None:
        ip, _ = vpc.resolver_ips
        vpc.resolvers[ip].behaviour = "silent-udp" if silent == "udp" else "silent-tcp"
        assert vpc.ask_resolver(ip, SSM, transport=silent, patience=SHORT).rcode == TIMEOUT
        assert vpc.ask_resolver(ip, SSM, transport=answering).rcode == "NOERROR"

    def test_a_slow_one_takes_its_time(self, vpc: Lab) -> None:
        ip, other = vpc.resolver_ips
        vpc.resolvers[ip].behaviour = "slow"
        assert vpc.ask_resolver(ip, SSM).seconds >= DELAY
        assert vpc.ask_resolver(other, SSM).seconds < DELAY

    @pytest.mark.parametrize(
        ("behaviour", "name", "apex"),
        [
            ("right", SSM, SSM),
            ("right", ECR_API, f"ecr.{REGION}"),
            ("soa-above", SSM, REGION),
            ("soa-above", ECR_API, REGION),
        ],
    )
    def test_an_empty_answer_is_of_a_zone(
        self, vpc: Lab, behaviour: Behaviour, name: str, apex: str
    ) -> None:
        ip, _ = vpc.resolver_ips
        vpc.resolvers[ip].behaviour = behaviour
        reply = vpc.ask_resolver(ip, name, "AAAA")
        assert reply.message is not None
        assert (reply.rcode, reply.addresses) == ("NOERROR", ())
        assert [rrset.name.to_text() for rrset in reply.message.authority] == [f"{apex}."]

    @pytest.mark.parametrize(
        ("behaviour", "target"), [("right", f"ecr.{REGION}"), ("cname-escape", "outside.example")]
    )
    def test_the_registrys_name_is_an_alias(
        self, vpc: Lab, behaviour: Behaviour, target: str
    ) -> None:
        ip, _ = vpc.resolver_ips
        vpc.resolvers[ip].behaviour = behaviour
        reply = vpc.ask_resolver(ip, ECR_API)
        assert reply.message is not None
        assert reply.message.answer[0].to_text().endswith(f"CNAME {target}.")


class TestPublication:
    def test_the_tool_takes_it_for_a_fit_document(self, tier: Lab) -> None:
        read = read_document(tier.publish().read_text())
        assert read.vpc_id == tier.vpc_id
        assert read.names == tier.names
        assert read.resolver_ips == tier.resolver_ips

    def test_each_one_has_a_higher_generation(self, vpc: Lab) -> None:
        generations = [json.loads(vpc.publish().read_text())["generation"] for _ in range(3)]
        assert generations == sorted(set(generations))
        assert json.loads(vpc.publish(generation=1).read_text())["generation"] == 1

    def test_its_zones_are_those_that_the_app_would_forward(self, vpc: Lab) -> None:
        assert vpc.zones == zones_covering({*vpc.names, f"ecr.{REGION}"})


class TestEnd:
    def test_nothing_is_left_of_a_closed_laboratory(self) -> None:
        lab = Lab()
        servers = [lab.start("bind"), lab.start("dnsmasq")]
        lab.close()
        assert not any(server.running() or is_there(server.pid) for server in servers)
        assert not lab.directory.exists()

    def test_its_servers_end_even_with_a_killed_test(self) -> None:
        """A laboratory in a process of its own, which gets no chance to close it."""
        program = (
            "from tests.onprem.lab.lab import Lab\n"
            "print(Lab(('loopback',)).start('unbound').pid, flush=True)\ninput()"
        )
        path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "onprem")])
        # Short, not pytest's: the path of a control socket has 107 characters at most.
        with (
            tempfile.TemporaryDirectory() as folder,
            subprocess.Popen(
                [sys.executable, "-c", program],
                env={**os.environ, "PYTHONPATH": path, "TMPDIR": folder},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            ) as test,
        ):
            assert test.stdout is not None
            server = int(test.stdout.readline())
            assert is_there(server)
            test.kill()
            assert becomes_gone(server)

    def test_a_tier_that_does_not_exist_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(TIER_VARIABLE, "clouds")
        with pytest.raises(ValueError, match=r"clouds.*root-namespaces"):
            Lab()


def here(lab: Lab, addresses: tuple[str, ...]) -> tuple[str, ...]:
    """The VPC's addresses as this tier has them."""
    first, second = lab.resolver_ips
    subnets = {"10.0.0.": first.removesuffix("32"), "10.0.1.": second.removesuffix("32")}
    return tuple(subnets.get(a[:7], a[:7]) + a[7:] for a in addresses)
