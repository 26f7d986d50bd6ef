"""Any VPC that AWS could show us, beside whatever the ledger remembers of it, fit for
everything that may be asked of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectivity.domain.ledger import GROUPS, MAKING, RESOLVER, Entry, Served
from connectivity.domain.model import (
    ANY_PROTOCOL,
    HostedZone,
    InboundResolver,
    InterfaceEndpoint,
    OfferedService,
    ResolverIp,
    RouteTable,
    Rule,
    SecurityGroup,
    Subnet,
)
from connectivity.domain.ownership import group_name
from connectivity.domain.survey import Limits, Survey
from connectivity.domain.wish import Options
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.shares import examples
from tests.unit.domain.any_endpoint import (
    ANNOUNCED,
    PARTNERS,
    PRIVATE_NAMES_OF,
    STALE,
    situations,
)
from tests.unit.example import ONPREM, REGION, SURVEY, US, VPC, full

# The same examples every time, so that a failure is the change's and not the day's; a slow machine
# is no failure.
any_number = settings(
    max_examples=examples(60),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@dataclass(frozen=True)
class AnyVpc:
    survey: Survey
    options: Options
    limits: Limits


ZONES = tuple(f"{REGION}{letter}" for letter in "abcd")
PURPOSES = {
    **{f"endpoint/{name}": situations(name, "Interface") for name in PRIVATE_NAMES_OF},
    f"gateway/{full('s3')}": situations(full("s3"), "Gateway"),
}
CIDRS = st.lists(
    st.sampled_from([ONPREM, "10.99.0.0/16", "172.16.0.0/12"]), min_size=1, unique=True
).map(tuple)
SERVICES: st.SearchStrategy[tuple[str, ...]] = st.sampled_from(
    [(), ("ecr",), ("logs", "s3"), ("ecs", full("logs"), PARTNERS), ("ecr", "logs", PARTNERS)]
)
RULES = st.frozensets(
    st.builds(
        Rule,
        protocol=st.sampled_from(["tcp", "udp", ANY_PROTOCOL]),
        port=st.sampled_from([53, 443, 0]),
        source=st.sampled_from([ONPREM, "10.20.0.0/16", "fd00::/8", "sg-gone", "sg-ours-probe"]),
    ),
    max_size=4,
)
LIMITS = st.builds(
    Limits,
    zones=st.sampled_from([2, 2, 3]),
    resolver_ips=st.integers(2, 6),
    resolver_endpoints_per_region=st.just(10),
)


@st.composite
def fit_vpcs(draw: st.DrawFn) -> AnyVpc:
    """One that meets every precondition, and any wish."""
    limits, subnets = draw(LIMITS), draw(_subnets())
    endpoints, held = draw(_endpoints())
    groups, held_groups = draw(_groups())
    resolvers, held_resolver = draw(_resolvers())
    promised = draw(_promises(subnets))
    used = draw(st.sampled_from([{}, *({RESOLVER: r} for r in (STALE, *_LENT))]))
    survey = replace(
        SURVEY,
        subnets=tuple(_with_room(subnets, limits)),
        offered=draw(_offers(subnets, limits)),
        endpoints=endpoints,
        groups=groups,
        resolvers=resolvers,
        hosted_zones=(HostedZone("corp.example"), HostedZone("amazonaws.com")),
        route_tables=tuple(RouteTable(f"rtb-{s.id}", (s.id,), False, ()) for s in subnets),
        taken=frozenset(ip for ip in sorted(promised) if draw(st.booleans())),
        entry=Entry(
            VPC.id,
            held={**held, **held_groups, **held_resolver},
            resolver_ips=promised,
            served=Served(adopted=used),
        ),
    )
    return AnyVpc(survey, Options(draw(SERVICES), draw(CIDRS)), limits)


@st.composite
def _subnets(draw: st.DrawFn) -> tuple[Subnet, ...]:
    """Two in each of four zones, named by a number that is not the order of the zones."""
    zones = draw(st.permutations(ZONES))
    room = st.integers(0, 14)
    return tuple(
        Subnet(f"subnet-{column}{which}", zone, draw(room))
        for column, zone in enumerate(zones)
        for which in "xy"
    )


def _with_room(subnets: tuple[Subnet, ...], limits: Limits) -> Iterator[Subnet]:
    """One zone more than is needed has a subnet for everything."""
    for subnet in subnets:
        needed = subnet.id.endswith("y") and _column(subnet) <= limits.zones
        yield replace(subnet, free_addresses=200) if needed else subnet


def _column(subnet: Subnet) -> int:
    return int(subnet.id.removeprefix("subnet-")[0])


@st.composite
def _offers(
    draw: st.DrawFn, subnets: tuple[Subnet, ...], limits: Limits
) -> Mapping[str, OfferedService]:
    """Each in as many zones with room as are needed, not the same for all, and perhaps in more."""
    without = draw(st.sampled_from(["", full("ec2messages")]))
    missing, more = st.integers(0, limits.zones), st.sampled_from([(), (3,)])
    offered = {}
    for name in (name for name in PRIVATE_NAMES_OF if name != without):
        columns = {*range(limits.zones + 1), *draw(more)} - {draw(missing)}
        zones = frozenset(s.zone for s in subnets if _column(s) in columns)
        offered[name] = OfferedService(name, PRIVATE_NAMES_OF[name], zones)
    return offered


@st.composite
def _endpoints(draw: st.DrawFn) -> tuple[tuple[InterfaceEndpoint, ...], Mapping[str, str]]:
    """Draw VPC endpoints, and what the ledger holds of them."""
    found = {purpose: draw(st.sampled_from(every)) for purpose, every in PURPOSES.items()}
    endpoints = tuple(endpoint for each in found.values() for endpoint in each.endpoints)
    return endpoints, {purpose: each.held for purpose, each in found.items() if each.held}


OPEN = SecurityGroup(
    "sg-theirs-open", "open", frozenset({Rule(ANY_PROTOCOL, 0, "0.0.0.0/0")}), "another-stack"
)


@st.composite
def _groups(draw: st.DrawFn) -> tuple[tuple[SecurityGroup, ...], Mapping[str, str]]:
    """Draw security groups, and what the ledger holds of them. One that only has our tag is none of
    ours."""
    there, held = [OPEN, SecurityGroup("sg-theirs-default", "default", draw(RULES), US)], {}
    for purpose in GROUPS:
        ours = f"sg-ours-{purpose.removeprefix('group/')}"
        name = f"{group_name(VPC.id, purpose)}-0a1b2c"
        announced = f"{MAKING}{name}"
        is_there, held[purpose] = draw(
            st.sampled_from(
                [*((False, h) for h in ("", announced, STALE)), (True, ours), (True, announced)]
            )
        )
        if is_there:
            there.append(SecurityGroup(ours, name, draw(RULES), US))
        if draw(st.booleans()):
            squat = f"sg-theirs-{purpose.removeprefix('group/')}"
            there.append(SecurityGroup(squat, group_name(VPC.id, purpose), draw(RULES), US))
    return tuple(there), {purpose: known for purpose, known in held.items() if known}


_OURS = InboundResolver("rslvr-ours", VPC.id, "operational", creator_request_id="token")
_THEIRS = InboundResolver(
    "rslvr-theirs-1",
    VPC.id,
    "operational",
    ips=tuple(ResolverIp(f"10.20.9.{n}", "subnet-0x", "attached") for n in (1, 2)),
    security_groups=(OPEN.id,),
)
_LENT = (_THEIRS.id, "rslvr-theirs-2")
_BESIDE = (
    _THEIRS,
    replace(_THEIRS, id="rslvr-theirs-2"),
    # These two would be preferred for their many addresses.
    replace(_THEIRS, id="rslvr-theirs-outbound", ips=_THEIRS.ips * 2, direction="outbound"),
    replace(_THEIRS, id="rslvr-theirs-elsewhere", ips=_THEIRS.ips * 2, vpc="vpc-other"),
    replace(_THEIRS, id="rslvr-theirs-old", status="deleting"),
)


@st.composite
def _resolvers(draw: st.DrawFn) -> tuple[tuple[InboundResolver, ...], Mapping[str, str]]:
    """Draw resolvers, and what the ledger holds of ours."""
    beside = draw(st.lists(st.sampled_from(_BESIDE), unique=True))
    status = draw(st.sampled_from(["", "operational", "creating", "deleting"]))
    held = draw(st.sampled_from([_OURS.id, ANNOUNCED] if status else ["", ANNOUNCED, STALE]))
    ours = (replace(_OURS, status=status),) if status else ()
    return (*ours, *beside), {RESOLVER: held} if held else {}


@st.composite
def _promises(draw: st.DrawFn, subnets: tuple[Subnet, ...]) -> Mapping[str, str]:
    """Address -> subnet, which somebody may have deleted since."""
    where = st.sampled_from(["subnet-gone", *(subnet.id for subnet in subnets)])
    return draw(st.dictionaries(st.sampled_from([f"10.20.0.{n}" for n in (7, 53, 54, 200)]), where))


@st.composite
def listed_otherwise(draw: st.DrawFn, vpc: AnyVpc) -> AnyVpc:
    """The same VPC, as AWS lists it the next time."""
    survey, entry = vpc.survey, vpc.survey.entry
    listed: dict[str, Any] = {
        name: tuple(draw(st.permutations(getattr(survey, name))))
        for name in ("subnets", "endpoints", "groups", "resolvers", "hosted_zones", "route_tables")
    }
    offered = dict(draw(st.permutations(list(survey.offered.items()))))
    held = dict(draw(st.permutations(list(entry.held.items()))))
    promised = dict(draw(st.permutations(list(entry.resolver_ips.items()))))
    entry = replace(entry, held=held, resolver_ips=promised)
    return replace(vpc, survey=replace(survey, **listed, offered=offered, entry=entry))
