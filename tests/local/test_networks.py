"""A VPC's network carries real packets, in the same way on every kind of machine."""

from __future__ import annotations

import http.server
import inspect
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from multiprocessing.connection import Listener
from pathlib import Path
from typing import Any

import pytest

from local.contracts import InboundAddress, NetworkState
from local.engine import EmbeddedAws
from local.networks import TIERS, VpcNetworks
from local.networks.vpc_network import NetworkProcessDied, NetworkProcessError
from local.settings import REPOSITORY, Settings

REGION = "us-east-2.amazonaws.com"
CIDRS = ("10.0.0.0/16",)
RESOLVER_IPS = ("10.0.0.32", "10.0.1.32")
ECS, ECR_API, ECR_DKR = ("10.0.0.40", "10.0.1.40"), ("10.0.0.45", "10.0.1.45"), ("10.0.0.46",)
MANY = tuple(f"10.0.2.{number}" for number in range(1, 101))
REGISTRY = (f"dkr.ecr.{REGION}", f"*.dkr.ecr.{REGION}")
STATE = NetworkState(
    cidrs=CIDRS,
    resolver_ips=frozenset(RESOLVER_IPS),
    names={
        f"ecs.{REGION}": ECS,
        f"api.ecr.{REGION}": ECR_API,
        **dict.fromkeys(REGISTRY, ECR_DKR),
        f"many.{REGION}": MANY,
    },
    tls={ECS[0]: (f"ecs.{REGION}",), ECS[1]: (f"ecs.{REGION}",), ECR_DKR[0]: REGISTRY},
)
NOWHERE = NO_RUNTIME_API = "127.0.0.1:9"

Ask = Callable[..., dict[str, Any]]


# What is asked, from inside the VPC and from outside. Inside they are called from source text.


def ask(
    ip: str, port: int, name: str, kind: str = "A", transport: str = "udp", edns: int = 1232
) -> dict[str, Any]:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.query
    import dns.rcode

    query = dns.message.make_query(name, kind, use_edns=bool(edns), payload=edns)
    try:
        answer = getattr(dns.query, transport)(query, ip, port=port, timeout=0.5)
    except (dns.exception.DNSException, OSError) as error:
        return {"error": type(error).__name__}
    return {
        "rcode": dns.rcode.to_text(answer.rcode()),
        "flags": dns.flags.to_text(answer.flags),
        "edns": answer.edns,
        "answer": sorted(line for rrset in answer.answer for line in str(rrset).splitlines()),
        "authority": [rrset.name.to_text() for rrset in answer.authority],
    }


def greet(ip: str, server_name: str) -> str:
    import socket
    import ssl

    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection((ip, 443), timeout=2) as plain,
            context.wrap_socket(plain, server_hostname=server_name) as connection,
        ):
            request = f"GET /_local/health HTTP/1.1\r\nHost: {server_name}\r\n"
            connection.sendall(f"{request}Connection: close\r\n\r\n".encode())
            return str(connection.makefile().read())
    except OSError as error:
        return type(error).__name__


def greet_and_ask_with_asyncio(ip: str, server_name: str, resolver_ip: str) -> list[str]:
    import asyncio
    import ssl

    import dns.asyncquery
    import dns.message

    async def run() -> list[str]:
        query = dns.message.make_query(server_name, "A")
        answer, _ = await dns.asyncquery.udp_with_fallback(query, resolver_ip, timeout=2)
        reader, writer = await asyncio.open_connection(
            ip, 443, ssl=ssl.create_default_context(), server_hostname=server_name
        )
        request = f"GET /_local/health HTTP/1.1\r\nHost: {server_name}\r\n"
        writer.write(f"{request}Connection: close\r\n\r\n".encode())
        peer = writer.get_extra_info("peername")[0]
        status = (await reader.read()).decode().splitlines()[0]
        writer.close()
        return [peer, status, *sorted(str(address) for address in answer.answer[0])]

    return asyncio.run(run())


def hold_open(ip: str, server_name: str) -> None:
    import socket
    import ssl
    import sys

    plain = socket.create_connection((ip, 443), timeout=2)
    held = ssl.create_default_context().wrap_socket(plain, server_hostname=server_name)
    sys.modules["held"] = held  # type: ignore[assignment]


def read_what_is_held() -> str:
    import sys

    held: Any = sys.modules["held"]
    try:
        return "open" if held.recv(1) else "closed"
    except TimeoutError:
        return "open"
    except OSError:
        return "closed"


def use_parameters_and_buckets(
    resolver_ip: str, region: str, credentials: dict[str, str], names: list[str], bucket: str
) -> list[str]:
    """What a program inside does that knows nothing but a Region and its own credentials."""
    import boto3
    import dns.resolver
    from botocore.exceptions import ClientError

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [resolver_ip]
    dns.resolver.override_system_resolver(resolver)
    session: Any = boto3.Session(**credentials, region_name=region)  # type: ignore[arg-type]
    said = []
    for name in names:
        try:
            parameter = session.client("ssm").get_parameter(Name=name)
            said.append(str(parameter["Parameter"]["Value"]))
        except ClientError as error:
            said.append(error.response["Error"]["Code"])
    s3, content = session.client("s3"), bytes(range(256)) * 8192
    s3.put_object(Bucket=bucket, Key="log", Body=content)
    read = s3.get_object(Bucket=bucket, Key="log")["Body"].read()
    return [*said, "the same" if read == content else "other bytes"]


def connect(ip: str, port: int) -> str:
    import errno
    import socket

    with socket.socket() as plain:
        plain.settimeout(2)
        return errno.errorcode.get(plain.connect_ex((ip, port)), "connected")


def look_up(host: str) -> str:
    import socket

    try:
        return str(socket.getaddrinfo(host, 443))
    except OSError as error:
        return type(error).__name__


def next_invocation() -> str:
    import os
    import urllib.request

    api = os.environ["AWS_LAMBDA_RUNTIME_API"]
    with urllib.request.urlopen(f"http://{api}/next", timeout=2) as response:
        return str(response.read().decode())


def link_target(path: str) -> str:
    from pathlib import Path

    return str(Path(path).readlink())


def python_path() -> str | None:
    import os

    return os.environ.get("PYTHONPATH")


def answer_calls(meeting_point: str) -> None:
    """Calls functions, which come as source text, until nobody is left to call."""
    import multiprocessing.connection

    with multiprocessing.connection.Client(meeting_point) as calls:
        while True:
            try:
                text, name, arguments = calls.recv()
            except EOFError:
                return
            defined: dict[str, Any] = {"Any": Any}
            exec(text, defined)
            calls.send(defined[name](*arguments))


class Inside:
    """A Python process inside a VPC that calls functions there.

    It is spoken to through a Unix socket: those cross network namespaces.
    """

    def __init__(self, vpc: Vpc, environment: Mapping[str, str], runtime_api: str) -> None:
        with tempfile.TemporaryDirectory() as folder, Listener(f"{folder}/calls") as listener:
            code = (
                "from __future__ import annotations\nfrom typing import Any\n"
                f"{inspect.getsource(answer_calls)}answer_calls({listener.address!r})"
            )
            trust = {"SSL_CERT_FILE": str(vpc.networks.trust_bundle)}
            self.process = vpc.networks.run_inside(
                vpc.id, CIDRS, [sys.executable, "-c", code], {**trust, **environment}, runtime_api
            )
            self._calls = listener.accept()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        self._calls.send((inspect.getsource(function), function.__name__, arguments))
        assert self._calls.poll(20), "no answer from inside"
        return self._calls.recv()

    def close(self) -> None:
        self._calls.close()
        self.process.wait(5)


class Vpc:
    """One VPC under test."""

    def __init__(self, networks: VpcNetworks) -> None:
        self.id = f"vpc-{uuid.uuid4().hex[:17]}"
        self.networks = networks
        self._inside: Inside | None = None

    def apply(self, state: NetworkState) -> None:
        self.networks.apply(self.id, state)

    def close(self) -> None:
        if self._inside:
            self._inside.close()
        self.apply(NetworkState(CIDRS))

    def mirrors(self) -> dict[str, InboundAddress]:
        addresses = self.networks.inbound_addresses()
        return {address.ip: address for address in addresses if address.vpc_id == self.id}

    def inside(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What `function` returns when it is called inside."""
        self._inside = self._inside or Inside(self, {}, NO_RUNTIME_API)
        return self._inside.call(function, *arguments)

    def inside_with(
        self, function: Callable[..., Any], *arguments: Any, runtime_api: str = NO_RUNTIME_API,
        **environment: str,
    ) -> Any:  # fmt: skip
        """The same, in a process of its own."""
        with closing(Inside(self, environment, runtime_api)) as inside:
            return inside.call(function, *arguments)

    def ask_inside(self, ip: str, *arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.inside(ask, ip, 53, *arguments)
        return answer

    def ask_mirror(self, ip: str, *arguments: Any) -> dict[str, Any]:
        mirror = self.mirrors()[ip]
        return ask(mirror.host, mirror.port, *arguments)

    def processes(self) -> list[int]:
        return processes_of(self.id)


def processes_of(vpc_id: str) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"local.networks.vpc_process" in command and vpc_id.encode() in command:
            found.append(int(process.name))
    return found


def none_left(vpc_id: str, seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while processes_of(vpc_id) and time.monotonic() < end:
        time.sleep(0.01)
    return not processes_of(vpc_id)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """What is behind the interface endpoints."""
    with EmbeddedAws(Settings(), gaps=("gateway",)) as aws:
        yield aws


@pytest.fixture(scope="module", params=["root-namespaces", "user-namespaces", "loopback"])
def networks(request: pytest.FixtureRequest, aws: EmbeddedAws) -> Iterator[VpcNetworks]:
    """The networks of one tier; each tier must pass the same tests."""
    networks = VpcNetworks((request.param,), aws.url.removeprefix("http://"))
    try:
        networks.apply("vpc-of-the-fixture", STATE)
    except NetworkProcessError as error:
        networks.close()
        pytest.skip(f"not on this machine: {error}")
    networks.apply("vpc-of-the-fixture", NetworkState(CIDRS))
    yield networks
    networks.close()


@pytest.fixture(scope="module")
def vpc(networks: VpcNetworks) -> Iterator[Vpc]:
    """A VPC in `STATE`, for tests that leave it so."""
    with closing(Vpc(networks)) as vpc:
        vpc.apply(STATE)
        yield vpc


@pytest.fixture
def new_vpc(networks: VpcNetworks) -> Iterator[Callable[[], Vpc]]:
    """Makes VPCs of a test's own."""
    with ExitStack() as vpcs:
        yield lambda: vpcs.enter_context(closing(Vpc(networks)))


@pytest.fixture(params=["inside", "mirror"])
def asked(request: pytest.FixtureRequest, vpc: Vpc) -> Ask:
    """Asks a resolver IP of `vpc` from inside, or its mirror from outside."""
    return vpc.ask_inside if request.param == "inside" else vpc.ask_mirror


@pytest.fixture
def machines_server() -> Iterator[str]:
    """An HTTP server on this machine's loopback, as `host:port`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"the next event")

        def log_message(self, *_: Any) -> None:
            """Nothing to tell."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def addresses(answer: dict[str, Any]) -> list[str]:
    return sorted(line.split()[-1] for line in answer["answer"] if " IN A " in line)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_private_name_resolves_to_its_endpoints_addresses(asked: Ask, transport: str) -> None:
    for ip in RESOLVER_IPS:
        answer = asked(ip, f"ECS.{REGION}", "A", transport)
        assert addresses(answer) == sorted(ECS)
        assert "RA" in answer["flags"].split()
        assert "AA" not in answer["flags"].split()
        assert all(line.split()[1] == "60" for line in answer["answer"])


def test_the_ecr_api_is_an_alias(asked: Ask) -> None:
    """Public DNS: api.ecr.<region> is a CNAME of ecr.<region>; a forwarder must cover both."""
    answer = asked(RESOLVER_IPS[0], f"api.ecr.{REGION}")
    assert f"api.ecr.{REGION}. 60 IN CNAME ecr.{REGION}." in answer["answer"]
    assert addresses(answer) == sorted(ECR_API)
    assert addresses(asked(RESOLVER_IPS[0], f"ecr.{REGION}")) == sorted(ECR_API)


def test_a_wildcard_answers_for_every_registry(asked: Ask) -> None:
    answer = asked(RESOLVER_IPS[0], f"123456789012.dkr.ecr.{REGION}")
    assert answer["answer"] == [f"123456789012.dkr.ecr.{REGION}. 60 IN A {ECR_DKR[0]}"]


@pytest.mark.parametrize(
    ("name", "apex"),
    [(f"ecs.{REGION}", f"ecs.{REGION}."), (f"1.dkr.ecr.{REGION}", f"dkr.ecr.{REGION}.")],
)
def test_a_private_name_has_no_other_record_and_is_its_zones_apex(
    asked: Ask, name: str, apex: str
) -> None:
    """BIND answers SERVFAIL when the SOA of an empty answer lies above what it forwards."""
    answer = asked(RESOLVER_IPS[0], name, "AAAA")
    assert (answer["rcode"], answer["answer"], answer["authority"]) == ("NOERROR", [], [apex])


def test_other_names_of_aws_are_public(asked: Ask) -> None:
    answer = asked(RESOLVER_IPS[0], f"ecs-a-1.{REGION}")
    assert addresses(answer) == ["198.51.100.7"]
    assert asked(RESOLVER_IPS[0], f"ecs-a-1.{REGION}", "AAAA")["authority"] == [f"{REGION}."]


def test_names_of_nobody_do_not_exist(asked: Ask) -> None:
    assert asked(RESOLVER_IPS[0], "host.corp.example")["rcode"] == "NXDOMAIN"


def test_edns_is_answered_with_edns_only(asked: Ask) -> None:
    assert asked(RESOLVER_IPS[0], f"ecs.{REGION}")["edns"] == 0
    assert asked(RESOLVER_IPS[0], f"ecs.{REGION}", "A", "udp", 0)["edns"] == -1


def test_what_a_datagram_cannot_hold_comes_over_tcp(asked: Ask) -> None:
    truncated = asked(RESOLVER_IPS[0], f"many.{REGION}")
    assert "TC" in truncated["flags"].split()
    assert addresses(asked(RESOLVER_IPS[0], f"many.{REGION}", "A", "tcp")) == sorted(MANY)


def test_nobody_answers_on_other_addresses_of_the_vpc(vpc: Vpc) -> None:
    assert vpc.ask_inside("10.0.0.33", f"ecs.{REGION}") == {"error": "Timeout"}
    assert vpc.inside(connect, "10.0.0.33", 53) == "ECONNREFUSED"
    assert vpc.inside(connect, RESOLVER_IPS[0], 443) == "ECONNREFUSED"


def test_an_endpoint_has_a_certificate_of_its_names(vpc: Vpc) -> None:
    assert "200 OK" in vpc.inside(greet, ECS[1], f"ecs.{REGION}")
    assert "200 OK" in vpc.inside(greet, ECR_DKR[0], f"123456789012.dkr.ecr.{REGION}")


def test_an_endpoint_has_no_certificate_of_other_names(vpc: Vpc) -> None:
    assert vpc.inside(greet, ECS[0], f"ssm.{REGION}") == "SSLCertVerificationError"


def test_asyncio_sees_the_same_network(vpc: Vpc) -> None:
    seen = vpc.inside(greet_and_ask_with_asyncio, ECS[0], f"ecs.{REGION}", RESOLVER_IPS[0])
    assert seen == [ECS[0], "HTTP/1.1 200 OK", *ECS]


def test_an_endpoint_speaks_its_service_and_iam_is_asked(
    new_vpc: Callable[[], Vpc], aws: EmbeddedAws
) -> None:
    ssm, s3, role = aws.client("ssm"), aws.client("s3"), f"host-{uuid.uuid4().hex[:8]}"
    for name in ("/mine", "/others"):
        ssm.put_parameter(Name=name, Value=f"of {name}", Type="String", Overwrite=True)
    s3.create_bucket(Bucket=role, CreateBucketConfiguration={"LocationConstraint": "us-east-2"})
    allowed = [
        {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "arn:aws:ssm:*:*:*/mine"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
    ]
    arn = aws.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument="{}")
    aws.client("iam").put_role_policy(
        RoleName=role,
        PolicyName="least",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allowed}),
    )
    vpc, (one, other) = new_vpc(), ECS
    buckets = (f"s3.{REGION}", f"*.s3.{REGION}")
    vpc.apply(
        NetworkState(
            CIDRS,
            frozenset(RESOLVER_IPS),
            {f"ssm.{REGION}": (one,), **dict.fromkeys(buckets, (other,))},
            {one: (f"ssm.{REGION}",), other: buckets},
        )
    )
    credentials = aws.principals.credentials_for(arn["Role"]["Arn"], "host")
    said = vpc.inside_with(
        use_parameters_and_buckets,
        RESOLVER_IPS[0],
        "us-east-2",
        {key.lower(): value for key, value in credentials.as_environment().items()},
        ["/mine", "/others"],
        role,
        AWS_CA_BUNDLE=str(vpc.networks.trust_bundle),
    )
    assert said == ["of /mine", "AccessDeniedException", "the same"]


def test_an_endpoint_that_goes_ends_its_connections(new_vpc: Callable[[], Vpc]) -> None:
    vpc = new_vpc()
    vpc.apply(STATE)
    vpc.inside(hold_open, ECS[0], f"ecs.{REGION}")
    vpc.apply(NetworkState(CIDRS, frozenset(RESOLVER_IPS)))
    assert vpc.inside(read_what_is_held) == "closed"


def test_the_runtime_api_is_reachable_inside(vpc: Vpc, machines_server: str) -> None:
    assert vpc.inside_with(next_invocation, runtime_api=machines_server) == "the next event"


def test_nothing_else_outside_is_reachable_inside(vpc: Vpc, machines_server: str) -> None:
    host, _, port = machines_server.partition(":")
    assert connect(host, int(port)) == "connected"
    assert vpc.inside(connect, host, int(port)) == "ECONNREFUSED"
    assert vpc.inside(connect, "198.51.100.7", 443) == "ENETUNREACH"
    assert vpc.inside(look_up, "ecs.example.test") == "gaierror"


def test_a_commands_own_python_path_is_kept(vpc: Vpc) -> None:
    path = vpc.inside_with(python_path, PYTHONPATH="/of/the/function")
    assert path.split(":")[-1] == "/of/the/function"


def test_the_prefix_of_an_inbound_address_leads_inside(vpc: Vpc) -> None:
    address = vpc.mirrors()[RESOLVER_IPS[0]]
    where = [*address.inside, "readlink", "/proc/self/ns/net"]
    namespace = subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip()
    assert namespace == vpc.inside(link_target, "/proc/self/ns/net")


def test_applying_twice_changes_nothing(vpc: Vpc) -> None:
    before, processes = vpc.mirrors(), vpc.processes()
    vpc.apply(STATE)
    assert (vpc.mirrors(), vpc.processes()) == (before, processes)


def test_a_change_of_state_takes_effect_at_once(new_vpc: Callable[[], Vpc]) -> None:
    vpc = new_vpc()
    vpc.apply(STATE)
    kept, gone = (vpc.mirrors()[ip] for ip in RESOLVER_IPS)
    vpc.apply(
        NetworkState(
            (*CIDRS, "10.9.0.0/16"),
            frozenset({kept.ip, "10.9.0.2"}),
            {f"ssm.{REGION}": ("10.9.0.50",)},
            {ECS[0]: (f"ssm.{REGION}",)},
        )
    )
    assert vpc.mirrors().keys() == {kept.ip, "10.9.0.2"}
    assert vpc.mirrors()[kept.ip] == kept
    assert connect(gone.host, gone.port) == "ECONNREFUSED"
    assert vpc.inside(connect, gone.ip, 53) == "ECONNREFUSED"
    assert addresses(vpc.ask_inside("10.9.0.2", f"ssm.{REGION}")) == ["10.9.0.50"]
    assert addresses(vpc.ask_inside(kept.ip, f"ecs.{REGION}")) == ["198.51.100.7"]
    assert "200 OK" in vpc.inside(greet, ECS[0], f"ssm.{REGION}")
    assert vpc.inside(connect, ECS[1], 443) == "ECONNREFUSED"


def test_vpcs_with_the_same_cidr_do_not_see_each_other(new_vpc: Callable[[], Vpc]) -> None:
    one, other, name, ip = new_vpc(), new_vpc(), f"ecs.{REGION}", "10.0.0.32"
    one.apply(NetworkState(CIDRS, frozenset({ip}), {name: ("10.0.0.1",)}, {ECS[0]: (name,)}))
    other.apply(NetworkState(CIDRS, frozenset({ip}), {name: ("10.0.0.2",)}))
    assert addresses(one.ask_inside(ip, name)) == ["10.0.0.1"]
    assert addresses(other.ask_inside(ip, name)) == ["10.0.0.2"]
    assert addresses(one.ask_mirror(ip, name)) == ["10.0.0.1"]
    assert addresses(other.ask_mirror(ip, name)) == ["10.0.0.2"]
    assert other.inside(connect, ECS[0], 443) == "ECONNREFUSED"


def test_a_vpc_without_addresses_has_no_process(new_vpc: Callable[[], Vpc]) -> None:
    vpc = new_vpc()
    vpc.apply(NetworkState(CIDRS))
    assert vpc.processes() == []
    vpc.apply(STATE)
    assert vpc.processes() != []
    vpc.apply(NetworkState(CIDRS))
    assert vpc.processes() == []


def test_a_vpc_with_a_command_inside_keeps_its_process(new_vpc: Callable[[], Vpc]) -> None:
    vpc = new_vpc()
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    command = vpc.networks.run_inside(vpc.id, CIDRS, sleep, {}, NO_RUNTIME_API)
    vpc.apply(NetworkState(CIDRS))
    assert vpc.processes() != []
    command.kill()
    command.wait(5)
    vpc.apply(NetworkState(CIDRS))
    assert vpc.processes() == []


def test_the_death_of_a_network_process_is_told_then_healed(new_vpc: Callable[[], Vpc]) -> None:
    vpc = new_vpc()
    vpc.apply(STATE)
    os.kill(min(vpc.processes()), signal.SIGKILL)
    with pytest.raises(NetworkProcessDied, match=vpc.id):
        vpc.apply(STATE)
    assert none_left(vpc.id)
    vpc.apply(STATE)
    assert addresses(vpc.ask_mirror(RESOLVER_IPS[0], f"ecs.{REGION}")) == sorted(ECS)


def test_a_killed_engine_leaves_no_network_process(networks: VpcNetworks) -> None:
    vpc_id = f"vpc-{uuid.uuid4().hex[:17]}"
    code = (
        "import sys, time; from local.networks import VpcNetworks\n"
        "from local.contracts import NetworkState\n"
        f"networks = VpcNetworks({tuple(networks.tiers)!r}, {NOWHERE!r})\n"
        f"networks.apply({vpc_id!r}, NetworkState({CIDRS!r}, frozenset({RESOLVER_IPS!r})))\n"
        "print(networks.trust_bundle.parent, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as engine:
        assert engine.stdout
        scratch = engine.stdout.readline().strip()
        assert processes_of(vpc_id)
        engine.kill()
    assert none_left(vpc_id)
    shutil.rmtree(scratch)


def test_an_address_that_cannot_be_bound_is_an_error_with_its_name() -> None:
    networks = VpcNetworks(TIERS["namespaces"], NOWHERE)
    try:
        with pytest.raises(NetworkProcessError, match=r"10\.7\.0\.1:53|namespaces: "):
            networks.apply("vpc-1", NetworkState(CIDRS, frozenset({"10.7.0.1"})))
    finally:
        networks.close()


def test_closing_ends_every_network_process_and_command() -> None:
    networks = VpcNetworks(TIERS["auto"], NOWHERE)
    vpc_id = f"vpc-{uuid.uuid4().hex[:17]}"
    networks.apply(vpc_id, STATE)
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    command = networks.run_inside(vpc_id, CIDRS, sleep, {}, NO_RUNTIME_API)
    networks.close()
    assert processes_of(vpc_id) == []
    assert command.poll() is not None
    assert not networks.trust_bundle.exists()


def test_the_engine_has_networks_whose_ca_its_functions_trust() -> None:
    with EmbeddedAws(gaps=("networks",)) as aws:
        bundle = Path(aws.lambda_environment["SSL_CERT_FILE"])
        assert bundle.read_text().count("BEGIN CERTIFICATE") == 1
        assert aws.networks.inbound_addresses() == []
    assert not bundle.exists()
