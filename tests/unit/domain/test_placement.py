"""One subnet per Availability Zone, chosen the same way every time."""

from __future__ import annotations

from dataclasses import replace

from connectivity.domain.ledger import Entry
from connectivity.domain.model import OfferedService, Subnet
from connectivity.domain.placement import (
    Candidate,
    ranked_zones,
    resolver_subnets,
    subnet_per_zone,
    zones_for,
)
from connectivity.domain.preconditions import prepare
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.example import LIMITS, OPTIONS, SURVEY, VPC
from tests.unit.example import SUBNETS as THEIRS

ZONE = st.sampled_from(["use2-az1", "use2-az2", "use2-az3"])
SUBNETS = st.lists(
    st.builds(Subnet, st.text("abc0123", min_size=1), ZONE, st.integers(0, 30)),
    unique_by=lambda subnet: subnet.id,
)
EQUAL = Candidate(Subnet("subnet-a", "use2-az1", 30))
CANDIDATES = SUBNETS.flatmap(
    lambda subnets: st.tuples(
        *(
            st.builds(Candidate, st.just(subnet), st.booleans(), st.integers(0, 2), st.booleans())
            for subnet in subnets
        )
    ).map(list)
)
SERVICES = st.lists(st.builds(OfferedService, st.just("service"), st.just(()), st.frozensets(ZONE)))


@given(CANDIDATES, st.integers(0, 30), st.data())
def test_the_order_in_which_aws_lists_subnets_never_matters(
    candidates: list[Candidate], needed: int, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(candidates))
    assert subnet_per_zone(shuffled, needed) == subnet_per_zone(candidates, needed)


@given(CANDIDATES, st.integers(0, 30))
def test_a_zone_gets_the_preferred_one_of_its_subnets_that_have_room(
    candidates: list[Candidate], needed: int
) -> None:
    roomy = [c for c in candidates if c.subnet.free_addresses >= needed]
    chosen = subnet_per_zone(candidates, needed)
    assert chosen.keys() == {candidate.subnet.zone for candidate in roomy}
    for zone, one in chosen.items():
        beside = [c.preference for c in roomy if c.subnet.zone == zone]
        assert one in roomy
        assert one.subnet.zone == zone
        assert one.preference == min(beside)


@given(st.sets(ZONE), SERVICES)
def test_services_end_up_in_the_zones_that_most_of_them_support(
    zones: set[str], services: list[OfferedService]
) -> None:
    ranked = ranked_zones(dict.fromkeys(zones, EQUAL), services)
    support = [sum(zone in service.zones for service in services) for zone in ranked]
    assert set(ranked) == zones
    assert support == sorted(support, reverse=True)


@given(SERVICES.filter(bool), st.integers(1, 3))
def test_a_service_is_placed_only_where_it_is_supported(
    services: list[OfferedService], count: int
) -> None:
    zones = ["use2-az1", "use2-az2", "use2-az3"]
    ranked = ranked_zones(dict.fromkeys(zones, EQUAL), services)
    placed = zones_for(services[0], ranked, count)
    assert set(placed) <= services[0].zones
    assert len(placed) == min(count, len(services[0].zones))


def test_resolver_ips_go_round_the_zones() -> None:
    assert resolver_subnets(["a", "b"], 3) == ("a", "b", "a")
    assert resolver_subnets([], 2) == ()


def test_a_resolver_is_not_made_anew_in_a_subnet_that_has_no_room_for_it() -> None:
    """A promise does not make room; there is some in the zone's other subnet."""
    full_by_now = Subnet("subnet-a0", THEIRS[0].zone, 0)
    entry = Entry(VPC.id, resolver_ips={"10.20.0.53": full_by_now.id})
    survey = replace(
        SURVEY, subnets=(*THEIRS, full_by_now), taken=frozenset(entry.resolver_ips), entry=entry
    )
    desired = prepare(survey, OPTIONS, LIMITS).desired
    assert desired.resolver_subnets == ("subnet-a", "subnet-b")
