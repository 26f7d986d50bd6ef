"""No workload of the VPC ever fails a lookup or a handshake, whatever the app is doing to its DNS.

Private DNS changes the answers of a whole VPC. So a program in the VPC uses ten names all the time
(tests/story/workload.py), through real DNS and TLS, while the VPC is connected, changed and left.
With ten tries of each name per real second, and 0.03 real seconds per AWS second, that is one try
of each name in 3.3 AWS seconds, and 3 tries per AWS second of all ten: 60 while one zone is on its
way (20 AWS seconds here, `LIFECYCLES`). That the same program sees what fails is a test as well.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import pytest

from local.ask import ask
from local.contracts import NetworkState
from local.networks.dns_answers import PUBLIC_ADDRESS
from local.networks.workloads import workloads_admitted
from tests.story import workload
from tests.story.app import SERVICES, App, until
from tests.story.test_verification import lying
from tests.story.workload import CACHING, FRESH, PRIVATE, PUBLIC, Surroundings, Try

CIDRS = ("10.0.0.0/16",)
DOMAIN = "us-east-2.amazonaws.com"
SIX = frozenset(
    f"{n}.{DOMAIN}" for n in ("ecs-a", "ecs-t", "ecs", "ssm", "ssmmessages", "ec2messages")
)
ECR_AND_LOGS = frozenset(f"{n}.{DOMAIN}" for n in ("api.ecr", "123456789012.dkr.ecr", "logs"))
S3 = f"s3.{DOMAIN}"
NAMES = tuple(sorted({*SIX, *ECR_AND_LOGS, S3}))
SSM = f"ssm.{DOMAIN}"
ECS = f"ecs.{DOMAIN}"

CLIENTS = (FRESH, CACHING)
NO_RUNTIME_API = "127.0.0.1:9"

TIME_SCALE = 0.03
"""Real seconds per AWS second."""
RATE = 10
"""Tries of each name per real second."""
TRIES = 5
"""Of each name by each client, at least, in every phase."""
LIFECYCLES = {
    "interface_endpoint_creating": 30,
    "resolver_endpoint_creating": 30,
    "resolver_endpoint_deleting": 30,
    "private_dns_association": 20,
    "vpc_function_eni_linger": 30,
}
"""AWS seconds. How long things take to be made is not what this is about; how long a zone does is,
and it takes twice as long as usual here. With 60 more in a cache that is 80 of the 120 that the app
waits: 1.2 real seconds are left to a machine that is late."""
LONG_ASSOCIATION = 120
"""AWS seconds: minutes, as its users report."""


@dataclass
class Workload:
    """The program in the VPC, as seen from outside."""

    log: Path
    names: Sequence[str]
    tries: list[Try] = field(default_factory=list)
    phases: dict[str, Sequence[Try]] = field(default_factory=dict)
    _read: int = 0

    def look(self) -> list[Try]:
        """All its tries so far, in the order of their ends."""
        with self.log.open() as lines:
            lines.seek(self._read)
            written, newline, _ = lines.read().rpartition("\n")
        self._read += len(written + newline)
        self.tries += [Try(**json.loads(line)) for line in written.splitlines()]
        return self.tries

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        """From now to the end of the block, and until both clients have tried every name."""
        begin = len(self.look())
        yield
        until(lambda: self._enough(self.look()[begin:]))
        self.phases[title] = self.tries[begin:]

    def steady(self, title: str) -> Sequence[Try]:
        """A phase in which nothing happens."""
        with self.phase(title):
            pass
        return self.phases[title]

    def until_fresh(self, kind: str, names: frozenset[str]) -> None:
        """The client without a cache gets this answer for all of these names, and TLS."""
        begin = len(self.look())

        def is_so() -> bool:
            tries = [each for each in self.look()[begin:] if each.client == FRESH]
            last = {each.name: (each.kind, each.failure) for each in tries}
            return all(last.get(name) == (kind, "") for name in names)

        until(is_so)

    def _enough(self, tries: Sequence[Try]) -> bool:
        counts = Counter((each.client, each.name) for each in tries)
        return all(counts[client, name] >= TRIES for client in CLIENTS for name in self.names)


@pytest.fixture(autouse=True)
def slower(app: App) -> Iterator[None]:
    clock, usual = app.aws.clock, app.aws.clock.time_scale
    clock.time_scale = TIME_SCALE
    with app.lifecycles(**LIFECYCLES):
        yield
    clock.time_scale = usual


@contextmanager
def workload_in(
    app: App, vpc_id: str, folder: Path, names: Sequence[str] = NAMES
) -> Iterator[Workload]:
    networks, log = app.aws.networks, folder / "tries"
    log.touch()
    with workloads_admitted(app.aws, vpc_id, CIDRS) as dns_ip:
        place = Surroundings(dns_ip, CIDRS, PUBLIC_ADDRESS, names, TIME_SCALE, RATE)
        command = [sys.executable, workload.__file__, str(log), json.dumps(asdict(place))]
        trust = app.aws.lambda_environment
        process = networks.run_inside(vpc_id, CIDRS, command, trust, NO_RUNTIME_API)
        try:
            yield Workload(log, names)
            assert process.poll() is None, "it has not survived"
        finally:
            process.kill()
            process.wait()


def test_no_workload_blinks_while_its_vpc_is_connected_changed_and_left(
    app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc_id = app.vpc()
    with workload_in(app, vpc_id, tmp_path) as seen:
        assert_kinds(seen.steady("before"), private=frozenset())

        with seen.phase("an enable whose verification fails"):
            with lying(app, vpc_id, ssm_stays_public) as honest:
                app.tag(vpc_id, wish="enabled")
                assert app.next_end(vpc_id).error == "NotResolvingYet"
                until(lambda: ssm_stays_public(honest[-1]) == honest[-1])  # and is public in truth
            seen.until_fresh(PUBLIC, frozenset(NAMES))
        kinds = kinds_of(seen.phases["an enable whose verification fails"])
        assert kinds[FRESH, ECS] == {PRIVATE, PUBLIC}
        assert kinds[FRESH, SSM] == {PUBLIC}

        with seen.phase("enable"):
            app.request("Enable", {"vpc-id": vpc_id})
            app.next_success(vpc_id)
        assert_kinds(seen.steady("connected: six"), private=SIX)

        with seen.phase("option change: + ecr, logs"):
            app.tag(vpc_id, services="ecr+logs")
            app.next_success(vpc_id)
        steady = seen.steady("connected: six, ecr, logs")
        assert_kinds(steady, private=SIX | ECR_AND_LOGS)
        of_the_six = [each for each in steady if each.name in SIX]
        assert {each.kind for each in of_the_six} == {PRIVATE}, "from caches as well by now"
        assert_the_inbound_resolver_answers_privately(app, vpc_id, S3)

        with seen.phase("option change: - ecr, logs"):
            app.untag(vpc_id, SERVICES)
            app.next_success(vpc_id)
        assert_kinds(seen.steady("connected: six again"), private=SIX)

        with seen.phase("teardown"):
            app.untag(vpc_id)
            app.next_success(vpc_id)
        assert app.remnants(vpc_id) == {}
        assert_kinds(seen.steady("after"), private=frozenset())

    with capsys.disabled():
        sys.stdout.writelines(f"\n{line}" for line in table(seen.phases))
    assert [each for each in seen.tries if each.failure] == []
    assert {each.kind for each in seen.tries if each.name == S3} == {PUBLIC}


@pytest.mark.parametrize("private_dns_is_turned_off_first", [False, True])
def test_a_naive_teardown_leaves_the_same_workload_with_dead_addresses(
    app: App, tmp_path: Path, private_dns_is_turned_off_first: bool
) -> None:
    """Deleted by somebody else while private DNS is on, or at once after it was turned off."""
    vpc_id, two = app.vpc(), frozenset({ECS, SSM})
    ec2 = app.client("ec2")
    with workload_in(app, vpc_id, tmp_path) as seen:
        ids = connected_by_hand(app, vpc_id, ("ecs", "ssm"))
        seen.until_fresh(PRIVATE, two)
        assert_kinds(seen.steady("connected"), private=two)
        with seen.phase("naive teardown"):
            with app.lifecycles(private_dns_association=LONG_ASSOCIATION):
                if private_dns_is_turned_off_first:
                    for each in ids:
                        ec2.modify_vpc_endpoint(VpcEndpointId=each, PrivateDnsEnabled=False)
                ec2.delete_vpc_endpoints(VpcEndpointIds=ids)
            seen.until_fresh(PUBLIC, two)
    assert not any(each.failure for each in seen.phases["connected"])
    failed = [each for each in seen.phases["naive teardown"] if each.failure]
    dead = {(client, name, PRIVATE) for client in CLIENTS for name in two}
    refused = [each for each in failed if "ConnectionRefusedError" in each.failure]
    assert {(each.client, each.name, each.kind) for each in refused} == dead
    assert {each.name for each in failed} == two, "a handshake may also have been cut off"


def test_the_workload_takes_no_wrong_answer_for_a_right_one(app: App, tmp_path: Path) -> None:
    vpc_id, corp, nobody = app.vpc(), "host.corp.example", "nobody.example"
    logs, telemetry = f"logs.{DOMAIN}", f"ecs-t.{DOMAIN}"
    answers = {
        logs: ("10.0.0.6",),
        ECS: ("10.0.0.6",),
        SSM: ("10.0.0.5",),
        telemetry: ("10.0.0.6", PUBLIC_ADDRESS),
        corp: (PUBLIC_ADDRESS,),
    }
    lies = NetworkState(CIDRS, names=answers, tls={"10.0.0.6": (logs,)})
    app.aws.networks.apply(vpc_id, lies)
    with workload_in(app, vpc_id, tmp_path, [*answers, nobody, S3]) as seen:
        tries = seen.steady("lies")
        app.aws.networks.apply(vpc_id, NetworkState(CIDRS))
    assert {each.name: each.kind for each in tries if not each.failure} == {
        logs: PRIVATE,
        S3: PUBLIC,
    }
    assert {(each.name, each.kind, reason(each)) for each in tries if each.failure} == {
        (ECS, PRIVATE, "SSLCertVerificationError"),
        (SSM, PRIVATE, "ConnectionRefusedError"),
        (telemetry, "", "neither private nor public"),
        (corp, PUBLIC, "no certificate of AWS"),
        (nobody, "", "NXDOMAIN without an address"),
    }


def reason(of: Try) -> str:
    """Without the addresses. A handshake that was refused may end with an alert or without."""
    refused = {"SSLError", "SSLEOFError", "ConnectionResetError"}
    parts = of.failure.split(": ")
    said = parts[2] if of.kind else parts[1]
    return "no certificate of AWS" if said in refused else said


def connected_by_hand(app: App, vpc_id: str, services: Sequence[str]) -> list[str]:
    """The ids of available interface endpoints whose private DNS is on."""
    ec2 = app.client("ec2")
    of_the_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets(Filters=of_the_vpc)["Subnets"]]
    for service in services:
        ec2.create_vpc_endpoint(
            VpcId=vpc_id,
            VpcEndpointType="Interface",
            ServiceName=f"com.amazonaws.us-east-2.{service}",
            SubnetIds=subnets,
            PrivateDnsEnabled=True,
        )
    endpoints = app.endpoints(vpc_id)
    until(lambda: {e["State"] for e in app.endpoints(vpc_id).values()} == {"available"})
    return [each["VpcEndpointId"] for each in endpoints.values()]


def ssm_stays_public(state: NetworkState) -> NetworkState:
    return replace(state, names={n: ips for n, ips in state.names.items() if n != SSM})


def kinds_of(tries: Sequence[Try]) -> Mapping[tuple[str, str], set[str]]:
    """Client and name -> the kinds of answers it got."""
    return {
        (client, name): {e.kind for e in tries if (e.client, e.name) == (client, name)}
        for client in CLIENTS
        for name in NAMES
    }


def assert_kinds(tries: Sequence[Try], private: frozenset[str]) -> None:
    """Whoever asks now gets private answers for these names, and public ones for the others."""
    kinds = kinds_of(tries)
    expected = {name: {PRIVATE if name in private else PUBLIC} for name in NAMES}
    assert {name: kinds[FRESH, name] for name in NAMES} == expected


def assert_the_inbound_resolver_answers_privately(app: App, vpc_id: str, name: str) -> None:
    inbound = [each for each in app.aws.networks.inbound_addresses() if each.vpc_id == vpc_id]
    assert len(inbound) == 2
    assert all(ip.startswith("10.0.") for each in inbound for ip in ask(each, name) or [""])


def table(phases: Mapping[str, Sequence[Try]]) -> Iterator[str]:
    """Pauses are between two tries of the same name, by whichever client."""
    row = "{:36} {:>6} {:>8} {:>8} {:>8} {:>20}".format
    yield row("phase", "tries", "private", "public", "failures", "longest pause of one")
    for title, tries in phases.items():
        kinds, pause = Counter(each.kind for each in tries), longest_pause(tries)
        failures = sum(bool(each.failure) for each in tries)
        said = f"{pause:.2f} s, {pause / TIME_SCALE:.0f} AWS s"
        yield row(title, len(tries), kinds[PRIVATE], kinds[PUBLIC], failures, said)


def longest_pause(tries: Sequence[Try]) -> float:
    """In real seconds."""
    times = (sorted(each.at for each in tries if each.name == name) for name in NAMES)
    return max(later - earlier for of_one in times for earlier, later in pairwise(of_one))
