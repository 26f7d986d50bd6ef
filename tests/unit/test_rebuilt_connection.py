"""What a rebuilt entry says of the connection, out of a document that anybody may have written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from connectivity.domain import ledger
from connectivity.domain.errors import Throttled
from connectivity.domain.generations import highest_signed
from connectivity.domain.ledger import REBUILT, Entry, Served
from connectivity.domain.model import InterfaceEndpoint, Profile
from connectivity.domain.publication import Publication, Signature
from connectivity.domain.spokes import lost_hubs, spokes_on

from recovery import published
from recovery.__main__ import is_written, told_of_the_forgotten
from recovery.evidence import examine
from recovery.published import NOTHING, At, nearest
from recovery.reading import issue_of
from recovery.seen import Seen
from recovery.writing import forgotten
from tests.unit import example
from tests.unit.test_rebuilding import ENDPOINT, HELD, ISSUE, RESOLVER, SSM, VPC, WHOLE
from tests.unit.usecases.world import World

HUB = "vpc-0b1b2c3d4e5f60718"
IN_THE_HUB = replace(ENDPOINT, id="vpce-hub", vpc=HUB)
HUB_RESOLVER = replace(RESOLVER, id="rslvr-in-hub", vpc=HUB)
PROMISED = ("10.0.0.9", "10.0.1.9")
CONNECTED = replace(
    WHOLE,
    is_active=True,
    promised=PROMISED,
    led_to=(replace(ENDPOINT, vpc=VPC, private_dns=True),),
    asked_at=RESOLVER,
)
SPOKE = Seen(
    Entry(VPC),
    WHOLE.owner,
    document="/path/forwarding",
    issue=ISSUE,
    is_active=True,
    promised=PROMISED,
    led_to=(IN_THE_HUB,),
    asked_at=HUB_RESOLVER,
)


def document(**changes: Any) -> str:
    said = Publication(
        account="123456789012",
        region="us-east-2",
        vpc_id=VPC,
        vpc_cidrs=("10.0.0.0/16",),
        resolver_ips=PROMISED,
        names={"ssm.us-east-2.amazonaws.com": ("10.0.0.8", "10.0.1.8")},
        zones=("ssm.us-east-2.amazonaws.com",),
    )
    return replace(said, **changes).document(ISSUE)


def with_signature(stated: object) -> str:
    """The checksum does not cover the signature, so that anybody can write another one."""
    content: Mapping[str, Any] = json.loads(document())
    return json.dumps({**content, "signature": stated})


def test_a_document_tells_to_where_on_premises_forwards_and_where_its_names_lead() -> None:
    said = published.read(document(), VPC)
    assert said.is_active
    assert said.resolver_ips == PROMISED
    assert said.addresses == ("10.0.0.8", "10.0.1.8")
    issue = issue_of(said, "")
    assert issue is not None
    assert (issue.generation, issue.issued_at) == (ISSUE.generation, ISSUE.issued_at)


@pytest.mark.parametrize("state", ["draining", "withdrawn"])
def test_a_document_that_is_withdrawn_has_a_generation_and_no_connection(state: str) -> None:
    said = published.read(document(state=state), VPC)
    assert issue_of(said, "")
    assert (said.is_active, said.resolver_ips, said.addresses) == (False, (), ())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="none"),
        pytest.param("[]", id="no object"),
        pytest.param(document().replace("10.0.0.9", "10.0.0.7"), id="edited"),
        pytest.param(document(vpc_id=HUB), id="another VPC's, which the stack's key has signed"),
    ],
)
def test_a_document_that_is_not_the_vpc_s_own_states_nothing(text: str) -> None:
    assert published.read(text, VPC) == NOTHING
    assert issue_of(published.read(text, VPC), "") is None


@pytest.mark.parametrize("stated", ["forged", 5, ["a"], {}, {"keyId": 1, "value": "x"}])
def test_whatever_stands_in_place_of_a_signature_is_none_and_stops_nobody(stated: object) -> None:
    said = published.read(with_signature(stated), VPC)
    assert said.signature is None
    assert issue_of(said, "key") is None
    assert issue_of(said, "")
    signed = published.read(with_signature({"keyId": "key", "value": "x"}), VPC)
    assert signed.signature == Signature("key", "x")


def test_what_is_no_address_is_nobody_s() -> None:
    said = published.read(document(resolver_ips=("10.0.0.9", "::1", "here")), VPC)
    assert said.resolver_ips == ("10.0.0.9",)


def test_an_address_is_the_vpc_s_own_before_it_is_another_vpc_s_with_the_same_network() -> None:
    ours, theirs = At("10.0.0.8", VPC, "eni-1"), At("10.0.0.8", HUB, "eni-2")
    of_the_hub = At("10.90.0.8", HUB, "eni-3")
    assert nearest([theirs, ours, of_the_hub], VPC) == (ours, of_the_hub)


def test_a_vpc_that_is_published_counts_as_connected() -> None:
    """Else it would be no hub, and no safety valve would stand before its removal."""
    served = examine(CONNECTED).entry.served
    assert served == Served(REBUILT, RESOLVER.id)
    assert examine(replace(CONNECTED, is_active=False)).entry.served == Served()


def test_a_spoke_is_known_by_what_its_names_lead_to_and_its_hub_stays() -> None:
    spoke, hub = examine(SPOKE).entry, examine(CONNECTED).entry
    assert spoke.served.adopted == {
        ledger.endpoint_purpose(SSM): "vpce-hub",
        ledger.RESOLVER: "rslvr-in-hub",
    }
    assert spoke.served.by_name == ("vpce-hub",)
    assert spoke.resolver_ips == {"10.0.0.9": "a", "10.0.1.9": "b"}
    held = {"vpce-hub", "rslvr-in-hub"}
    [found] = spokes_on(HUB, held, {VPC: frozenset(spoke.served.adopted.values())})
    assert found.uses == ("rslvr-in-hub", "vpce-hub")
    of_the_hub = replace(hub, vpc_id=HUB, held={"resolver": "rslvr-in-hub"})
    assert not [*lost_hubs(held, [of_the_hub])], "the spoke's next look may use it"


def test_what_is_undecided_in_the_same_vpc_is_used_as_somebody_else_s() -> None:
    second: InterfaceEndpoint = replace(ENDPOINT, id="vpce-2", vpc=VPC)
    doubtful = replace(CONNECTED, endpoints=(ENDPOINT, second), led_to=(second,))
    assert examine(doubtful).entry.served.adopted == {ledger.endpoint_purpose(SSM): "vpce-2"}


def test_promised_addresses_outlive_their_resolver() -> None:
    """It is made anew with them: nobody on-premises knows another way."""
    gone = replace(CONNECTED, resolvers=(), our_resolvers=frozenset(), asked_at=None)
    assert examine(gone).entry.resolver_ips == dict.fromkeys(PROMISED, "")


def test_a_removal_of_a_former_day_is_over_where_the_vpc_was_connected_since() -> None:
    former = Entry(VPC, held=HELD, generation=6, withdrawn_at="2026-11-28", removing="arn:1")
    back = examine(replace(CONNECTED, entry=former)).entry
    assert not back.removal_has_begun
    assert {"withdrawn_at", "removing"} <= {*forgotten(former, back)}
    still = examine(replace(CONNECTED, entry=former, is_active=False)).entry
    assert still.removal_has_begun
    assert {"served"} == {*forgotten(former, still)} - {*forgotten(former, back)}
    unsigned = examine(replace(CONNECTED, entry=former, issue=None)).entry
    assert unsigned.removal_has_begun, "anybody may have written that document"


def test_after_another_deployment_generations_go_on_from_those_of_the_former_key() -> None:
    """The new stack has not signed what stands there: its ledger knows no generation, and the next
    document has a higher one all the same."""
    again = examine(replace(CONNECTED, issue=None)).entry
    assert (again.highest_generation, again.served.wish) == (0, REBUILT)
    assert highest_signed(again, document()) == ISSUE.generation


def test_a_rebuilt_vpc_is_looked_at_like_one_that_was_never_connected() -> None:
    """Its names may come by a Route 53 Profile, beside which nothing is made."""
    world = World()
    world.connect()
    world.hosted_zones.profile = Profile("rp-1")
    entry = world.ledger.all[example.VPC.id]
    assert not world.check(because="sweep").to_ask
    rebuilt = replace(entry, served=Served(REBUILT))
    world.ledger.all[example.VPC.id] = rebuilt
    assert world.check(because="sweep").to_ask


def refuse_by_aws(_: object) -> bool:
    raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "UpdateItem")


def throttle(_: object) -> bool:
    raise Throttled("UpdateItem: slow down")


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        (lambda _: True, f"{VPC}: written. The next sweep looks at it."),
        (lambda _: False, f"{VPC}: not written: an execution is at work."),
        (refuse_by_aws, f"{VPC}: not written: An error occurred (AccessDeniedException)"),
        (throttle, f"{VPC}: not written: UpdateItem: slow down"),
    ],
)
def test_a_vpc_that_cannot_be_written_is_named_and_keeps_no_other_from_it(
    attempt: Any, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert is_written(examine(WHOLE), attempt) == (": written" in said)
    assert capsys.readouterr().out.startswith(said)


def test_a_vpc_that_was_removed_is_named_with_what_is_lost_with_its_entry() -> None:
    [line] = told_of_the_forgotten([VPC])
    assert line.startswith(f"{VPC} was removed, and its promised addresses")
    assert "ecs-anywhere:resolver-ips" in line
