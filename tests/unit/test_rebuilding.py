"""What a lost ledger is rebuilt from: what speaks for a thing, and what stands against it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from connectivity.domain import ledger
from connectivity.domain.endpoint_policy import fingerprint
from connectivity.domain.ledger import Entry
from connectivity.domain.model import InboundResolver, InterfaceEndpoint, ResolverIp, SecurityGroup
from connectivity.domain.policy_presets import document
from connectivity.domain.publication import Issue

from recovery.evidence import Finding, examine
from recovery.seen import Seen

VPC, STACK = "vpc-0a1b2c3d4e5f60718", "private-connectivity"
SSM = "com.amazonaws.us-east-2.ssm"
GROUP = SecurityGroup("sg-1", f"ecs-anywhere-{VPC}-endpoints-a1b2", owner=STACK)
RESOLVER_GROUP = SecurityGroup("sg-2", f"ecs-anywhere-{VPC}-resolver-c3d4", owner=STACK)
ENDPOINT = InterfaceEndpoint(
    "vpce-1", SSM, "available", subnets=("a", "b"), security_groups=("sg-1",), owner=STACK
)
RESOLVER = InboundResolver(
    "rslvr-in-1",
    VPC,
    "operational",
    ips=(ResolverIp("10.0.0.9", "a", "attached"), ResolverIp("10.0.1.9", "b", "attached")),
    security_groups=("sg-2",),
    name=f"ecs-anywhere-{VPC}",
)
ISSUE = Issue(7, "2026-11-29T12:00:00Z", "sha256:1")
WHOLE = Seen(
    Entry(VPC),
    STACK,
    endpoints=(ENDPOINT,),
    groups=(GROUP, RESOLVER_GROUP),
    resolvers=(RESOLVER,),
    our_resolvers=frozenset({RESOLVER.id}),
    document="/path/forwarding",
    issue=ISSUE,
)
HELD = {
    ledger.endpoint_purpose(SSM): "vpce-1",
    ledger.RESOLVER: "rslvr-in-1",
    ledger.ENDPOINTS_GROUP: "sg-1",
    ledger.RESOLVER_GROUP: "sg-2",
    ledger.PUBLICATION: "/path/forwarding",
}


def undecided(finding: Finding) -> set[str]:
    return {each.id for each in finding.undecided}


def test_everything_that_is_the_only_one_for_its_purpose_is_proposed() -> None:
    finding = examine(WHOLE)
    assert finding.entry.held == HELD
    assert finding.entry.generation == 7
    assert finding.entry.resolver_ips == {"10.0.0.9": "a", "10.0.1.9": "b"}
    assert not finding.undecided
    assert finding.dollars == pytest.approx(730 * (2 * 0.01 + 2 * 0.125))


def test_what_the_ledger_knows_asks_for_nothing() -> None:
    known = Entry(VPC, held=HELD, generation=7, issued=ISSUE)
    finding = examine(replace(WHOLE, entry=known))
    assert not finding.asks_for_a_yes
    assert finding.entry.held == HELD


@pytest.mark.parametrize(
    "stranger",
    [
        pytest.param(replace(ENDPOINT, id="vpce-2"), id="another one for the same service"),
        pytest.param(
            replace(
                ENDPOINT, id="vpce-2", service_name=f"{SSM}messages", security_groups=("sg-9",)
            ),
            id="a security group of somebody else",
        ),
    ],
)
def test_an_endpoint_with_our_tag_that_may_be_a_stranger_s_is_left_undecided(
    stranger: InterfaceEndpoint,
) -> None:
    finding = examine(replace(WHOLE, endpoints=(ENDPOINT, stranger)))
    assert "vpce-2" in undecided(finding)
    assert "vpce-2" not in finding.entry.held.values()
    assert all(each.dollars > 0 for each in finding.undecided)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(replace(WHOLE, our_resolvers=frozenset()), id="no tag of ours"),
        pytest.param(
            replace(WHOLE, resolvers=(replace(RESOLVER, name="theirs"),)), id="another name"
        ),
        pytest.param(replace(WHOLE, groups=(GROUP,)), id="no security group of ours"),
    ],
)
def test_a_resolver_that_lacks_one_sign_is_left_undecided(seen: Seen) -> None:
    finding = examine(seen)
    assert undecided(finding) == {RESOLVER.id}
    assert ledger.RESOLVER not in finding.entry.held


def test_a_resolver_of_somebody_else_is_not_even_named() -> None:
    theirs = replace(RESOLVER, id="rslvr-in-2", name="theirs")
    assert undecided(examine(replace(WHOLE, resolvers=(RESOLVER, theirs)))) == set()


def test_what_the_ledger_knows_and_aws_still_shows_is_never_replaced() -> None:
    known = Entry(VPC, held={ledger.endpoint_purpose(SSM): "vpce-1"})
    newer = replace(ENDPOINT, id="vpce-2")
    finding = examine(replace(WHOLE, entry=known, endpoints=(ENDPOINT, newer)))
    assert finding.entry.held[ledger.endpoint_purpose(SSM)] == "vpce-1"
    assert undecided(finding) == {"vpce-2"}


def test_what_the_ledger_knows_and_aws_does_not_show_gives_way_to_what_was_made_since() -> None:
    known = Entry(VPC, held={ledger.endpoint_purpose(SSM): "vpce-gone"})
    finding = examine(replace(WHOLE, entry=known))
    assert finding.entry.held[ledger.endpoint_purpose(SSM)] == "vpce-1"


def test_a_document_that_the_stack_did_not_sign_changes_no_generation() -> None:
    entry = Entry(VPC, generation=3)
    finding = examine(replace(WHOLE, entry=entry, issue=None))
    assert finding.entry.generation == 3
    assert finding.entry.held[ledger.PUBLICATION] == "/path/forwarding"


def test_an_endpoint_on_which_on_premises_relies_keeps_its_private_dns() -> None:
    serving = replace(ENDPOINT, private_dns=True)
    assert examine(replace(WHOLE, endpoints=(serving,))).entry.serving_endpoints == {"vpce-1"}
    unsigned = replace(WHOLE, endpoints=(serving,), issue=None)
    assert examine(unsigned).entry.serving_endpoints == {"vpce-1"}, "signed by a former stack's key"
    unpublished = replace(unsigned, document="")
    assert not examine(unpublished).entry.serving_endpoints


def test_a_policy_of_a_choice_that_the_stack_may_have_made_is_ours() -> None:
    """Else it would count as set by hand, and no other choice would ever change it."""
    account, organization = "123456789012", "o-a1b2c3d4e5"
    purpose = ledger.endpoint_purpose(SSM)
    text = document(organization, SSM)
    with_policy = replace(ENDPOINT, policy=text)
    seen = replace(WHOLE, endpoints=(with_policy,), let_in=frozenset({account, organization}))
    assert examine(seen).entry.policies == {purpose: (fingerprint(text),)}
    by_hand = replace(ENDPOINT, policy=text.replace(organization, "o-zzzzzzzzzz"))
    assert examine(replace(seen, endpoints=(by_hand,))).entry.policies == {}
    assert examine(replace(seen, endpoints=(ENDPOINT,))).entry.policies == {}, "AWS's own"
    former = Entry(VPC, held=HELD, policies={purpose: ("of a former day",)})
    assert examine(replace(seen, entry=former)).entry.policies == {purpose: (fingerprint(text),)}
    intact = replace(former, generation=7, issued=ISSUE)
    assert examine(replace(seen, entry=intact)).entry.policies == intact.policies


def test_a_group_of_another_kind_or_owner_is_nobody_s() -> None:
    theirs = replace(GROUP, id="sg-3", owner="another stack")
    custom = SecurityGroup("sg-4", "web", owner=STACK)
    finding = examine(replace(WHOLE, groups=(GROUP, RESOLVER_GROUP, theirs, custom)))
    assert not {"sg-3", "sg-4"} & set(finding.entry.held.values())
    assert undecided(finding) == {"sg-3", "sg-4"}, "each has one of the two signs"


def test_a_gateway_endpoint_is_ours_only_beside_our_interface_endpoint() -> None:
    s3 = "com.amazonaws.us-east-2.s3"
    gateway = InterfaceEndpoint("vpce-3", s3, "available", type="Gateway", owner=STACK)
    alone = examine(replace(WHOLE, endpoints=(ENDPOINT, gateway)))
    assert undecided(alone) == {"vpce-3"}
    ours = replace(ENDPOINT, id="vpce-4", service_name=s3)
    beside = examine(replace(WHOLE, endpoints=(ENDPOINT, ours, gateway)))
    assert beside.entry.held[ledger.gateway_purpose(s3)] == "vpce-3"


def test_an_endpoint_in_our_security_group_without_our_tag_is_told() -> None:
    untagged = replace(ENDPOINT, owner=None)
    finding = examine(replace(WHOLE, endpoints=(untagged,)))
    assert undecided(finding) == {"vpce-1"}


def test_a_second_security_group_is_named_with_the_command_that_deletes_it() -> None:
    """A look at a spoke before the ledger is rebuilt makes one for its probe."""
    second = replace(GROUP, id="sg-9", name=f"{GROUP.name}-2")
    known = Entry(VPC, held={ledger.ENDPOINTS_GROUP: "sg-9"})
    finding = examine(replace(WHOLE, entry=known, groups=(GROUP, RESOLVER_GROUP, second)))
    [doubt] = finding.undecided
    assert doubt.because.startswith("the ledger has sg-9 for the same")
    assert "aws ec2 delete-security-group --group-id sg-1: " in doubt.because
