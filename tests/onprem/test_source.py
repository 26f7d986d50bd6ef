"""Where the publication is read, and the ways to Parameter Store that do not depend on our DNS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from ecs_anywhere_dns.answers.questions import Answer, Question
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.outcome import BadUsage, FetchFailed
from ecs_anywhere_dns.publication.routes import (
    DeadEnd,
    Route,
    Routes,
    Way,
    find_routes,
    system_addresses,
)
from ecs_anywhere_dns.publication.source import fetch
from ecs_anywhere_dns.settings import Settings

from tests.onprem.example import settings as settings_of

HOST = "ssm.us-east-2.amazonaws.com"
SETTINGS = settings_of(vpc="vpc-0123456789abcdef0", host="ns1")
DOCUMENT = Document(
    text="{}",
    generation=3,
    state="active",
    account="123456789012",
    region="us-east-2",
    vpc_id="vpc-0123456789abcdef0",
    vpc_cidrs=("10.20.0.0/16",),
    resolver_ips=("10.20.0.5", "10.20.1.5"),
    mode="names",
    zones=(HOST,),
    names={HOST: ("10.20.0.80", "10.20.1.80")},
    checksum="sha256:" + "0" * 64,
)


@dataclass
class Resolvers:
    """Answers by (server, transport); all others are silent."""

    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)

    def __call__(self, questions: Sequence[Question]) -> dict[Question, Answer]:
        self.asked += questions
        return {q: self.answers.get((q.server, q.transport), Answer("timeout")) for q in questions}


@dataclass
class System:
    """The operating system's resolver."""

    addresses: Sequence[str] = ()
    asked: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> Sequence[str]:
        self.asked.append(name)
        if not self.addresses:
            raise OSError(-2, "Name or service not known")
        return self.addresses


def saying(*addresses: str) -> Answer:
    return Answer(rcode="NOERROR", addresses=tuple((HOST, a) for a in addresses))


def routes(
    known: Document | None,
    resolvers: Resolvers,
    *,
    system: System | None = None,
    settings: Settings = SETTINGS,
) -> Routes:
    return find_routes(settings, known, resolvers, look_up=system or System(), environment={})


def addresses(ways: Sequence[Way]) -> list[str]:
    return [way.address for way in ways if isinstance(way, Route)]


def problems(ways: Sequence[Way]) -> list[str]:
    return [f"{way.reason}: {way.problem}" for way in ways if isinstance(way, DeadEnd)]


def test_the_resolvers_are_asked_directly_and_first() -> None:
    resolvers = Resolvers({("10.20.0.5", "udp"): saying("10.20.0.90")})
    first = next(routes(DOCUMENT, resolvers).to(HOST))
    assert first == Route("10.20.0.90", 443, "resolver 10.20.0.5 over udp")
    assert [(q.server, q.port, q.name) for q in resolvers.asked] == [
        ("10.20.0.5", 53, HOST),
        ("10.20.1.5", 53, HOST),
    ]


def test_a_way_is_only_looked_for_when_the_ones_before_it_failed() -> None:
    resolvers, system = Resolvers({("10.20.0.5", "udp"): saying("10.20.0.90")}), System()
    ways = routes(None, resolvers, system=system).to(HOST)
    assert (resolvers.asked, system.asked) == ([], [])
    known = routes(DOCUMENT, resolvers).to(HOST)
    next(known)
    assert {q.transport for q in resolvers.asked} == {"udp"}
    list(ways)
    assert system.asked == [HOST]


def test_a_resolver_that_is_not_heard_over_udp_is_asked_over_tcp() -> None:
    resolvers = Resolvers(
        {("10.20.0.5", "tcp"): saying("10.20.0.90"), ("10.20.1.5", "udp"): Answer(rcode="SERVFAIL")}
    )
    ways = list(routes(DOCUMENT, resolvers).to(HOST))
    assert addresses(ways)[0] == "10.20.0.90"
    assert problems(ways) == [
        "resolver 10.20.0.5 over udp: timeout",
        "resolver 10.20.1.5 over udp: no address (SERVFAIL)",
    ]
    assert [q.server for q in resolvers.asked if q.transport == "tcp"] == ["10.20.0.5"]


def test_resolvers_of_the_configuration_come_after_those_of_the_document() -> None:
    settings = replace(SETTINGS, resolver_ips=("10.20.1.5", "10.20.2.5"))
    found = routes(DOCUMENT, Resolvers(), settings=settings)
    assert found.resolvers == ("10.20.0.5", "10.20.1.5", "10.20.2.5")


def test_an_answer_outside_the_vpc_is_not_used() -> None:
    resolvers = Resolvers({("10.20.0.5", "udp"): saying("52.95.1.1", "10.99.0.1", "10.20.0.90")})
    ways = list(routes(DOCUMENT, resolvers).to(HOST))
    assert addresses(ways) == ["10.20.0.90", "10.20.0.80", "10.20.1.80"]
    assert "resolver 10.20.0.5 over udp: 10.99.0.1 lies outside the VPC (10.20.0.0/16)" in problems(
        ways
    )


def test_before_anything_was_applied_a_public_answer_is_not_used() -> None:
    settings = replace(SETTINGS, resolver_ips=("10.20.0.5",))
    resolvers = Resolvers({("10.20.0.5", "udp"): saying("52.95.1.1", "10.20.0.90")})
    ways = list(routes(None, resolvers, settings=settings).to(HOST))
    assert addresses(ways) == ["10.20.0.90"]
    assert "would go over the internet" in problems(ways)[0]


def test_with_silent_resolvers_the_addresses_that_were_applied_are_used() -> None:
    ways = list(routes(DOCUMENT, Resolvers()).to(HOST))
    assert [way for way in ways if isinstance(way, Route)] == [
        Route("10.20.0.80", 443, "as last applied"),
        Route("10.20.1.80", 443, "as last applied"),
    ]
    assert len(problems(ways)) == 4


def test_no_address_is_tried_twice() -> None:
    same = saying("10.20.0.80")
    resolvers = Resolvers({("10.20.0.5", "udp"): same, ("10.20.1.5", "udp"): same})
    assert addresses(list(routes(DOCUMENT, resolvers).to(HOST))) == ["10.20.0.80", "10.20.1.80"]


def test_once_something_was_applied_the_systems_resolver_is_never_asked() -> None:
    system = System(["10.20.0.99"])
    assert "10.20.0.99" not in addresses(
        list(routes(DOCUMENT, Resolvers(), system=system).to(HOST))
    )
    assert system.asked == []


def test_after_a_withdrawal_it_is_asked_again() -> None:
    gone = replace(DOCUMENT, state="withdrawn", vpc_cidrs=(), names={}, zones=())
    system = System(["10.20.0.99"])
    assert addresses(list(routes(gone, Resolvers(), system=system).to(HOST))) == ["10.20.0.99"]


def test_the_systems_private_answer_is_used_before_anything_is_known() -> None:
    ways = list(routes(None, Resolvers(), system=System(["10.20.0.90"])).to(HOST))
    assert ways == [Route("10.20.0.90", 443, "the operating system's resolver")]


def test_the_systems_public_answer_is_refused_with_a_cure() -> None:
    found = routes(None, Resolvers(), system=System(["52.95.1.1"]))
    assert list(found.to(HOST)) == [
        DeadEnd(
            "the operating system's resolver",
            "52.95.1.1 is public: that would go over the internet",
        )
    ]
    assert "init --resolver-ip" in found.cure
    assert "endpoint_url" in found.cure


def test_a_name_that_the_system_does_not_know_is_a_dead_end() -> None:
    assert problems(list(routes(None, Resolvers()).to(HOST))) == [
        "the operating system's resolver: Name or service not known"
    ]


def test_the_system_resolves_names_of_this_host() -> None:
    assert "127.0.0.1" in system_addresses("localhost")


def test_endpoint_url_is_the_only_way() -> None:
    settings = replace(SETTINGS, endpoint_url="https://vpce-1.ssm.us-east-2.vpce.amazonaws.com")
    resolvers, system = Resolvers(), System(["10.20.0.90"])
    found = routes(DOCUMENT, resolvers, system=system, settings=settings)
    host = "vpce-1.ssm.us-east-2.vpce.amazonaws.com"
    assert list(found.to(host)) == [Route(host, 443, "endpoint_url")]
    assert (resolvers.asked, system.asked) == ([], [])
    assert settings.endpoint_url in found.cure


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "http://127.0.0.1:4566"),
        ({"AWS_ENDPOINT_URL": "http://localhost:4566"}, "http://localhost:4566"),
        (
            {"AWS_ENDPOINT_URL": "https://a.example", "AWS_ENDPOINT_URL_SSM": "https://b.example"},
            "https://b.example",
        ),
        ({"AWS_ENDPOINT_URL": ""}, ""),
        ({}, ""),
    ],
)
def test_the_variables_of_the_aws_sdks_count(environment: dict[str, str], endpoint: str) -> None:
    found = find_routes(SETTINGS, None, Resolvers(), environment=environment)
    assert found.endpoint == endpoint


def test_the_configuration_comes_before_the_variables() -> None:
    settings = replace(SETTINGS, endpoint_url="https://10.20.0.90:8443")
    variable = {"AWS_ENDPOINT_URL_SSM": "https://a.example"}
    found = find_routes(settings, None, Resolvers(), environment=variable)
    assert found.endpoint == "https://10.20.0.90:8443"


VARIABLES = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL_STS")


@pytest.mark.parametrize("where", ["endpoint_url", *VARIABLES])
@pytest.mark.parametrize(
    "host",
    ["10.20.0.90", "ssm.us-east-2.amazonaws.com", "127.1", "127.0.0.1.example", "a@10.0.0.1"],
)
def test_plain_http_may_not_lead_off_this_host(where: str, host: str) -> None:
    url = f"http://{host}:8080"
    settings = replace(SETTINGS, endpoint_url=url if where == "endpoint_url" else "")
    environment = {where: url}
    with pytest.raises(BadUsage, match=rf"^{where} = .*plain HTTP") as caught:
        find_routes(settings, None, Resolvers(), environment=environment)
    assert url in caught.value.message
    assert "https://" in caught.value.cure


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "[::1]"])
def test_plain_http_may_lead_to_this_host(host: str) -> None:
    settings = replace(SETTINGS, endpoint_url=f"http://{host}:8080")
    found = find_routes(settings, None, Resolvers(), environment={})
    assert found.endpoint == settings.endpoint_url


@pytest.mark.parametrize("url", ["ssm.us-east-2.amazonaws.com", "ftp://a", "https://a:port"])
def test_what_is_no_url_is_named(url: str) -> None:
    with pytest.raises(BadUsage, match=r"endpoint_url = .* is no URL"):
        find_routes(replace(SETTINGS, endpoint_url=url), None, Resolvers(), environment={})


@dataclass
class Shelf:
    """A store on a shelf; the same promises as `source.Store`."""

    values: dict[str, str] = field(default_factory=dict)

    def read(self, name: str) -> str:
        if name not in self.values:
            raise FetchFailed(f"there is no {name}")
        return self.values[name]

    def write(self, name: str, value: str) -> None:
        self.values[name] = value


def test_the_parameter_of_the_vpc_is_read() -> None:
    shelf = Shelf({SETTINGS.document_parameter: "the document"})
    assert fetch(SETTINGS, shelf) == "the document"


def test_a_file_is_read_as_it_is_and_parameter_store_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "forwarding.json"
    file.write_bytes('{"ä": 1}\n'.encode())
    assert fetch(replace(SETTINGS, source=str(file)), Shelf()) == '{"ä": 1}\n'


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xe4")
    for name, reason in (("none", "No such file"), (".", "directory"), ("latin", "no text")):
        with pytest.raises(FetchFailed, match=reason) as caught:
            fetch(replace(SETTINGS, source=str(tmp_path / name)), Shelf())
        assert str(tmp_path) in caught.value.message
        assert caught.value.cure
