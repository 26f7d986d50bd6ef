"""Which of several VPCs a zone is forwarded to, over everything that they may claim."""

from __future__ import annotations

from itertools import combinations

from ecs_anywhere_dns.following.claims import Claim, Settled, settle, takes, zone_of
from ecs_anywhere_dns.following.places import in_their_places
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shares import examples

TREE = ("x", "a.x", "b.x", "c.b.x", "d.c.b.x", "y")
"""Names, of which some lie below others."""
VPCS = ("vpc-1", "vpc-2", "vpc-3")


@st.composite
def claims(draw: st.DrawFn) -> list[Claim]:
    """Each publishes names within its zones; no zone is held twice; who comes first is a chain."""
    made: list[Claim] = []
    free = set(TREE)
    for number, vpc in enumerate(VPCS):
        zones = sorted(draw(st.sets(st.sampled_from(TREE), max_size=4)))
        names = [name for name in draw(st.sets(st.sampled_from(TREE))) if zone_of(name, zones)]
        holds = sorted(draw(st.sets(st.sampled_from(sorted(free)), max_size=2)) if free else ())
        free -= set(holds)
        behind = draw(st.sets(st.sampled_from(VPCS[:number]))) if number else set()
        ips = draw(st.sampled_from([("10.0.0.1",), (f"10.{number}.0.2",)]))
        made.append(Claim(vpc, tuple(zones), tuple(names), ips, behind, tuple(holds)))
    return list(draw(st.permutations(made)))


def given_to(claim: Claim, settled: Settled) -> tuple[str, ...]:
    """The zones that it claims afterwards, with what it keeps where it is refused."""
    return tuple(claim.holds) if settled.refused else settled.zones


def know_each_other(one: Claim, other: Claim, several: list[Claim]) -> bool:
    """Whether it was said which of them comes first, or both have the same resolver IPs."""
    behind = {claim.vpc: set(claim.behind) for claim in several}
    for claim in several:  # a chain of three at most
        for vpc in tuple(claim.behind):
            behind[claim.vpc] |= set(next(c for c in several if c.vpc == vpc).behind)
    said = one.vpc in behind[other.vpc] or other.vpc in behind[one.vpc]
    return said or one.resolver_ips == other.resolver_ips


@settings(max_examples=examples(150), deadline=None)
@given(claims())
def test_no_zone_is_given_to_two(several: list[Claim]) -> None:
    settled = settle(several)
    for one, other in combinations(several, 2):
        assert not {*settled[one.vpc].zones} & {*settled[other.vpc].zones}


@settings(max_examples=examples(150), deadline=None)
@given(claims())
def test_nobody_takes_a_zone_from_one_that_was_not_declared_to_come_later(
    several: list[Claim],
) -> None:
    """What is given to one leaves all that another one has, or claims, but where that one knows."""
    settled = settle(several)
    for one in several:
        for other in several:
            left = given_to(other, settled[other.vpc])
            names = [name for name in other.names if zone_of(name, left)]
            if one is other or know_each_other(one, other, several) or settled[one.vpc].refused:
                continue
            taken = [zone for zone in settled[one.vpc].zones if takes(zone, left, names)]
            assert not taken, (one, other)


@settings(max_examples=examples(150), deadline=None)
@given(claims())
def test_every_zone_that_is_not_given_has_a_reason(several: list[Claim]) -> None:
    for claim in several:
        said = settle(several)[claim.vpc]
        if said.refused is None:
            assert {*said.zones, *said.to_others} == {*claim.zones}
            assert set(said.to_others.values()) <= said.first
        else:
            assert claim.vpc in said.refused.message and said.refused.cure


def test_two_that_want_what_the_other_one_has_are_both_refused() -> None:
    one = Claim("vpc-1", ("a.x", "b.x"), ("a.x", "b.x"), ("10.1.0.1",), (), ("a.x",))
    other = Claim("vpc-2", ("a.x", "b.x"), ("a.x", "b.x"), ("10.2.0.1",), (), ("b.x",))
    settled = settle([one, other])
    assert settled["vpc-1"].refused and settled["vpc-2"].refused


# --- standbys

FLAT = ("a.x", "b.x", "c.x", "d.x")
FOUR = ("vpc-1", "vpc-2", "vpc-3", "vpc-4")


@st.composite
def with_standbys(draw: st.DrawFn) -> tuple[list[Claim], dict[str, str]]:
    """Four VPCs, of which it is said for each two that share zones who comes first; some stand by
    for others, and some of these serve."""
    made: list[Claim] = []
    serving: dict[str, str] = {}
    free = set(FLAT)
    for number, vpc in enumerate(FOUR):
        zones = tuple(sorted(draw(st.sets(st.sampled_from(FLAT)))))
        holds = sorted(draw(st.sets(st.sampled_from(sorted(free)), max_size=2)) if free else ())
        free -= set(holds)
        earlier = {each.vpc for each in made if {*each.zones, *each.holds} & {*zones, *holds}}
        alone = sorted({*FOUR[:number]} - {*serving.values()})
        is_standby = draw(st.booleans())
        if alone and is_standby:
            serving[vpc] = draw(st.sampled_from(alone))
            earlier.add(serving[vpc])
        made.append(Claim(vpc, zones, zones, (f"10.{number}.0.2",), earlier, tuple(holds)))
    for vpc in list(serving):
        if draw(st.booleans()):
            del serving[vpc]
    return list(draw(st.permutations(made))), serving


@settings(max_examples=examples(80), deadline=None)
@given(with_standbys())
def test_every_claimed_zone_has_exactly_one_owner_whoever_serves(
    said: tuple[list[Claim], dict[str, str]],
) -> None:
    several, serving = said
    settled = settle(in_their_places(several, serving))
    assert not [each.refused for each in settled.values() if each.refused]
    for zone in {zone for claim in several for zone in claim.zones}:
        owners = [vpc for vpc in settled if zone in settled[vpc].zones]
        assert len(owners) == 1, (zone, owners)


@settings(max_examples=examples(80), deadline=None)
@given(with_standbys())
def test_a_standby_that_serves_gets_what_its_first_vpc_would_have(
    said: tuple[list[Claim], dict[str, str]],
) -> None:
    """Where it claims that, and no standby of its own serves in its place."""
    several, serving = said
    before = settle(several)
    for standby, first in serving.items():
        now = settle(in_their_places(several, {standby: first}))
        claim = next(each for each in several if each.vpc == standby)
        assert {*before[first].zones} & {*claim.zones} <= {*now[standby].zones}


@settings(max_examples=examples(80), deadline=None)
@given(with_standbys())
def test_a_standby_that_serves_takes_nothing_from_a_third_vpc_that_the_first_does_not_claim(
    said: tuple[list[Claim], dict[str, str]],
) -> None:
    several, serving = said
    before = settle(several)
    for standby, first in serving.items():
        now = settle(in_their_places(several, {standby: first}))
        claims = {each.vpc: {*each.zones} for each in several}
        held = next(each for each in several if each.vpc == standby).holds
        for third in {*claims} - {standby, first}:
            lost = {*before[third].zones} - {*now[third].zones}
            assert lost <= claims[first] | {*held}, third
