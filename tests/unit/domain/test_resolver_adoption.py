"""Somebody else's inbound resolver: is it used, which one, and why not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from connectivity.domain import ledger, plan
from connectivity.domain.errors import PreconditionsNotMet
from connectivity.domain.ledger import Entry, Served
from connectivity.domain.model import InboundResolver, ResolverIp, Rule, SecurityGroup
from connectivity.domain.ownership import Ownership
from connectivity.domain.preconditions import Prepared, prepare
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.example import LIMITS, ONPREM, OPTIONS, SURVEY, US, VPC

DNS = frozenset(
    Rule(protocol, 53, cidr) for protocol in ("tcp", "udp") for cidr in (ONPREM, *VPC.cidrs)
)
GROUP = SecurityGroup("sg-theirs", "dns", DNS)
IPS = (
    ResolverIp("10.20.0.8", "subnet-a", "attached"),
    ResolverIp("10.20.1.8", "subnet-b", "attached"),
)
THEIRS = InboundResolver(
    "rslvr-in-theirs", VPC.id, "operational", IPS, ("sg-theirs",), name="shared-dns"
)
USED = Entry(
    VPC.id,
    resolver_ips={ip.ip: ip.subnet for ip in IPS},
    served=Served("wish", THEIRS.id, {ledger.RESOLVER: THEIRS.id}),
)


def prepared(*resolvers: InboundResolver, **changes: Any) -> Prepared:
    survey = replace(SURVEY, **{"groups": (GROUP,), "resolvers": resolvers, **changes})
    return prepare(survey, OPTIONS, LIMITS)


def adopted(*resolvers: InboundResolver, **changes: Any) -> str | None:
    return prepared(*resolvers, **changes).desired.adopted_resolver


def problem(*resolvers: InboundResolver, **changes: Any) -> str:
    with pytest.raises(PreconditionsNotMet) as raised:
        prepared(*resolvers, **changes)
    return str(raised.value)


def test_one_that_fits_is_used_and_costs_nothing_of_ours() -> None:
    desired = prepared(THEIRS).desired
    assert desired.adopted == {ledger.RESOLVER: THEIRS.id}
    assert plan.monthly_dollars(desired) == pytest.approx(730 * 12 * 0.01)
    made = plan.plan_resolver(desired, (THEIRS,), (GROUP,), Ownership(US, Entry(VPC.id)))
    assert [getattr(step, "purpose", "") for step in made] == [ledger.PROBE_GROUP]


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "being made": (
        {"status": "creating", "message": "Being created."},
        "its status is creating (Being created) and operational is needed",
    ),
    "unhealthy": ({"status": "action_needed"}, "its status is action_needed and operational"),
    "changed by its owner": ({"status": "updating"}, "its status is updating"),
    "one address": (
        {"ips": IPS[:1]},
        "1 of its IPv4 addresses answer and 2 are needed "
        "(aws route53resolver associate-resolver-endpoint-ip-address",
    ),
    "one address failed": (
        {"ips": (IPS[0], replace(IPS[1], status="failed_resource_gone"))},
        "1 of its IPv4 addresses",
    ),
    "addresses of IPv6 only": (
        {"ips": tuple(replace(ip, ip="") for ip in IPS)},
        "0 of its IPv4 addresses",
    ),
    "encrypted DNS only": ({"protocols": ("doh",)}, "it speaks doh only and Do53 is needed"),
}


@pytest.mark.parametrize(("changes", "said"), UNFIT.values(), ids=UNFIT.keys())
def test_one_that_does_not_fit_is_named_with_what_it_lacks(
    changes: dict[str, Any], said: str
) -> None:
    told = problem(replace(THEIRS, **changes))
    assert told.startswith(
        f"the existing inbound resolver {THEIRS.id} in {VPC.id} is not ours and cannot be used, "
        "because "
    )
    assert said in told
    assert told.endswith("a second one is not made beside it")
    assert ", and its" not in told, "nothing else is wrong with it"


@pytest.mark.parametrize(
    ("rules", "lacking"),
    [
        (DNS - {Rule("udp", 53, ONPREM)}, [f"53/udp from {ONPREM} (aws ec2 auth"]),
        (DNS - {Rule("tcp", 53, ONPREM)}, [f"53/tcp from {ONPREM} (aws ec2 auth"]),
        ({Rule("-1", 0, ONPREM)}, ["53/udp from 10.20.0.0/16 (the VPC, where the", "53/tcp from"]),
        (
            frozenset(),
            [
                f"53/udp from {ONPREM}, 10.20.0.0/16 (the VPC, where the probe asks) (aws ec2 "
                f"authorize-security-group-ingress --group-id sg-theirs --protocol udp --port 53 "
                f"--cidr {ONPREM})",
                f"53/tcp from {ONPREM}",
            ],
        ),
        ({Rule("-1", 0, "0.0.0.0/0")}, []),
        ({Rule("udp", 53, "0.0.0.0/0"), Rule("tcp", 1, "0.0.0.0/0", last_port=99)}, []),
    ],
    ids=["no udp", "no tcp", "no probe", "shut", "open", "wider"],
)
def test_it_has_to_admit_dns_from_onprem_and_from_the_probe(
    rules: frozenset[Rule], lacking: list[str]
) -> None:
    groups = (replace(GROUP, rules=frozenset(rules)),)
    if not lacking:
        assert adopted(THEIRS, groups=groups) == THEIRS.id
        return
    told = problem(THEIRS, groups=groups)
    assert [part for part in lacking if f"does not admit {part}" not in told] == [], told
    assert told.count("does not admit") == len(lacking)


@pytest.mark.parametrize(
    "changes",
    [
        {"vpc": "vpc-other"},
        {"direction": "outbound"},
        {"direction": "inbound_delegation"},
        {"status": "deleting"},
    ],
    ids=str,
)
def test_what_is_no_inbound_resolver_of_this_vpc_is_neither_used_nor_in_the_way(
    changes: dict[str, str],
) -> None:
    assert adopted(replace(THEIRS, **changes), groups=()) is None  # type: ignore[arg-type]


BIG = replace(THEIRS, id="rslvr-in-zz", ips=(*IPS, ResolverIp("10.20.0.9", "subnet-a", "attached")))
SECOND = replace(THEIRS, id="rslvr-in-second")
UNFIT_ONE = replace(THEIRS, id="rslvr-in-0", status="action_needed")


@given(st.permutations([THEIRS, BIG, SECOND, UNFIT_ONE]))
def test_of_several_that_fit_the_one_with_most_addresses_is_used(
    there: list[InboundResolver],
) -> None:
    assert adopted(*there) == BIG.id
    assert adopted(*(r for r in there if r != BIG)) == SECOND.id, "then the lowest id"


def test_the_one_that_is_used_stays_although_a_better_one_came() -> None:
    assert adopted(THEIRS, BIG, entry=USED) == THEIRS.id


def test_the_one_that_is_used_is_an_error_when_it_fits_no_longer() -> None:
    told = problem(replace(THEIRS, ips=IPS[:1]), BIG, entry=USED)
    assert THEIRS.id in told
    assert BIG.id not in told


@pytest.mark.parametrize("status", ["updating", "auto_recovering"])
def test_the_one_that_is_used_may_be_changed_by_its_owner(status: str) -> None:
    assert adopted(replace(THEIRS, status=status, ips=IPS[:1]), entry=USED) == THEIRS.id


def test_instead_of_one_that_is_gone_another_that_fits_is_used_or_ours_made() -> None:
    assert adopted(BIG, entry=USED) == BIG.id
    assert adopted(entry=USED) is None


@pytest.mark.parametrize("held", ["rslvr-in-ours", "rslvr-in-gone"])
def test_ours_stays_and_is_made_anew_whatever_else_is_there(held: str) -> None:
    ours = InboundResolver("rslvr-in-ours", VPC.id, "operational")
    entry = Entry(VPC.id, held={ledger.RESOLVER: held})
    unfit = replace(THEIRS, status="action_needed")
    assert adopted(THEIRS, ours, entry=entry) is None
    assert adopted(unfit, ours, entry=entry) is None


def test_one_that_could_never_be_made_does_not_forbid_to_use_theirs() -> None:
    entry = Entry(VPC.id, held={ledger.RESOLVER: f"{ledger.MAKING}token"})
    assert adopted(THEIRS, entry=entry) == THEIRS.id
    ours = InboundResolver("rslvr-in-9", VPC.id, "creating", creator_request_id="token")
    assert adopted(THEIRS, ours, entry=entry) is None, "it was made after all"


def test_the_quota_is_no_problem_where_one_is_used() -> None:
    others = [InboundResolver(f"rslvr-in-{i}", "vpc-other", "operational") for i in range(3)]
    assert adopted(THEIRS, *others) == THEIRS.id


def test_addresses_that_were_promised_and_are_not_its_are_said() -> None:
    entry = replace(USED, resolver_ips={"10.20.0.7": "subnet-a", "10.20.1.8": "subnet-b"})
    [lost, *_] = prepared(THEIRS, entry=entry).warnings
    assert lost == (
        f"10.20.0.7 was an address of the inbound resolver and is none of {THEIRS.id}: on-premises "
        "has to forward to 10.20.0.8, 10.20.1.8"
    )
    assert "was an address" not in str(prepared(THEIRS, entry=USED).warnings)
