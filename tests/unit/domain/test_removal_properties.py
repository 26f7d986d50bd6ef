"""What holds for the removal from any VPC: of everything, and of what is asked for no longer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from connectivity.domain.desired import Desired
from connectivity.domain.ledger import (
    ACKNOWLEDGEMENTS,
    ENDPOINT_PURPOSES,
    GROUPS,
    PROBE,
    PROBE_GROUP,
    PUBLICATION,
    RESOLVER,
)
from connectivity.domain.model import NetworkInterface
from connectivity.domain.ownership import purpose_of
from connectivity.domain.removal import Removal, Seen, plan_surplus, plan_teardown
from connectivity.domain.removal_steps import (
    RemovalStep,
    RemoveEndpoint,
    RemoveGroup,
    RemoveProbe,
    RemovePublication,
    RemoveResolver,
    TurnOffPrivateDns,
    Withdraw,
    describe_removal,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.any_endpoint import is_theirs
from tests.unit.domain.any_vpc import AnyVpc, any_number, fit_vpcs, listed_otherwise
from tests.unit.domain.carried_out import desired_of, published
from tests.unit.example import VPC

PATH = "/ecs-anywhere/private-connectivity"
HELD = {PUBLICATION: "document", PROBE: "ecs-anywhere-probe", ACKNOWLEDGEMENTS: "more"}

Planned = tuple[AnyVpc, Removal]
Plans = Callable[[AnyVpc], Removal]


def holding(vpc: AnyVpc, more: Iterable[str]) -> AnyVpc:
    """The VPC, of which the ledger holds more."""
    held = {**vpc.survey.entry.held, **{purpose: HELD[purpose] for purpose in more}}
    return replace(vpc, survey=replace(vpc.survey, entry=replace(vpc.survey.entry, held=held)))


every_vpc = st.builds(
    holding,
    st.one_of(fit_vpcs(), fit_vpcs().map(published)),
    st.lists(st.sampled_from(sorted(HELD)), unique=True),
)


def teardown(vpc: AnyVpc) -> Removal:
    return plan_teardown(vpc.survey.seen, vpc.survey.ownership, PATH)


def fewer(vpc: AnyVpc) -> Desired:
    """What is asked for when the last service, and S3's gateway endpoint, are not any more."""
    desired = desired_of(vpc)
    return replace(desired, endpoints=desired.endpoints[:-1], gateway_service=None)


def surplus(vpc: AnyVpc) -> Removal:
    return plan_surplus(fewer(vpc), vpc.survey.seen, vpc.survey.ownership)


both = st.sampled_from([teardown, surplus])
planned = st.builds(lambda vpc, plan: (vpc, plan(vpc)), every_vpc, both)


def named(step: RemovalStep) -> tuple[str, ...]:
    """The ids and names of what a step changes or removes."""
    match step:
        case Withdraw():
            return (step.parameter,)
        case TurnOffPrivateDns() | RemoveEndpoint():
            return (step.endpoint_id,)
        case RemoveResolver():
            return (step.resolver_id,)
        case RemoveGroup():
            return (step.group_id,)
        case RemoveProbe():
            return (step.name,)
        case RemovePublication():
            return (*step.parameters, step.acknowledgements)


def removed(removal: Removal) -> list[str]:
    """The ids of what goes that AWS shows in the VPC."""
    kinds = (RemoveEndpoint, RemoveResolver, RemoveGroup)
    return [id_ for step in removal.steps if isinstance(step, kinds) for id_ in named(step)]


def there(vpc: AnyVpc) -> dict[str, Any]:
    survey = vpc.survey
    things: tuple[Any, ...] = (*survey.endpoints, *survey.groups, *survey.resolvers)
    return {thing.id: thing for thing in things}


@any_number
@given(planned)
def test_nothing_that_is_not_ours_is_ever_part_of_a_removal(planned: Planned) -> None:
    """Whatever tags, names and states it was given: somebody else's never goes with ours."""
    vpc, removal = planned
    ours = f"{PATH}/{VPC.id}/"
    for id_ in (id_ for step in removal.steps for id_ in named(step)):
        assert not is_theirs(id_)
        assert id_ in there(vpc) or id_ in HELD.values() or id_.startswith(ours)


@any_number
@given(every_vpc)
def test_everything_of_ours_goes_in_a_teardown(vpc: AnyVpc) -> None:
    removal, entry = teardown(vpc), vpc.survey.entry
    ownership, shown = vpc.survey.ownership, vpc.survey
    ours = {e.id for e in shown.endpoints if ownership.of_endpoint(e) and e.exists}
    ours |= {group.id for group in ownership.groups(shown.groups).values()}
    resolver = ownership.resolver(shown.resolvers)
    assert set(removed(removal)) == ours | ({resolver.id} if resolver else set())
    assert bool(removal.of(RemoveProbe)) is (PROBE in entry.held)
    assert bool(removal.of(Withdraw)) is (PUBLICATION in entry.held)
    published_once = {PUBLICATION, ACKNOWLEDGEMENTS} & entry.held.keys()
    assert bool(removal.of(RemovePublication)) is bool(published_once)


@any_number
@given(every_vpc)
def test_only_what_is_asked_for_no_longer_goes_as_surplus(vpc: AnyVpc) -> None:
    wanted = {endpoint.service_name for endpoint in fewer(vpc).ours}
    going = [e for e in vpc.survey.endpoints if e.id in removed(surplus(vpc))]
    assert not any(e.type == "Interface" and e.service_name in wanted for e in going)
    assert {type(s) for s in surplus(vpc).steps} <= {TurnOffPrivateDns, RemoveEndpoint}


@any_number
@given(planned)
def test_what_aws_shows_goes_is_going_or_stays_with_a_reason(planned: Planned) -> None:
    """Of security groups only those that somebody could take for ours."""
    vpc, removal = planned
    said = [*removed(removal), *(each.id for each in removal.stays)]
    assert max(Counter(said).values(), default=1) == 1, "of nothing both is said"
    states = {endpoint.id: endpoint.state for endpoint in vpc.survey.endpoints}
    states |= {resolver.id: resolver.status for resolver in vpc.survey.resolvers}
    assert {id_ for id_, state in states.items() if state != "deleting"} <= set(said)
    for each in removal.stays:
        assert each.reason.strip()
        assert each.id in there(vpc)
    for step in removal.steps:
        line = describe_removal(step)
        assert step.reason.strip()
        assert line.endswith(f": {step.reason}")
        assert all(id_ in line for id_ in named(step))
    assert json.loads(json.dumps(removal.as_json())) == removal.as_json()


ORDER = (
    Withdraw,
    TurnOffPrivateDns,
    RemoveEndpoint,
    RemoveResolver,
    RemoveProbe,
    RemoveGroup,
    RemovePublication,
)


def place(step: RemovalStep) -> int:
    """A gateway endpoint that has to wait goes before the security groups."""
    waits = isinstance(step, RemoveEndpoint) and step.after
    return ORDER.index(RemoveProbe) if waits else ORDER.index(type(step))


@any_number
@given(planned)
def test_onprem_is_told_first_then_private_dns_goes_off_then_the_rest_and_groups_after_it(
    planned: Planned,
) -> None:
    vpc, removal = planned
    places = [place(step) for step in removal.steps]
    assert places == sorted(places)
    off = [step.service for step in removal.of(TurnOffPrivateDns)]
    assert [s for s in off if s.endswith(".ecs")] == off[:1] or not any(
        s.endswith(".ecs") for s in off
    )
    groups = [step.purpose for step in removal.of(RemoveGroup)]
    assert groups == [purpose for purpose in GROUPS if purpose in groups]
    type_of = {endpoint.id: endpoint.type for endpoint in vpc.survey.endpoints}
    kinds = [type_of[step.endpoint_id] for step in removal.of(RemoveEndpoint)]
    assert kinds == sorted(kinds, reverse=True), "interface endpoints before the gateway"


@any_number
@given(every_vpc)
def test_a_step_waits_for_what_needs_its_thing(vpc: AnyVpc) -> None:
    removal = teardown(vpc)
    gone: set[str] = set()
    held = vpc.survey.entry.held
    for step in removal.steps:
        after = getattr(step, "after", ())
        assert set(after) <= gone | set(removal.going) | theirs_going(vpc)
        if isinstance(step, RemoveGroup):
            before = {*removed(removal), *removal.going} - group_ids(removal)
            assert before <= set(after)
            if step.purpose == PROBE_GROUP:
                assert group_ids(removal) - {step.group_id} <= set(after)
        gone |= set(named(step))
    assert set(removal.gone) <= held.keys()


def group_ids(removal: Removal) -> set[str]:
    return {step.group_id for step in removal.of(RemoveGroup)}


def theirs_going(vpc: AnyVpc) -> set[str]:
    """A gateway endpoint waits for anybody's interface endpoint that is on its way."""
    return {e.id for e in vpc.survey.endpoints if e.state == "deleting"}


@any_number
@given(every_vpc)
def test_the_ledger_lets_go_only_of_what_aws_shows_no_longer(vpc: AnyVpc) -> None:
    held = vpc.survey.entry.held
    shown = {*there(vpc)}
    for purpose in teardown(vpc).gone:
        assert held[purpose] not in shown
        assert purpose.startswith(ENDPOINT_PURPOSES) or purpose in {RESOLVER, *GROUPS}
    unasked = plan_teardown(Seen(vpc.survey.endpoints), vpc.survey.ownership, PATH).gone
    assert not {RESOLVER, *GROUPS} & set(unasked), "nobody has looked"


@any_number
@given(every_vpc)
def test_carried_out_a_teardown_leaves_nothing_to_remove_and_all_that_is_not_ours(
    vpc: AnyVpc,
) -> None:
    before = {each.id: each.why for each in teardown(vpc).stays}
    after = replace(vpc, survey=carried_out(vpc))
    removal = teardown(after)
    assert removal.steps == ()
    assert {each.id: each.why for each in removal.stays} == before


def carried_out(vpc: AnyVpc) -> Any:
    removal, survey = teardown(vpc), vpc.survey
    gone = {*removed(removal), *removal.going}
    held = {
        purpose: id_
        for purpose, id_ in survey.entry.held.items()
        if id_ not in gone and purpose not in HELD and purpose not in known_purposes(vpc)
    }
    return replace(
        survey,
        endpoints=tuple(e for e in survey.endpoints if e.id not in gone),
        groups=tuple(g for g in survey.groups if g.id not in gone),
        resolvers=tuple(r for r in survey.resolvers if r.id not in gone),
        entry=replace(survey.entry, held=held),
    )


def known_purposes(vpc: AnyVpc) -> set[str]:
    """Purposes of groups and resolvers that were begun, and known by their tokens."""
    known = {*vpc.survey.ownership.known_groups(vpc.survey.groups)}
    return known | ({RESOLVER} if vpc.survey.ownership.resolver(vpc.survey.resolvers) else set())


@any_number
@given(every_vpc.flatmap(lambda vpc: st.tuples(st.just(vpc), listed_otherwise(vpc))), both)
def test_the_same_vpc_has_the_same_removal_in_whatever_order_it_is_listed(
    listed: tuple[AnyVpc, AnyVpc], plan: Plans
) -> None:
    once, again = (plan(vpc) for vpc in listed)
    assert once.steps == again.steps
    assert {*once.stays} == {*again.stays}


@any_number
@given(every_vpc)
def test_a_security_group_that_somebody_uses_stays_and_says_who_holds_it(vpc: AnyVpc) -> None:
    seen, ownership = vpc.survey.seen, vpc.survey.ownership
    interface = NetworkInterface("eni-0a1b2c3d4e5f60718")
    ours = {group.id for group in ownership.groups(vpc.survey.groups).values()}
    held = replace(seen, holders=dict.fromkeys(ours, (interface,)))
    removal = plan_teardown(held, ownership, PATH)
    assert removal.of(RemoveGroup) == ()
    assert removal.staying("in use").keys() == ours
    assert all(interface.id in reason for reason in removal.staying("in use").values())


@any_number
@given(every_vpc)
def test_a_thing_of_ours_without_its_tag_is_out_of_reach_and_in_no_step(vpc: AnyVpc) -> None:
    survey = vpc.survey
    endpoints = tuple(replace(e, owner=None) for e in survey.endpoints)
    groups = tuple(replace(g, owner=None) for g in survey.groups)
    removal = teardown(replace(vpc, survey=replace(survey, endpoints=endpoints, groups=groups)))
    assert not [*removal.of(RemoveEndpoint), *removal.of(RemoveGroup)]
    held = survey.entry.held
    known = {e.id for e in survey.endpoints if e.exists and held.get(purpose_of(e)) == e.id}
    known |= {g.id for g in survey.ownership.known_groups(survey.groups).values()}
    assert removal.staying("out of reach").keys() == known
