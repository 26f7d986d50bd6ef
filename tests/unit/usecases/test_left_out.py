"""Services that are asked for and cannot be had: left out and told once, and nothing goes by it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from connectivity.domain import tags
from connectivity.domain.errors import PreconditionsNotMet
from connectivity.domain.model import OfferedService
from connectivity.domain.status import Status
from connectivity.domain.wish import Options
from connectivity.usecases.finish import finish

from tests.unit.example import OFFERED, ONPREM, REGION, VPC, ZONES, full
from tests.unit.usecases.world import EXECUTION, World

PARTNERS = f"com.amazonaws.vpce.{REGION}.vpce-svc-0123"
APPROVED = f"com.amazonaws.vpce.{REGION}.vpce-svc-4567"
OFFERS = {
    **OFFERED,
    PARTNERS: OfferedService(PARTNERS, ("api.partner.example",), ZONES, owner="666666666666"),
    APPROVED: OfferedService(
        APPROVED, ("api.slow.example",), ZONES, owner="amazon", needs_acceptance=True
    ),
    full("athena"): OfferedService(full("athena"), (), ZONES),
}
NOT_OFFERED = (
    f"which is no interface endpoint service in {REGION}: correct the name (as in logs, or in full "
    f"{full('logs')}) or leave it out"
)
WRONG = {
    "dynamodb": f'asks for "dynamodb", {NOT_OFFERED}',
    "lgos": f'asks for "lgos", {NOT_OFFERED}',
    "com.amazonaws.eu-west-1.kms": (
        'asks for "com.amazonaws.eu-west-1.kms", a service of eu-west-1, and vpc-0a1b2c3d is in '
        f"{REGION}: interface endpoints of other Regions' services are not made - leave it out, or "
        "name the service without its Region"
    ),
    APPROVED: (
        f'asks for "{APPROVED}", every interface endpoint of which its owner, amazon, has to '
        "accept first: leave it out and make its endpoint by hand"
    ),
    PARTNERS: (
        f'asks for "{PARTNERS}", a service of 666666666666: leave it out, or allow its owner in '
        "the stack's parameter AllowedServiceOwners, which allows amazon"
    ),
    "athena": (
        'asks for "athena", which has no private DNS name that on-premises could forward: leave it '
        "out"
    ),
    "cassandra": (
        'asks for "cassandra", which speaks Cassandra\'s own protocol on port 9142, and only TLS '
        "on 443 is admitted and verified: leave it out"
    ),
}
"""Service -> what is said of it, after who asks for it."""
LONG_ID = "vpc-0123456789abcdef0"
TAGGED = f"{tags.SERVICES} of {VPC.id}"


def world() -> World:
    there = World()
    there.endpoints.offers = OFFERS
    return there


def ask(there: World, *services: str) -> Options:
    """Set the VPC's tag, and return the options that are read from it."""
    tagged = {tags.WISH: "enabled", tags.SERVICES: " ".join(services)}
    there.vpcs.all[VPC.id] = replace(VPC, tags=tagged)
    return Options(services, (ONPREM,))


def connect(there: World, *services: str) -> Status:
    return there.connect(ask(there, *services))


def tell(there: World, status: Status) -> list[str]:
    """End an execution with this status, and return the mails that it sends."""
    before = len(there.notifications.sent)
    there.ledger.take(there.ledger.knock(VPC.id), EXECUTION)
    finish(VPC.id, status, there.desk)
    return there.notifications.sent[before:]


def services_of(there: World) -> set[str]:
    return {e.service_name.rpartition(".")[2] for e in there.endpoints.all.values() if e.exists}


REQUIRED = {"ecs", "ecs-agent", "ecs-telemetry", "ssm", "ssmmessages", "ec2messages"}


@pytest.mark.parametrize("good", [(), ("logs",)], ids=["alone", "beside a good one"])
@pytest.mark.parametrize("wrong", WRONG)
def test_a_new_vpc_is_connected_without_it_and_a_person_is_told_once(
    wrong: str, good: tuple[str, ...]
) -> None:
    there = world()
    status = connect(there, *good, wrong)
    line = f"warning: left out: {TAGGED} {WRONG[wrong]}"
    assert status.state == "connected"
    assert services_of(there) == REQUIRED | {*good}
    assert status.detail.split("; ")[1] == line, "first of all that a person has to know"
    assert tell(there, status) == [
        f"ECS Anywhere private connectivity: what is left out of {VPC.id}\n{VPC.id}: {line}"
    ]
    again = connect(there, *good, wrong)
    assert there.check(ask(there, *good, wrong)).converged
    assert again == status
    assert tell(there, again) == []


def test_several_wrong_ones_are_each_named_beside_the_good_ones() -> None:
    there = world()
    status = connect(there, "ecr", *WRONG, "logs")
    assert services_of(there) == REQUIRED | {"api", "dkr", "s3", "logs"}
    lines = [f"warning: left out: {TAGGED} {said}" for said in WRONG.values()]
    assert list(status.to_tell) == lines
    assert status.detail.split("; ")[1 : 1 + len(lines)] == lines


def test_however_many_are_wrong_ten_are_named_and_the_rest_is_counted() -> None:
    status = connect(world(), *(f"typo-{number}" for number in range(13)))
    assert len(status.to_tell) == 11
    assert status.to_tell[-1] == "warning: left out: and 3 more"


def test_of_a_group_the_services_that_there_are_stay() -> None:
    there = world()
    there.endpoints.offers = {n: s for n, s in OFFERS.items() if n != full("ecr.dkr")}
    status = connect(there, "ecr")
    assert services_of(there) == REQUIRED | {"api", "s3"}
    assert status.to_tell == (f'warning: left out: {TAGGED} asks for "ecr.dkr", {NOT_OFFERED}',)


def test_the_stack_s_wrong_default_is_blamed_on_its_parameter_and_holds_no_vpc_up() -> None:
    there = world()
    status = there.connect(Options(("lgos",), (ONPREM,)))
    assert status.state == "connected"
    assert services_of(there) == REQUIRED
    [told] = tell(there, status)
    assert (
        f'left out: the stack\'s parameter DefaultServices asks for "lgos", {NOT_OFFERED}' in told
    )


def test_a_plan_names_what_it_leaves_out_right_after_its_price_and_makes_nothing() -> None:
    there = world()
    check = there.check(ask(there, "lgos"), only_plan=True)
    line = f'warning: left out: {TAGGED} asks for "lgos", {NOT_OFFERED}'
    assert check.status.detail.split("; ")[1] == line
    assert line.removeprefix("warning: ") in check.as_json()["warnings"]
    assert check.status.detail.count("lgos") == 1
    assert not any("lgos" in step for step in check.steps)
    assert check.monthly_dollars == World().check().monthly_dollars
    assert there.weather.changes == []


def test_a_plan_says_no_to_a_service_of_another_region() -> None:
    """Who writes a Region means it; the wish itself connects the others without it."""
    there, elsewhere = world(), "com.amazonaws.eu-west-1.kms"
    with pytest.raises(
        PreconditionsNotMet, match=f'^{TAGGED} asks for "{elsewhere}", a service of'
    ):
        there.check(ask(there, elsewhere, "lgos"), only_plan=True)
    assert there.weather.changes == []
    assert there.resolvers.counts == 0, "the Region's resolvers have nothing to do with it"
    assert connect(there, elsewhere, "lgos").state == "connected"


@pytest.mark.parametrize("wrong", WRONG)
def test_the_tag_shows_who_asks_for_what_although_it_is_cut(wrong: str) -> None:
    """Of a VPC whose id is as long as AWS's are."""
    there = world()
    planned = [
        there.check(ask(there, wrong), only_plan=True).status for _ in range("eu-west" not in wrong)
    ]
    for status in (*planned, connect(there, wrong)):
        detail = f"{status.detail.replace(VPC.id, LONG_ID)}; {'warning: another; ' * 9}"
        value = tags.as_tag_value(detail, "... more in execution 17-tag-20261123T120000Z")
        assert len(value) > 250, "it is cut"
        assert f"left out: {tags.SERVICES} of {LONG_ID} asks for {wrong[:40]}" in value


def test_mending_the_tag_adds_the_service_and_takes_the_warning_away() -> None:
    there = world()
    assert "left out" in connect(there, "lgos").detail
    status = connect(there, "logs")
    assert services_of(there) == REQUIRED | {"logs"}
    assert "left out" not in status.detail
    assert status.to_tell == ()


REPLACED = {
    "a typo in its place": ("lgos",),
    "another one beside the typo": ("s3", "lgos"),
    "one of another Region in its place": ("com.amazonaws.eu-west-1.logs",),
}


@pytest.mark.parametrize("services", REPLACED.values(), ids=REPLACED)
@pytest.mark.parametrize("only_plan", [False, True])
def test_a_wrong_service_that_replaces_a_connected_one_is_refused_and_nothing_goes(
    services: tuple[str, ...], only_plan: bool
) -> None:
    there = world()
    connect(there, "logs")
    before, published = dict(there.endpoints.all), dict(there.parameters.all)
    entry = there.entry
    there.weather.changes.clear()
    with pytest.raises(PreconditionsNotMet) as refused:
        there.check(ask(there, *services), only_plan=only_plan)
    wrong, lost = str(refused.value).split("; ")
    assert wrong.startswith(f'{TAGGED} asks for "{services[-1]}"')
    assert lost == (
        f"{full('logs')} would lose the connection, perhaps by the same mistake: nothing is "
        "changed until it is mended"
    )
    assert there.weather.changes == []
    assert (there.endpoints.all, there.parameters.all, there.entry) == (before, published, entry)


def test_a_connected_service_that_is_offered_no_longer_is_refused_and_stays() -> None:
    there = world()
    connect(there, "logs")
    there.endpoints.offers = {n: s for n, s in OFFERS.items() if n != full("logs")}
    with pytest.raises(
        PreconditionsNotMet, match=r'asks for "logs", which is no .*; .* would lose'
    ):
        connect(there, "logs")
    assert "logs" in services_of(there)


def test_an_adopted_service_is_not_given_up_for_a_typo() -> None:
    """Nothing of ours would go, and on-premises would no longer be led to it."""
    there = world()
    connect(there, "logs")
    [ours] = [e for e in there.endpoints.all.values() if e.service_name == full("logs")]
    there.endpoints.all[ours.id] = replace(ours, owner=None)
    served = there.entry.served
    purpose = f"endpoint/{full('logs')}"
    held = {p: id_ for p, id_ in there.entry.held.items() if p != purpose}
    there.ledger.all[VPC.id] = replace(
        there.entry, held=held, served=replace(served, adopted={purpose: ours.id})
    )
    with pytest.raises(PreconditionsNotMet, match=rf"{full('logs')} would lose the connection"):
        connect(there, "lgos")


def test_what_was_made_and_not_published_yet_is_not_removed_for_a_typo_either() -> None:
    """Whoever made it died before anything was verified."""
    there = world()
    there.patiently(lambda: there.ensure_endpoints(there.check(ask(there, "logs")).desired))
    assert not there.entry.served.wish
    with pytest.raises(PreconditionsNotMet, match=rf"{full('logs')} would lose the connection"):
        connect(there, "lgos")
    assert "logs" in services_of(there)


def test_what_somebody_deleted_by_hand_is_not_forgotten_for_a_typo() -> None:
    """On-premises forwards its names, and they would be published no more."""
    there = world()
    connect(there, "logs")
    [logs] = [e.id for e in there.endpoints.all.values() if e.service_name == full("logs")]
    del there.endpoints.all[logs]
    with pytest.raises(PreconditionsNotMet, match=rf"{full('logs')} would lose the connection"):
        connect(there, "lgos")
    connect(there, "logs")
    assert "logs" in services_of(there)


def test_what_is_asked_for_no_longer_goes_where_nothing_is_wrong() -> None:
    there = world()
    connect(there, "logs", "s3")
    connect(there, "s3")
    assert services_of(there) == REQUIRED | {"s3"}


def test_a_typo_beside_the_connected_services_stops_no_repair() -> None:
    there = world()
    connect(there, "logs")
    [group] = [group for group in there.groups.all.values() if "endpoints" in group.name]
    there.groups.all[group.id] = replace(group, rules=frozenset())
    status = connect(there, "logs", "lgos")
    assert there.groups.all[group.id].rules == group.rules
    assert any("repaired" in line for line in status.to_tell)
    assert any("left out" in line for line in status.to_tell)


def test_a_required_service_that_is_not_offered_is_refused_with_what_is_left_out() -> None:
    there = world()
    there.endpoints.offers = {n: s for n, s in OFFERS.items() if n != full("ssm")}
    with pytest.raises(PreconditionsNotMet) as refused:
        connect(there, "lgos")
    required, optional = str(refused.value).split("; ")
    assert required.startswith("the required interface endpoint service ssm is not offered")
    assert optional == f'left out: {TAGGED} asks for "lgos", {NOT_OFFERED}'
    assert there.weather.changes == []


def test_news_of_a_host_is_no_news_of_what_was_left_out_before() -> None:
    there = world()
    tell(there, connect(there, "lgos"))
    there.acknowledge("dns1", there.entry.generation, "failed")
    status = there.check(ask(there, "lgos")).status
    assert tell(there, status) == [
        f"ECS Anywhere private connectivity: a DNS host of {VPC.id}\n{VPC.id}: dns1 failed"
    ]
