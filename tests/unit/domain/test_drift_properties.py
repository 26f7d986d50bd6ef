"""What holds for the repairs of any connected VPC: nothing is put right untold, nothing is told for
nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from connectivity.domain.drift import repairs
from connectivity.domain.errors import PreconditionsNotMet
from connectivity.domain.model import Rule
from connectivity.domain.survey import Survey
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.domain.any_vpc import AnyVpc, any_number, fit_vpcs
from tests.unit.domain.carried_out import connected, desired_of, plan_of, published
from tests.unit.example import VPC

T = TypeVar("T")


@any_number
@given(fit_vpcs())
def test_nothing_is_told_as_repaired_where_nobody_changed_anything(vpc: AnyVpc) -> None:
    """What was never connected cannot have drifted, and what is connected has not."""
    assert repairs(desired_of(vpc), vpc.survey, plan_of(vpc), ()) == ()
    there = published(vpc)
    assert repairs(desired_of(there), there.survey, plan_of(there), ()) == ()


def without_endpoint(survey: Survey, which: int) -> Survey:
    return replace(survey, endpoints=all_but(survey.endpoints, which))


def without_private_dns(survey: Survey, which: int) -> Survey:
    dark = replace(survey.endpoints[which % len(survey.endpoints)], private_dns=False)
    return replace(survey, endpoints=(*all_but(survey.endpoints, which), dark))


def without_ipv4(survey: Survey, which: int) -> Survey:
    """An interface endpoint's, as a gateway endpoint has no names."""
    there = [endpoint for endpoint in survey.endpoints if endpoint.type == "Interface"]
    before = there[which % len(there)]
    six = replace(before, address_type="dualstack", record_type="ipv6")
    return replace(survey, endpoints=tuple(six if e is before else e for e in survey.endpoints))


def without_group(survey: Survey, which: int) -> Survey:
    return replace(survey, groups=all_but(survey.groups, which))


def with_another_rule(survey: Survey, which: int) -> Survey:
    group = survey.groups[which % len(survey.groups)]
    opened = replace(group, rules=group.rules ^ {Rule("tcp", 443, VPC.cidrs[0])})
    return replace(survey, groups=(*all_but(survey.groups, which), opened))


def without_resolver(survey: Survey, which: int) -> Survey:
    return replace(survey, resolvers=all_but(survey.resolvers, which))


def all_but(things: tuple[T, ...], which: int) -> tuple[T, ...]:
    return tuple(t for n, t in enumerate(things) if n != which % len(things)) if things else ()


DAMAGES = st.lists(
    st.tuples(
        st.sampled_from(
            [
                without_endpoint,
                without_private_dns,
                without_ipv4,
                without_group,
                with_another_rule,
                without_resolver,
            ]
        ),
        st.integers(0, 30),
    ),
    min_size=1,
    max_size=3,
)


@any_number
@given(fit_vpcs(), DAMAGES)
def test_whatever_was_changed_behind_our_back_is_put_right_and_told(
    vpc: AnyVpc, damages: list[tuple[Callable[[Survey, int], Survey], int]]
) -> None:
    """A repair that nobody is told of hides whoever keeps changing it."""
    survey = published(vpc).survey
    for damage, which in damages:
        survey = damage(survey, which)
    damaged = replace(vpc, survey=survey)
    try:
        steps = plan_of(damaged)
    except PreconditionsNotMet:  # what was lent to us is shut now; its owner is told so
        assume(False)
    assert bool(repairs(desired_of(damaged), survey, steps, ())) or not steps
    assert plan_of(connected(damaged)) == ()
