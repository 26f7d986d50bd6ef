"""Nothing is published that was not seen to resolve: a network that lies stops the run.

The lies are told by the embedded AWS's own network to real packets; the app is as it is. Every
other wrong answer is judged in tests/unit/domain/test_verification.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from local.contracts import NetworkState
from tests.story.app import STATUS, App, Ended

DOMAIN = "us-east-2.amazonaws.com"
ECS, TELEMETRY, SSM, LOGS = (f"{name}.{DOMAIN}" for name in ("ecs", "ecs-t", "ssm", "logs"))
PUBLIC = "198.51.100.7"

Lie = Callable[[NetworkState], NetworkState]


def answer(state: NetworkState, name: str, addresses: tuple[str, ...]) -> NetworkState:
    """`name` leads to `addresses`, as far as it has a private answer at all."""
    told = {name: addresses} if name in state.names else {}
    return replace(state, names={**state.names, **told})


LIES: dict[str, tuple[str, Lie]] = {
    "another service's addresses": (SSM, lambda s: answer(s, SSM, s.names.get(ECS, ()))),
    "one address of two": (
        TELEMETRY,
        lambda s: answer(s, TELEMETRY, s.names.get(TELEMETRY, ())[:1]),
    ),
}


@pytest.mark.parametrize(("name", "lie"), LIES.values(), ids=LIES)
def test_a_wrong_answer_is_shown_and_nothing_is_published(app: App, name: str, lie: Lie) -> None:
    vpc_id = app.vpc()
    with lying(app, vpc_id, lie) as honest:
        app.tag(vpc_id, wish="enabled")
        failed = app.next_end(vpc_id)
        truth = at_most(honest)
        right, wrong = truth.names[name], lie(truth).names[name]
        assert_not_connected(app, vpc_id, failed)
        for resolver_ip in sorted(truth.resolver_ips):
            for transport in ("udp", "tcp"):
                assert (
                    f"{name} asked of {resolver_ip} over {transport}: "
                    f"expected {listed(right)}, got {listed(wrong)}"
                ) in failed.cause.splitlines()
        assert f"4 of {checks(truth)} checks in {vpc_id} failed:" in failed.cause
    assert_the_truth_connects(app, vpc_id)


def test_an_address_that_refuses_tls_is_shown_and_nothing_is_published(app: App) -> None:
    """DNS is right: only a connection shows that 443 does not answer."""
    vpc_id = app.vpc()

    def refuse(state: NetworkState) -> NetworkState:
        shut = sorted(state.names.get(ECS, ()))[:1]
        return replace(state, tls={ip: n for ip, n in state.tls.items() if ip not in shut})

    with lying(app, vpc_id, refuse) as honest:
        app.tag(vpc_id, wish="enabled")
        failed = app.next_end(vpc_id)
        truth = at_most(honest)
        address = min(truth.names[ECS])
        assert_not_connected(app, vpc_id, failed)
        assert f"1 of {checks(truth)} checks in {vpc_id} failed:" in failed.cause
        assert (
            f"{ECS} asked of {address} over tls: expected {address}, got nothing (ConnectionRefused"
        ) in failed.cause
    assert_the_truth_connects(app, vpc_id)


def test_what_was_verified_before_stays_on_when_a_later_option_is_not_verified(app: App) -> None:
    """On-premises relies on it; only the private DNS that this run turned on is turned off."""
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    published = app.parameters(vpc_id)
    with lying(app, vpc_id, lambda state: answer(state, LOGS, (PUBLIC,))):
        app.tag(vpc_id, services="logs")
        failed = app.next_end(vpc_id)
        assert failed.error == "NotResolvingYet"
        assert f"got {PUBLIC}" in failed.cause
        private_dns = {k: e["PrivateDnsEnabled"] for k, e in app.endpoints(vpc_id).items()}
        assert private_dns.pop("logs Interface") is False
        assert len(private_dns) == 6
        assert all(private_dns.values())
        assert app.parameters(vpc_id) == published
    assert_the_truth_connects(app, vpc_id)


@contextmanager
def lying(app: App, vpc_id: str, lie: Lie) -> Iterator[list[NetworkState]]:
    """The VPC's network answers as `lie` says. What it should have answered is kept, in order."""
    honest: list[NetworkState] = []
    apply = app.aws.networks.apply

    def tell(of: str, state: NetworkState) -> None:
        if of == vpc_id:
            honest.append(state)
            state = lie(state)
        apply(of, state)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.aws.networks, "apply", tell)
        yield honest


def at_most(honest: list[NetworkState]) -> NetworkState:
    """When private DNS of everything was on."""
    return max(honest, key=lambda state: len(state.names))


def assert_not_connected(app: App, vpc_id: str, failed: Ended) -> None:
    assert (failed.status, failed.error) == ("FAILED", "NotResolvingYet")
    assert failed.cause.startswith("gave up waiting, the next sweep goes on from here: ")
    assert app.aws.outbox[-1].message == f"{vpc_id}: {failed.cause}"
    assert app.tags(vpc_id)[STATUS] == "failed"
    assert "Publish" not in failed.states
    left = app.remnants(vpc_id)
    assert left.keys() == {
        "VPC endpoints", "resolver endpoints", "security groups", "network interfaces",
    }, "no parameter, no probe"  # fmt: skip
    on = [e["ServiceName"] for e in app.endpoints(vpc_id).values() if e["PrivateDnsEnabled"]]
    assert on == []


def assert_the_truth_connects(app: App, vpc_id: str) -> None:
    app.sweep()
    app.next_success(vpc_id)
    assert app.tags(vpc_id)[STATUS] == "connected"
    assert app.parameters(vpc_id).keys() == {"resolver-ips", "forwarding"}
    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


def checks(state: NetworkState) -> int:
    """Every name of every resolver IP over two transports, and TLS to every address."""
    addresses = {ip for found in state.names.values() for ip in found}
    return len(state.names) * len(state.resolver_ips) * 2 + len(addresses)


def listed(addresses: tuple[str, ...]) -> str:
    return " ".join(sorted(addresses))
