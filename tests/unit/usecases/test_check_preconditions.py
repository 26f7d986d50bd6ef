"""Check the preconditions: what shall be there, what it takes, and whether it is all done."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from connectivity.domain.errors import PreconditionsNotMet
from connectivity.domain.model import OfferedService, Profile
from connectivity.domain.pacing import KEPT_SECONDS
from connectivity.domain.publication import LARGEST_PARAMETER, LARGEST_STANDARD
from connectivity.domain.tags import WISH
from connectivity.domain.wish import Options

from tests.unit.example import OPTIONS, PRIVATE_NAMES, REGION, VPC, WITH_ECR, ZONES, full
from tests.unit.usecases.test_adoption import with_theirs
from tests.unit.usecases.world import DOCUMENT, LIST, SIGNING_KEY, World, connected

NOW = "2026-11-23T12:00:00Z"


def test_an_empty_vpc_gets_a_plan_with_its_price_and_the_names_it_changes() -> None:
    check = World().check()
    assert not check.converged
    assert check.status.state == "planned"
    assert f"make interface endpoint {full('ecs')} in subnet-a, subnet-b" in "\n".join(check.steps)
    assert check.monthly_dollars == pytest.approx(730 * (12 * 0.01 + 0.25))
    assert "ecs-a.us-east-2.amazonaws.com" in check.private_names


def test_what_a_profile_is_expected_to_answer_for_has_a_price_if_it_does_not() -> None:
    """Nobody knows before the probe asks, so the plan says the least and the most."""
    world, alone = World(), World().check()
    world.hosted_zones.profile = Profile("rp-1", "999999999999")
    check = world.check()
    assert check.monthly_dollars == pytest.approx(730 * 0.25), "the inbound resolver alone"
    assert check.most_monthly_dollars == pytest.approx(alone.monthly_dollars)
    assert check.private_names == alone.private_names
    names = len(alone.private_names)
    assert "about 182.50 to 270.10 USD a month" in check.status.detail
    assert f"up to {names} names would change" in check.status.detail


def test_a_profile_that_answers_for_nothing_costs_what_no_profile_costs() -> None:
    """What somebody else serves beside it is adopted either way."""
    alone, world = with_theirs(), with_theirs()
    world.hosted_zones.profile = Profile("rp-1", "999999999999")
    check, without = world.check(), alone.check()
    assert check.most_monthly_dollars == without.monthly_dollars
    assert check.private_names == without.private_names


def test_nothing_is_made_when_preconditions_are_not_met() -> None:
    world = World()
    world.vpcs.dns = False
    world.vpcs.all[VPC.id] = replace(VPC, tags={WISH: "enabled"})
    with pytest.raises(PreconditionsNotMet):
        world.connect()
    assert world.weather.changes == []
    assert world.entry.held == {}


def test_a_verification_whose_time_has_come_is_made_although_nothing_differs() -> None:
    world = connected()
    check = world.check(because="verification")
    assert (check.steps, check.repairs, check.converged, check.rests) == ((), (), False, False)
    assert world.check(because="verification", only_plan=True).converged, "nothing is made"


def test_a_connected_vpc_is_converged_and_says_through_what() -> None:
    check = connected().check()
    assert check.converged
    assert check.status.state == "connected"
    assert "6 services" in check.status.detail
    assert "generation 1" in check.status.detail


def an_endpoint_fails(world: World) -> None:
    first = next(iter(world.endpoints.all.values()))
    world.endpoints.all[first.id] = replace(first, state="failed")


def private_dns_is_turned_off(world: World) -> None:
    first = next(iter(world.endpoints.all.values()))
    world.endpoints.all[first.id] = replace(first, private_dns=False)


def a_rule_is_removed(world: World) -> None:
    [group] = [group for group in world.groups.all.values() if "endpoints" in group.name]
    world.groups.all[group.id] = replace(group, rules=frozenset())


def the_vpc_gets_a_cidr(world: World) -> None:
    world.vpcs.all[VPC.id] = replace(VPC, cidrs=("10.20.0.0/16", "10.21.0.0/16"))


def the_documents_generation_is_edited(world: World) -> None:
    world.parameters.all[DOCUMENT] = json.dumps(world.document | {"generation": 99})


@pytest.mark.parametrize(
    "drift",
    [
        an_endpoint_fails,
        private_dns_is_turned_off,
        a_rule_is_removed,
        the_vpc_gets_a_cidr,
        lambda world: world.endpoints.all.popitem(),
        lambda world: world.resolvers.all.clear(),
        lambda world: world.parameters.all.pop(LIST),
        lambda world: world.parameters.all.update({LIST: "192.0.2.1"}),
        lambda world: world.parameters.all.pop(DOCUMENT),
        lambda world: world.parameters.all.update({DOCUMENT: "nonsense"}),
        the_documents_generation_is_edited,
        lambda world: world.ledger.publish(VPC.id, world.issued, ["vpce-old"]),
    ],
    ids=[
        "endpoint failed",
        "private dns off",
        "rule gone",
        "new cidr",
        "endpoint gone",
        "resolver gone",
        "list gone",
        "list edited",
        "document gone",
        "document unreadable",
        "document edited",
        "verified for another endpoint",
    ],
)
def test_whatever_drifted_is_seen_by_the_next_look(drift: Callable[[World], object]) -> None:
    world = connected()
    drift(world)
    assert not world.check().converged


def fully_named(names: Mapping[str, tuple[str, ...]], region: str) -> dict[str, OfferedService]:
    """Every service with four times its names: for FIPS and for dual-stack, too."""
    offered = {}
    for short, private in names.items():
        written = [name.replace("us-east-2", region) for name in private]
        every = [
            form.replace(".amazonaws.com", suffix)
            for name in written
            for form in (name, name.replace(f".{region}", f"-fips.{region}"))
            for suffix in (".amazonaws.com", ".api.aws")
        ]
        offered[full(short)] = OfferedService(full(short), tuple(every), ZONES)
    return offered


def test_the_readme_s_example_fits_with_four_names_per_service_in_a_region_with_a_long_name() -> (
    None
):
    world = World()
    world.endpoints.offers = fully_named(PRIVATE_NAMES, "ap-southeast-2")
    world.connect(Options(("ecr", "logs"), OPTIONS.onprem_cidrs))
    assert LARGEST_STANDARD < len(world.parameters.all[DOCUMENT]) <= LARGEST_PARAMETER


def test_what_could_not_be_published_is_refused_before_anything_is_made() -> None:
    """With the services to leave out, the largest first; the rest then fits."""
    world = World()
    more: dict[str, tuple[str, ...]] = {
        f"service-{n}": (f"service-{n}.{REGION}.amazonaws.com",) for n in range(7)
    }
    more["large"] = tuple(f"{n}.large.{REGION}.amazonaws.com" for n in range(20))
    world.endpoints.offers = fully_named(PRIVATE_NAMES | more, REGION)
    asked = Options(("ecr", "logs", *more), OPTIONS.onprem_cidrs)
    with pytest.raises(PreconditionsNotMet) as refused:
        world.connect(asked)
    assert world.weather.changes == []
    said = re.fullmatch(
        r"the names and addresses of 18 services would be published in up to (\d+) bytes, and a "
        r"parameter of AWS Systems Manager holds 8192: leave out (.*) of what "
        r"ecs-anywhere:services asks for, or as much as that",
        str(refused.value),
    )
    assert said
    spared = said[2].split(", ")
    assert spared[0] == "large"
    assert not {"s3", "ecr.api", "ecr.dkr"} & set(spared), "nobody asked for these by name"
    world.connect(Options(tuple(s for s in asked.services if s not in spared), asked.onprem_cidrs))
    assert len(world.parameters.all[DOCUMENT]) <= LARGEST_PARAMETER


UNSIGNED = "the publication is not signed"


def test_a_stack_that_begins_to_sign_publishes_anew_and_repairs_nothing() -> None:
    """An upgrade: nobody has edited anything by hand."""
    world = connected(signing_key="")
    assert world.check().converged
    assert UNSIGNED in world.check().status.detail
    world.signing_key = SIGNING_KEY
    check = world.check()
    assert not check.converged
    assert (check.steps, check.repairs) == ((), ())
    status = world.connect()
    assert "repaired" not in status.detail
    assert UNSIGNED not in status.detail
    assert (world.document["generation"], "signature" in world.document) == (2, True)
    assert world.check().converged


def test_an_entry_of_a_former_version_is_published_anew_with_a_signature_and_repairs_nothing() -> (
    None
):
    """It knows a generation and a fingerprint, and no issue."""
    world = connected(signing_key="")
    world.ledger.all[VPC.id] = replace(world.entry, issued=None)
    assert world.check().converged, "where nothing is signed it is right as it is"
    world.parameters.overwrite(DOCUMENT, world.parameters.all[DOCUMENT].replace('"mode"', '"n"'))
    assert not world.check().converged
    world = connected(signing_key="")
    world.ledger.all[VPC.id] = replace(world.entry, issued=None)
    world.signing_key = SIGNING_KEY
    assert world.check().repairs == ()
    world.connect()
    assert (world.document["generation"], world.check().converged) == (2, True)


def test_another_signing_key_or_none_any_more_publishes_anew() -> None:
    world = connected()
    world.signing_key = "00000000-12ab-34cd-56ef-1234567890ab"
    world.connect()
    assert world.document["signature"]["keyId"] == world.signing_key
    world.signing_key = ""
    world.connect()
    assert ("signature" in world.document, world.document["generation"]) == (False, 3)


def test_an_option_that_is_taken_back_is_a_plan_with_a_surplus() -> None:
    world = connected(WITH_ECR)
    check = world.check(OPTIONS)
    assert check.surplus
    kinds = ("turn off private DNS of vpce-", "remove vpce-")
    assert all(step.startswith(kinds) for step in check.steps)
    assert len(check.steps) == 3 + 4


def test_a_sweep_leaves_alone_what_failed_its_verification_and_says_the_same() -> None:
    """Each try changes the answers of the whole VPC for some minutes."""
    world = World()
    desired = world.check().desired
    world.ledger.record_doubt(VPC.id, desired.fingerprint, world.clock.now(), ())
    world.ledger.report(VPC.id, "failed", "3 of 36 checks failed")
    swept = world.check(because="sweep")
    assert swept.rests
    assert (swept.status.state, swept.status.detail) == ("failed", "3 of 36 checks failed")
    assert not world.check(because="tag").rests


def test_a_verification_that_succeeds_ends_the_doubt() -> None:
    world = World()
    world.ledger.record_doubt(VPC.id, world.check().desired.fingerprint, world.clock.now(), ())
    world.connect()
    assert not world.check(because="sweep").rests


def test_promised_addresses_are_looked_up_only_while_no_resolver_holds_them() -> None:
    world = connected()
    ips = frozenset(world.entry.resolver_ips)
    world.vpcs.in_use = ips  # by the resolver itself, at first
    assert world.check().desired.given_up == ()
    world.disconnect()
    assert frozenset(world.check().desired.given_up) == ips


def test_a_connected_vpc_says_which_dns_hosts_confirmed() -> None:
    world = connected()
    world.vpcs.tables = ()
    world.acknowledge("dns1", 1)
    world.acknowledge("dns2", 1, "failed")
    world.acknowledge("dns3", 1, schema=2)
    check = world.check()
    assert check.converged
    assert (
        "generation 1; dns2 failed: what dns2 says; unreadable acknowledgement of dns3; "
        "confirmed by dns1 (bind); warning: no route"
    ) in check.status.detail
    assert check.status.to_tell == ("dns2 failed",)


def test_an_acknowledgement_is_no_reason_to_try_again_what_failed_its_verification() -> None:
    """Nobody asked for anything new, and each try changes the answers of the whole VPC."""
    world = World()
    world.ledger.record_doubt(VPC.id, world.check().desired.fingerprint, world.clock.now(), ())
    assert world.check(because="acknowledgement").rests


def test_acknowledgements_change_the_status_and_nothing_else() -> None:
    world = connected()
    world.acknowledge("dns1", 1)
    world.connect()
    assert world.weather.changes == []


def test_looking_again_reserves_nothing() -> None:
    world = World()
    world.check()
    booked = dict(world.ledger.booked_until)
    world.check()
    assert world.ledger.booked_until == booked != {}


def test_what_makes_no_interface_endpoint_reserves_nothing() -> None:
    """A plan that was only asked for, a connected VPC, and one that rests after a failure."""
    planned, done, resting = World(), connected(), World()
    done.ledger.booked_until.clear()
    resting.ledger.record_doubt(VPC.id, planned.check(only_plan=True).desired.fingerprint, NOW, ())
    assert planned.check(only_plan=True).turn is None
    assert done.check().converged
    assert resting.check(because="sweep").rests
    assert [world.ledger.booked_until for world in (planned, done, resting)] == [{}, {}, {}]


def test_only_what_is_missing_is_reserved() -> None:
    world = connected()
    world.endpoints.all.popitem()
    world.clock.waited += KEPT_SECONDS
    turn = world.check().turn
    assert turn is not None
    assert turn.calls == 1


def test_an_address_that_was_taken_since_our_resolver_was_deleted_is_given_up() -> None:
    """The ledger still holds the id of the resolver that is gone."""
    world = connected()
    [ip, *_] = sorted(world.entry.resolver_ips)
    world.resolvers.all.clear()
    world.vpcs.in_use = frozenset({ip})
    assert world.check().desired.given_up == (ip,)
