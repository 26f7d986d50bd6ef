"""No wish is lost and none is done twice, whatever becomes of the events and the executions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.story.app import STATUS, WISH, App, Ended, until

SOON = 30
"""AWS seconds in which an event is long delivered, and what it started has begun."""

CONNECTION = {"VPC endpoints": 6, "resolver endpoints": 1, "security groups": 3}


def test_a_tag_changed_while_an_execution_is_at_work_makes_it_go_round_again(app: App) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.reaches(vpc_id, "Ensure interface endpoints")
    app.tag(vpc_id, services="logs")
    ended = app.next_success(vpc_id)
    assert ended.states.count("Read the VPC") == 2
    assert ended.states.count("Publish") == 2
    assert executions(app, vpc_id) == {ended.arn}
    assert "logs Interface" in app.endpoints(vpc_id)
    assert app.tags(vpc_id)[STATUS] == "connected"
    end(app, vpc_id)


def test_a_tag_removed_while_its_vpc_is_being_connected_is_torn_down_by_the_same_execution(
    app: App,
) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.reaches(vpc_id, "Connect")
    app.untag(vpc_id)
    ended = app.next_success(vpc_id)
    assert ended.states.index("Publish") < ended.states.index("Take away")
    assert executions(app, vpc_id) == {ended.arn}
    assert app.remnants(vpc_id) == {}
    assert app.tags(vpc_id)[STATUS] == "removed"


def test_a_tag_removed_at_once_leaves_nothing(app: App) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.untag(vpc_id)
    assert {ended.status for ended in all_ends(app, vpc_id, knocks=2)} == {"SUCCEEDED"}
    assert app.remnants(vpc_id) == {}


def test_an_event_that_comes_three_times_connects_once(app: App) -> None:
    """EventBridge delivers at least once; each delivery is a knock, and one is at work."""
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    for _ in range(2):
        publish_tag_event(app, vpc_id)
    assert {ended.status for ended in all_ends(app, vpc_id, knocks=3)} == {"SUCCEEDED"}
    assert_connected_once(app, vpc_id)
    end(app, vpc_id)


def test_a_lost_event_is_made_good_by_the_sweep(app: App) -> None:
    vpc_id = app.vpc()
    with lost_events(app):
        app.tag(vpc_id, wish="enabled")
    app.sweep()
    app.next_success(vpc_id)
    assert "knocks" not in app.ledger(vpc_id), "a sweep is no knock"
    assert_connected_once(app, vpc_id)

    with lost_events(app):
        app.untag(vpc_id)
    assert vpc_id in app.sweep()["knocked"], "not because of a tag, but of what is held"
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


@pytest.mark.parametrize("state", ["Ensure inbound resolver", "Verify resolution"])
def test_a_provisioning_that_was_stopped_is_taken_over_by_the_sweep(app: App, state: str) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    stop(app, vpc_id, state)
    app.sweep()
    app.next_success(vpc_id)
    assert_connected_once(app, vpc_id)
    end(app, vpc_id)


@pytest.mark.parametrize("state", ["Drain", "Remove"])
def test_a_teardown_that_was_stopped_is_taken_over_by_the_sweep(app: App, state: str) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    app.untag(vpc_id)
    stop(app, vpc_id, state)
    app.sweep()
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}
    assert app.tags(vpc_id)[STATUS] == "removed"


def test_two_vpcs_are_connected_side_by_side(app: App) -> None:
    ours = [app.vpc(cidr="10.0.0.0/16"), app.vpc(cidr="10.1.0.0/16")]
    for vpc_id in ours:
        app.tag(vpc_id, wish="enabled")
    for vpc_id in ours:
        app.next_success(vpc_id)
        assert_connected_once(app, vpc_id)
    first, second = (set(app.parameters(v)["resolver-ips"].split(",")) for v in ours)
    assert first.isdisjoint(second)

    app.untag(ours[0])
    app.next_success(ours[0])
    assert app.remnants(ours[0]) == {}
    assert_connected_once(app, ours[1])
    end(app, ours[1])


def assert_connected_once(app: App, vpc_id: str) -> None:
    assert app.tags(vpc_id)[STATUS] == "connected"
    there = app.remnants(vpc_id)
    assert {kind: len(there[kind]) for kind in CONNECTION} == CONNECTION
    assert app.parameters(vpc_id).keys() == {"resolver-ips", "forwarding"}


def end(app: App, vpc_id: str) -> None:
    app.untag(vpc_id)
    app.next_success(vpc_id)
    assert app.remnants(vpc_id) == {}


def stop(app: App, vpc_id: str, state: str) -> None:
    """Stop the VPC's execution in `state`; what remains of it is an e-mail."""
    arn = app.reaches(vpc_id, state)
    app.client("stepfunctions").stop_execution(executionArn=arn)
    assert app.next_end(vpc_id).status == "ABORTED"
    said = f"The execution {arn} ended without a report: ABORTED."
    until(lambda: any(said in email.message for email in app.aws.outbox))


def executions(app: App, vpc_id: str) -> set[str]:
    return {arn for arn in app.executions() if vpc_id in arn}


def all_ends(app: App, vpc_id: str, knocks: int) -> list[Ended]:
    """Of all executions of this VPC, once that many knocks have been heard and all is quiet."""
    ends: list[Ended] = []
    until(lambda: app.ledger(vpc_id).get("knocks") == {"N": str(knocks)})
    app.aws.clock.sleep(SOON)
    while executions(app, vpc_id) - app.seen:
        ends.append(app.next_end_of_any(vpc_id))
    return ends


def publish_tag_event(app: App, vpc_id: str) -> None:
    region, account = app.aws.settings.region, app.aws.settings.account
    app.aws.events.publish(
        "aws.tag",
        "Tag Change on Resource",
        {
            "changed-tag-keys": [WISH],
            "service": "ec2",
            "resource-type": "vpc",
            "version": 1,
            "tags": app.tags(vpc_id),
        },
        [f"arn:aws:ec2:{region}:{account}:vpc/{vpc_id}"],
        region,
    )


@contextmanager
def lost_events(app: App) -> Iterator[None]:
    """Tag events lead nowhere."""
    events = app.client("events")
    rule = next(r["Name"] for r in events.list_rules()["Rules"] if "TagChanged" in r["Name"])
    events.disable_rule(Name=rule)
    try:
        yield
        app.aws.clock.sleep(SOON)
    finally:
        events.enable_rule(Name=rule)


def test_a_tag_put_back_while_on_premises_drains_leaves_everything_as_it_was(app: App) -> None:
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    made = {name: endpoint["VpcEndpointId"] for name, endpoint in app.endpoints(vpc_id).items()}
    app.untag(vpc_id)
    app.reaches(vpc_id, "Drain")
    app.tag(vpc_id, wish="enabled")
    again = app.next_success(vpc_id)
    assert again.states.count("Read the VPC") == 2, "the same execution went round again"
    assert made == {
        name: endpoint["VpcEndpointId"] for name, endpoint in app.endpoints(vpc_id).items()
    }
    document = json.loads(app.parameters(vpc_id)["forwarding"])
    assert (document["state"], document["generation"]) == ("active", 3), "withdrawn was the second"
    assert app.tags(vpc_id)[STATUS] == "connected"
    end(app, vpc_id)
