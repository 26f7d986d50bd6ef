"""Nothing is published that was not seen to resolve: a network that lies stops the run.

The lies are told by the embedded AWS's network, to real packets; the app is as it is. Each kind of
wrong answer is judged by itself in tests/unit/domain/test_verification.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from local.contracts import NetworkState
from tests.story.app import STATUS, App

DOMAIN = "us-east-2.amazonaws.com"
ECS, TELEMETRY, SSM, LOGS = (f"{name}.{DOMAIN}" for name in ("ecs", "ecs-t", "ssm", "logs"))
PUBLIC = "198.51.100.7"

Lie = Callable[[NetworkState], NetworkState]


def another_services_a_mixed_answer_and_a_shut_port(state: NetworkState) -> NetworkState:
    right = state.names
    if not {ECS, TELEMETRY, SSM} <= right.keys():
        return state
    return replace(
        state,
        names={**right, SSM: right[ECS], TELEMETRY: (right[TELEMETRY][0], PUBLIC)},
        tls={ip: names for ip, names in state.tls.items() if ip != right[ECS][0]},
    )


def logs_stay_public(state: NetworkState) -> NetworkState:
    return replace(state, names={n: ips for n, ips in state.names.items() if n != LOGS})


def test_every_wrong_answer_is_shown_and_nothing_is_published(app: App) -> None:
    vpc_id = app.vpc()
    with lying(app, vpc_id, another_services_a_mixed_answer_and_a_shut_port) as honest:
        app.tag(vpc_id, wish="enabled")
        failed = app.next_end(vpc_id)
    truth = max(honest, key=lambda state: len(state.names))
    right, shut = truth.names, truth.names[ECS][0]
    wrong = {SSM: right[ECS], TELEMETRY: (right[TELEMETRY][0], PUBLIC)}
    checks = len(right) * len(truth.resolver_ips) * 2 + len(truth.tls)
    assert (failed.status, failed.error) == ("FAILED", "NotResolvingYet")
    said, *rows = failed.cause.splitlines()
    assert said == (
        "6 interface endpoints and an inbound resolver stand and cost about 270 USD a month until "
        "the tag is removed; gave up waiting, a later sweep goes on from here: "
        f"9 of {checks} checks in {vpc_id} failed:"
    )
    assert {row.split(" (")[0] for row in rows} == {
        f"{name} asked of {resolver_ip} over {transport}: "
        f"expected {listed(right[name])}, got {listed(wrong[name])}"
        for name in wrong
        for resolver_ip in truth.resolver_ips
        for transport in ("udp", "tcp")
    } | {f"{ECS} asked of {shut} over tls: expected {shut}, got nothing"}
    assert app.mails(vpc_id)[-1].message == f"{vpc_id}: {failed.cause}"
    assert app.tags(vpc_id)[STATUS] == "failed"

    assert "Publish" not in failed.states
    assert {"parameters", "probe functions"}.isdisjoint(app.remnants(vpc_id))
    assert not any(endpoint["PrivateDnsEnabled"] for endpoint in app.endpoints(vpc_id).values())

    the_truth_connects(app, vpc_id)


def test_what_was_verified_before_stays_on_when_a_later_option_is_not_verified(app: App) -> None:
    """On-premises relies on it; only the private DNS that this run turned on is turned off."""
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    published = app.parameters(vpc_id)
    with lying(app, vpc_id, logs_stay_public):
        app.tag(vpc_id, services="logs")
        failed = app.next_end(vpc_id)
    assert failed.error == "NotResolvingYet"
    assert failed.cause.count(f"{LOGS} asked of ") == failed.cause.count(f"got {PUBLIC}") == 4
    endpoints = app.endpoints(vpc_id)
    assert [k for k, e in endpoints.items() if not e["PrivateDnsEnabled"]] == ["logs Interface"]
    assert len(endpoints) == 7
    assert app.parameters(vpc_id) == published

    the_truth_connects(app, vpc_id)


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


def the_truth_connects(app: App, vpc_id: str) -> None:
    """A sweep does not try again so soon; whoever asks is answered at once."""
    app.sweep_leaves_alone(vpc_id)
    app.request("Enable", {"vpc-id": vpc_id})
    app.next_success(vpc_id)
    assert app.tags(vpc_id)[STATUS] == "connected"
    assert all(endpoint["PrivateDnsEnabled"] for endpoint in app.endpoints(vpc_id).values())
    assert app.parameters(vpc_id).keys() == {"resolver-ips", "forwarding"}
    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


def listed(addresses: tuple[str, ...]) -> str:
    return " ".join(sorted(addresses))
