"""Remove, and confirm by looking: everything of ours goes, nothing else does, what is left has a
name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from connectivity.domain import ledger, status, tags
from connectivity.domain.errors import (
    JustBegun,
    NotReadyYet,
    NotRemoved,
    UnreadableOption,
    WishedAgain,
)
from connectivity.domain.model import InboundResolver, InterfaceEndpoint, Rule, SecurityGroup
from connectivity.usecases.acknowledgements import MOST_REMOVED
from connectivity.usecases.finish import finish
from connectivity.usecases.remove import remove_everything, remove_surplus

from tests.unit.example import OPTIONS, US, VPC, WITH_ECR, full
from tests.unit.usecases.fakes import ENI
from tests.unit.usecases.world import ACKNOWLEDGEMENTS, EXECUTION, LIST, World, connected


def test_a_teardown_removes_everything_of_ours_and_repeating_it_changes_nothing() -> None:
    world = connected(WITH_ECR)
    world.probe.group = None
    assert world.disconnect() == "nothing of ours is left in this VPC"
    assert not [*world.endpoints.all, *world.groups.all, *world.resolvers.all]
    assert world.parameters.all == {}
    assert not world.entry.holds_something
    world.weather.changes.clear()
    world.disconnect()
    assert world.weather.changes == []


def test_what_is_not_ours_is_left_alone() -> None:
    """Also what carries our tag without being in our ledger: somebody copied it."""
    world = connected()
    theirs = InterfaceEndpoint("vpce-theirs", full("kms"), "available", private_dns=True)
    copied = replace(theirs, id="vpce-copied", service_name=full("sts"), owner=US)
    group = SecurityGroup("sg-theirs", "default")
    world.endpoints.all |= {"vpce-theirs": theirs, "vpce-copied": copied}
    world.groups.all["sg-theirs"] = group
    world.disconnect()
    assert world.endpoints.all == {"vpce-theirs": theirs, "vpce-copied": copied}
    assert world.groups.all["sg-theirs"] == group


def test_an_endpoint_of_ours_that_lost_its_tag_is_left_but_named_and_kept_in_the_ledger() -> None:
    world = connected()
    first = next(iter(world.endpoints.all.values()))
    world.endpoints.all[first.id] = replace(first, owner=None, security_groups=())
    with pytest.raises(NotRemoved, match=f"{first.id}: made by us, but its tag"):
        world.disconnect()
    assert list(world.endpoints.all) == [first.id]
    assert first.id in world.entry.held.values()
    del world.endpoints.all[first.id]
    world.disconnect()
    assert first.id not in world.entry.held.values()


def test_what_looks_like_ours_without_being_in_the_ledger_is_named_at_the_end() -> None:
    world = connected()
    stray = InterfaceEndpoint("vpce-stray", full("sts"), "available", owner=US)
    world.endpoints.all["vpce-stray"] = stray
    assert "vpce-stray looks like ours but is not in our ledger" in world.disconnect()
    assert list(world.endpoints.all) == ["vpce-stray"]


@pytest.mark.parametrize(
    "stray",
    [
        SecurityGroup("sg-stray", f"ecs-anywhere-{VPC.id}-probe-copied", owner=US),
        SecurityGroup("sg-stray", f"ecs-anywhere-{VPC.id}-probe"),
        SecurityGroup("sg-stray", f"ecs-anywhere-{VPC.id}-endpoints", owner="another-stack"),
        SecurityGroup("sg-stray", "web", owner=US),
        InboundResolver("rslvr-stray", VPC.id, "operational", name=f"ecs-anywhere-{VPC.id}"),
    ],
    ids=lambda stray: stray.name,
)
def test_a_group_or_resolver_that_only_looks_like_ours_is_named_at_the_end_and_stays(
    stray: SecurityGroup | InboundResolver,
) -> None:
    world = connected()
    there: dict[str, Any] = {**world.groups.all, **world.resolvers.all}
    things: Any = world.groups if isinstance(stray, SecurityGroup) else world.resolvers
    things.all[stray.id] = stray
    world.probe.group = None
    said = world.disconnect()
    assert f"{stray.id} looks like ours but is not in our ledger" in said
    assert not any(id_ in said for id_ in there), "what was ours is gone"
    assert things.all == {stray.id: stray}


def test_what_aws_refuses_to_remove_is_named_with_its_reason_and_kept_in_the_ledger() -> None:
    world = connected()
    first, second, *_ = world.endpoints.all
    world.endpoints.refusals = {first: "Denied: no", second: "InUse: busy"}
    with pytest.raises(NotRemoved, match=f"{first}: Denied: no; {second}: InUse: busy"):
        world.disconnect()
    assert {first, second} <= set(world.entry.held.values())
    world.endpoints.refusals = {}
    world.disconnect()
    assert world.endpoints.all == {}


def test_what_is_being_removed_is_waited_for() -> None:
    world = connected()
    world.withdraw()
    with pytest.raises(JustBegun, match=r"being removed: (vpce-\d+, ){6}rslvr-in-"):
        remove_everything(VPC.id, world.aws)
    with pytest.raises(NotReadyYet, match=r"being removed: rslvr-in-.*, vpce-"):
        remove_everything(VPC.id, world.aws)
    world.endpoints.settle()
    with pytest.raises(NotReadyYet, match="rslvr-in-"):
        remove_everything(VPC.id, world.aws)


def test_security_groups_wait_for_the_network_interfaces_that_hold_them() -> None:
    world = connected()
    stray = replace(next(iter(world.endpoints.all.values())), id="vpce-stray", owner=None)
    world.endpoints.all["vpce-stray"] = stray
    with pytest.raises(
        NotReadyYet, match=f"{stray.security_groups[0]} is still held by network interfaces: {ENI}"
    ):
        world.disconnect()
    del world.endpoints.all["vpce-stray"]
    world.disconnect()
    assert stray.security_groups[0] not in world.groups.all


def test_a_security_group_that_somebody_s_rule_names_is_told_with_that_group() -> None:
    """AWS says "has a dependent object", and no network interface is to be seen."""
    world = connected()
    ours = world.entry.held[ledger.ENDPOINTS_GROUP]
    theirs = SecurityGroup("sg-theirs", "web", frozenset({Rule("tcp", 443, ours)}))
    world.groups.all[theirs.id] = theirs
    with pytest.raises(NotReadyYet) as waited:
        world.disconnect()
    assert f"{ours} is still named in rules of security group sg-theirs" in str(waited.value)
    assert "describe-security-group-rules --filters Name=group-id,Values=sg-theirs" in str(
        waited.value
    )
    assert world.groups.all[theirs.id] == theirs
    del world.groups.all[theirs.id]
    world.disconnect()
    assert ours not in world.groups.all


def test_the_probes_group_is_left_for_the_sweep_and_named_while_lambda_holds_it() -> None:
    world = connected()
    assert world.probe.group is not None
    assert world.disconnect().startswith(f"{world.probe.group} waits for AWS Lambda")
    assert list(world.groups.all) == [world.probe.group]
    assert world.entry.held == {ledger.PROBE_GROUP: world.probe.group}
    assert not world.entry.is_at_rest
    world.probe.group = None
    assert world.disconnect() == "nothing of ours is left in this VPC"
    assert world.groups.all == {}
    finish(VPC.id, status.removed(()), world.desk)
    assert world.entry.is_at_rest


def test_a_vpc_is_connected_again_with_the_probes_group_that_was_left() -> None:
    world = connected()
    world.disconnect()
    world.connect()
    assert world.check().converged
    assert len(world.groups.all) == 3


def test_a_service_that_is_no_longer_asked_for_goes_after_the_publication_is_without_it() -> None:
    world = connected(WITH_ECR)
    world.connect(OPTIONS)
    world.settle()
    assert world.weather.changes.index("write forwarding") < world.weather.changes.index(
        "remove endpoints"
    )
    assert full("s3") not in {e.service_name for e in world.endpoints.all.values()}
    assert world.check(OPTIONS).converged
    assert len(world.endpoints.all) == 6


def test_the_gateway_endpoint_waits_for_the_interface_endpoint_that_needs_it() -> None:
    world = connected(WITH_ECR)
    desired = world.check(OPTIONS).desired
    [gateway] = [e for e in world.endpoints.all.values() if e.type == "Gateway"]
    with pytest.raises(NotReadyYet, match=gateway.id):
        remove_surplus(desired, world.aws)
    assert world.endpoints.all[gateway.id].state == "available"
    world.settle()
    assert remove_surplus(desired, world.aws) == (gateway.id,)


def led_through(world: World) -> InterfaceEndpoint:
    """Let somebody lead route tables through our gateway endpoint, and return that."""
    [gateway] = [e for e in world.endpoints.all.values() if e.type == "Gateway"]
    lent = replace(gateway, route_tables=("rtb-1", "rtb-2"))
    world.endpoints.all[lent.id] = lent
    return lent


def test_a_gateway_endpoint_that_others_lead_routes_through_stays_and_is_theirs() -> None:
    """Without it the subnets of these route tables would lose Amazon S3."""
    world = connected(WITH_ECR)
    lent = led_through(world)
    assert world.check(WITH_ECR).converged, "it serves us as before"
    world.probe.group = None
    said = world.disconnect()
    assert f"{lent.id} stays: route tables lead s3 through it (rtb-1, rtb-2)" in said
    assert f"aws ec2 delete-vpc-endpoints --vpc-endpoint-ids {lent.id}" in said
    assert world.endpoints.all == {lent.id: lent}
    assert not world.entry.holds_something
    world.connect(WITH_ECR)
    assert [e.id for e in world.endpoints.all.values() if e.type == "Gateway"] == [lent.id]
    assert lent.id not in world.entry.held.values()


def test_a_dropped_option_leaves_a_gateway_endpoint_that_others_use() -> None:
    world = connected(WITH_ECR)
    lent = led_through(world)
    world.connect(OPTIONS)
    assert world.endpoints.all[lent.id] == lent
    assert lent.id not in world.entry.held.values()
    assert world.check(OPTIONS).converged


def test_a_surplus_that_aws_refuses_to_remove_is_named() -> None:
    world = connected(WITH_ECR)
    refused = next(e.id for e in world.endpoints.all.values() if e.service_name == full("ecr.api"))
    world.endpoints.refusals = {refused: "Denied: no"}
    with pytest.raises(NotRemoved, match=f"{refused}: Denied: no"):
        world.connect(OPTIONS)
    assert refused in world.entry.held.values()


def test_a_tag_put_back_during_the_drain_stops_the_teardown_before_anything_is_removed() -> None:
    world = connected()
    world.withdraw()
    before = dict(world.endpoints.all)
    world.vpcs.set_tags(VPC.id, {tags.WISH: "enabled"})
    with pytest.raises(WishedAgain):
        remove_everything(VPC.id, world.aws)
    assert world.endpoints.all == before
    world.connect()
    assert world.document["state"] == "active"


def test_a_tag_that_asks_for_a_plan_during_the_drain_does_not_strand_what_serves_nobody() -> None:
    world = connected()
    world.withdraw()
    world.vpcs.set_tags(VPC.id, {tags.WISH: "plan"})
    world.await_acknowledgements()
    world.turn_off_all()
    world.patiently(lambda: remove_everything(VPC.id, world.aws))
    assert world.endpoints.all == {}


def test_a_tag_that_nobody_can_read_stops_the_teardown_and_says_so() -> None:
    world = connected()
    world.withdraw()
    before = dict(world.endpoints.all)
    world.vpcs.set_tags(VPC.id, {tags.WISH: "enable"})
    with pytest.raises(UnreadableOption, match="is not one of enabled"):
        remove_everything(VPC.id, world.aws)
    assert world.endpoints.all == before


def test_an_acknowledgement_that_comes_after_the_removal_is_removed_by_the_last_look() -> None:
    world = connected()
    world.acknowledge("dns1", 1)
    world.disconnect()
    late = world.acknowledge("dns1", 2)
    remove_everything(VPC.id, world.aws)
    assert late not in world.parameters.all
    assert world.parameters.all == {}


def test_a_host_that_goes_on_acknowledging_does_not_hold_up_the_end_of_a_teardown() -> None:
    world = connected()
    world.disconnect()
    for generation in range(3):
        world.acknowledge("dns1", generation)
        remove_everything(VPC.id, world.aws)


def test_thousands_of_acknowledgements_go_in_bounded_steps_and_block_nothing() -> None:
    """Also those whose names no host's tool would choose."""
    world = connected()
    world.parameters.all |= {f"{ACKNOWLEDGEMENTS}/{i}{'a' * 900}/x": "x" for i in range(300)}
    for number in range(1300):
        world.acknowledge(f"dns{number}", 1, "failed", detail="x" * 200)
    removals = world.parameters.removed_at_once
    assert "nothing of ours" not in world.disconnect(), "the probe's group is waited for"
    assert world.parameters.all == {}
    assert max(removals) <= MOST_REMOVED
    assert ledger.ACKNOWLEDGEMENTS not in world.entry.held


def test_a_removal_that_has_begun_is_carried_through_although_the_tag_is_put_back() -> None:
    world = connected()
    world.ledger.take(world.entry, EXECUTION)
    world.withdraw()
    with pytest.raises(JustBegun, match="being removed"):
        remove_everything(VPC.id, world.aws)
    world.vpcs.set_tags(VPC.id, {tags.WISH: "enabled"})
    said = world.patiently(lambda: remove_everything(VPC.id, world.aws))
    assert said.state == status.removed((), ()).state
    assert world.parameters.all == {}
    assert not world.entry.is_being_removed


def test_a_later_execution_looks_at_the_tag_again_before_it_removes() -> None:
    world = connected()
    world.ledger.take(world.entry, EXECUTION)
    world.withdraw()
    with pytest.raises(JustBegun):
        remove_everything(VPC.id, world.aws)
    world.ledger.take(world.entry, f"{EXECUTION}-later")
    world.vpcs.set_tags(VPC.id, {tags.WISH: "enabled"})
    with pytest.raises(WishedAgain):
        remove_everything(VPC.id, world.aws)


def test_what_onprem_reads_goes_last() -> None:
    """Until then it reads that nothing is to be forwarded."""
    world = connected()
    world.disconnect()
    removals = [name for name in world.weather.changes if name.startswith("remove")]
    assert removals == [
        "remove endpoints",
        "remove resolver",
        "remove group",
        "remove group",
        "remove parameters",
    ], "the probe's group is held by AWS Lambda"


def test_other_people_s_parameters_beside_ours_are_left_and_not_waited_for() -> None:
    world = connected()
    notes = f"{LIST.rpartition('/')[0]}/notes"
    world.parameters.all[notes] = "call Bob"
    world.disconnect()
    assert world.parameters.all == {notes: "call Bob"}


def test_what_was_removed_and_not_written_down_is_let_go_by_the_next_run() -> None:
    """Whoever removed it died in between: nothing would come back for it before the teardown."""
    world = connected(OPTIONS)
    world.ledger.hold(VPC.id, {ledger.gateway_purpose(full("s3")): "vpce-gone"})
    check = world.check(OPTIONS)
    assert check.surplus
    assert not check.converged
    remove_surplus(check.desired, world.aws)
    assert ledger.gateway_purpose(full("s3")) not in world.entry.held
    assert world.check(OPTIONS).converged
