"""Situations in which an execution comes to a state that no phase without a fault enters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from connectivity.domain.ledger import MAKING as ANNOUNCED
from connectivity.domain.ledger import Announcement, endpoint_purpose
from connectivity.domain.pacing import (
    MAKING,
    Bucket,
)

from local.unkind.endings import Ending, Spoil
from tests.story.app import App

AWAY = 1000
"""Seconds until a turn: longer than a slow machine needs to come to where it is waited for."""
HOST = "dns1"

Situation = Callable[[App, str], AbstractContextManager[None]]


@dataclass(frozen=True)
class OtherWay:
    """The phase in which the state is entered, and what is so meanwhile."""

    phase: str
    situation: Situation


@contextmanager
def nothing_else(_app: App, _vpc_id: str) -> Iterator[None]:
    """Change nothing."""
    yield


@contextmanager
def a_failed_endpoint(app: App, vpc_id: str) -> Iterator[None]:
    """Let an endpoint fail; delete it afterwards, as the failure asks a person to."""
    app.aws.weather.spoil(Spoil(Ending.FAILED, "ssm"))
    yield
    app.aws.weather.forget_aims()
    ec2, of_it = app.client("ec2"), [{"Name": "vpc-id", "Values": [vpc_id]}]
    found = ec2.describe_vpc_endpoints(Filters=of_it)["VpcEndpoints"]
    failed = [each["VpcEndpointId"] for each in found if each["State"].lower() == "failed"]
    if failed:
        ec2.delete_vpc_endpoints(VpcEndpointIds=failed)


@contextmanager
def an_acknowledging_host(app: App, vpc_id: str) -> Iterator[None]:
    """Let a DNS host acknowledge, which takes its time over the withdrawal."""
    app.acknowledge(vpc_id, HOST, state="active")
    yield
    if "forwarding" in app.parameters(vpc_id):
        app.acknowledge(vpc_id, HOST)


@contextmanager
def an_endpoint_that_was_begun(app: App, vpc_id: str) -> Iterator[None]:
    """Let an endpoint have been made without AWS's answer: the ledger knows only what was asked
    for."""
    made = app.endpoints(vpc_id)["ssm Interface"]
    request = app.aws.interface_endpoints.request_of(made["VpcEndpointId"])
    announced = Announcement(
        request["ClientToken"], request["SecurityGroupIds"][0], tuple(request["SubnetIds"])
    )
    settings = app.aws.settings
    app.client("dynamodb").update_item(
        TableName=app.aws.outputs["LedgerTable"],
        Key={"id": {"S": f"{settings.account}#{settings.region}#{vpc_id}"}},
        UpdateExpression="SET held.#purpose = :announced",
        ExpressionAttributeNames={"#purpose": endpoint_purpose(made["ServiceName"])},
        ExpressionAttributeValues={":announced": {"S": f"{ANNOUNCED}{announced}"}},
    )
    yield


@contextmanager
def a_profile_that_serves_nothing(app: App, vpc_id: str) -> Iterator[None]:
    """Associate an empty Profile, so that every wanted name is asked before anything is made;
    remove it afterwards."""
    profiles = app.client("route53profiles")
    id_ = profiles.create_profile(Name="empty", ClientToken=vpc_id)["Profile"]["Id"]
    profiles.associate_profile(ProfileId=id_, ResourceId=vpc_id, Name="faults")
    yield
    profiles.disassociate_profile(ProfileId=id_, ResourceId=vpc_id)
    profiles.delete_profile(ProfileId=id_)


def behind_others(bucket: Bucket, seconds: float = AWAY) -> Situation:
    """Return the situation that others have booked the bucket for so many seconds; afterwards these
    are over."""

    @contextmanager
    def situation(app: App, vpc_id: str) -> Iterator[None]:
        _book(app, bucket, app.aws.clock.epoch() + seconds)
        yield
        past = app.aws.clock.epoch()
        _book(app, bucket, past)
        if "turns" in app.ledger(vpc_id):
            _set(app, vpc_id, "turns.#step.#at", past, {"#step": bucket.step, "#at": "at"})

    return situation


def _book(app: App, bucket: Bucket, until: float) -> None:
    _set(app, bucket.name, "booked_until", until, {}, prefix="bucket#")


def _set(
    app: App, what: str, attribute: str, value: float, names: Mapping[str, str], prefix: str = ""
) -> None:
    """Set an attribute in the ledger, as nobody may."""
    settings = app.aws.settings
    app.client("dynamodb").update_item(
        TableName=app.aws.outputs["LedgerTable"],
        Key={"id": {"S": f"{prefix}{settings.account}#{settings.region}#{what}"}},
        UpdateExpression=f"SET {attribute} = :value",
        ExpressionAttributeValues={":value": {"N": f"{value:.3f}"}},
        **({"ExpressionAttributeNames": names} if names else {}),
    )


OTHER_WAYS: Mapping[str, OtherWay] = {
    "Ask what answers": OtherWay("enable", a_profile_that_serves_nothing),
    "Let the others end": OtherWay("enable", a_failed_endpoint),
    "Could not be made": OtherWay("enable", a_failed_endpoint),
    "Turn off private DNS": OtherWay("enable", a_failed_endpoint),
    "Failed": OtherWay("enable", a_failed_endpoint),
    "Tell when its turn is": OtherWay("enable", behind_others(MAKING)),
    "Await its turn": OtherWay("enable", behind_others(MAKING)),
    "Await acknowledgements": OtherWay("disable", an_acknowledging_host),
    "Learn what was begun": OtherWay("disable", an_endpoint_that_was_begun),
}
"""State -> how it is come to."""

NEVER_STOPPED_AT = {
    "Somebody else is at work": "it holds nothing",
    "Unreported": "it is the end of an execution that could not write its result; the death of a "
    "function there is among the faults",
}
"""State -> why it makes no difference there."""
