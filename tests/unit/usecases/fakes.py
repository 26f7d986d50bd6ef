"""A small AWS in memory, behind the ports of the use cases.

As unkind as the big one where it matters: what is made is pending until `settle`, an answer can be
lost after its call took effect, what is in use cannot be removed, and AWS Lambda holds a security
group long after its function is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from connectivity.domain.custom_resource import Answer, Request, check_address
from connectivity.domain.deletion import Attached
from connectivity.domain.errors import (
    NotReadyYet,
    NotRemoved,
    TagsRefused,
    Throttled,
    Unavailable,
    UnknownVpc,
)
from connectivity.domain.ledger import (
    GROUPS,
    KEPT_SECONDS,
    MAKING,
    PROBE,
    PUBLICATION,
    Announcement,
    Beside,
    End,
    Entry,
    Served,
    policies_of,
)
from connectivity.domain.mails import Allowance
from connectivity.domain.model import (
    Answered,
    HostedZone,
    InboundResolver,
    InterfaceEndpoint,
    NetworkInterface,
    OfferedService,
    Profile,
    ResolverIp,
    ResolverRule,
    RouteTable,
    Rule,
    SecurityGroup,
    Subnet,
    Vpc,
)
from connectivity.domain.orphans import Known
from connectivity.domain.pacing import Bucket, Turn, cost, granted
from connectivity.domain.policy_presets import document
from connectivity.domain.publication import Issue
from connectivity.domain.safety_valve import Asking
from connectivity.domain.tags import OWNER, WISH
from connectivity.domain.usage import Usage
from connectivity.domain.whole_account import StoredParameter, WholeAccount
from connectivity.domain.wish import Asked
from connectivity.usecases.ports import UsedName, UsedToken
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.unit.example import OFFERED, ROUTES, SUBNETS, US, VPC

START = 1_800_000_000.0
"""The time of the clock at the beginning, in seconds since the epoch."""

PUBLIC = "52.95.16.1"
ENI = "eni-0a1b2c3d4e5f60718"
NOTHING_SERVED = Served()
NOTHING_BESIDE = Beside()
NOTHING_SAID = End()
NO_POLICIES: Mapping[str, str] = {}


class Aborted(Exception):
    """An error: somebody aborted the execution."""


@dataclass
class Weather:
    """Every change that was made, in order, and which calls AWS fails at."""

    changes: list[str] = field(default_factory=list)
    lost: set[int | str] = field(default_factory=set)
    """Changes, by number or by name, that take effect and whose answer never comes, once."""
    refused: set[int | str] = field(default_factory=set)
    """Changes that are throttled, once."""
    aborted_after: int | None = None
    """The number of changes before the execution is aborted."""

    def change(self, name: str) -> Callable[[], None]:
        """Begin a change, and return the function that ends it."""
        keys = {name, len(self.changes)}
        if len(self.changes) == self.aborted_after:
            raise Aborted
        if hit := keys & self.refused:
            self.refused -= hit
            raise Throttled(name)
        self.changes.append(name)

        def done() -> None:
            if hit := keys & self.lost:
                self.lost -= hit
                raise Unavailable(name)

        return done


@dataclass
class FakeVpcs:
    weather: Weather
    all: dict[str, Vpc] = field(default_factory=lambda: {VPC.id: VPC})
    subnet_list: tuple[Subnet, ...] = SUBNETS
    dns: bool = True
    in_use: frozenset[str] = frozenset()
    refused: str = ""
    """The reason why AWS refuses tags; empty where it does not."""
    tables: tuple[RouteTable, ...] = ROUTES
    prefix_lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    interfaces: Mapping[str, tuple[NetworkInterface, ...]] = field(default_factory=dict)
    """Network interfaces of a VPC or a subnet, by its id."""
    gateways: tuple[str, ...] = ()

    def vpn_gateways(self, vpc_id: str) -> tuple[str, ...]:
        return self.gateways

    def vpc_of_subnet(self, subnet_id: str) -> str | None:
        return VPC.id if subnet_id in {subnet.id for subnet in self.subnet_list} else None

    def interfaces_in(self, target: str) -> tuple[NetworkInterface, ...]:
        return self.interfaces.get(target, ())

    def find(self, vpc_id: str) -> Vpc | None:
        return self.all.get(vpc_id)

    def dns_support(self, vpc_id: str) -> bool:
        return self.dns

    def dns_hostnames(self, vpc_id: str) -> bool:
        return self.dns

    def subnets(self, vpc_id: str) -> tuple[Subnet, ...]:
        return self.subnet_list

    def route_tables(self, vpc_id: str) -> tuple[RouteTable, ...]:
        return self.tables

    def prefix_list(self, prefix_list_id: str) -> tuple[str, ...] | None:
        return self.prefix_lists.get(prefix_list_id)

    def addresses_in_use(self, vpc_id: str, addresses: Iterable[str]) -> frozenset[str]:
        return self.in_use & frozenset(addresses)

    def set_tags(self, vpc_id: str, tags: Mapping[str, str]) -> None:
        self._tag(vpc_id, {**self._there(vpc_id).tags, **tags})

    def remove_tags(self, vpc_id: str, keys: Iterable[str]) -> None:
        gone = set(keys)
        self._tag(vpc_id, {k: v for k, v in self._there(vpc_id).tags.items() if k not in gone})

    def _there(self, vpc_id: str) -> Vpc:
        if vpc_id not in self.all:
            raise UnknownVpc(vpc_id)
        return self.all[vpc_id]

    def _tag(self, vpc_id: str, tags: Mapping[str, str]) -> None:
        if self.refused:
            raise TagsRefused(self.refused)
        done = self.weather.change("tag vpc")
        self.all[vpc_id] = replace(self.all[vpc_id], tags=tags)
        done()


@dataclass
class FakeEndpoints:
    weather: Weather
    ids: Callable[[], int]
    all: dict[str, InterfaceEndpoint] = field(default_factory=dict)
    interfaces: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    requests: dict[str, InterfaceEndpoint] = field(default_factory=dict)
    """Client token -> the endpoint that was asked for with it."""
    offers: Mapping[str, OfferedService] = field(default_factory=lambda: OFFERED)
    refusals: dict[str, str] = field(default_factory=dict)
    """Ids that AWS does not delete, and its reason."""

    def offered(self, service_names: Iterable[str]) -> Mapping[str, OfferedService]:
        return {name: self.offers[name] for name in service_names if name in self.offers}

    def all_in(self, vpc_id: str) -> tuple[InterfaceEndpoint, ...]:
        return tuple(self.all.values())

    def interfaces_at(self, addresses: Iterable[str]) -> Mapping[str, str]:
        wanted = {*addresses}
        return {id_: ip for id_, ip in self.interfaces.items() if ip in wanted}

    def of_services(self, service_names: Iterable[str]) -> tuple[InterfaceEndpoint, ...]:
        wanted = {*service_names}
        return tuple(e for e in self.all.values() if e.service_name in wanted)

    def make_interface(self, vpc_id: str, service_name: str, announced: Announcement) -> str:
        endpoint = InterfaceEndpoint(
            id="",
            service_name=service_name,
            state="pending",
            subnets=announced.subnets,
            security_groups=(announced.group,),
            owner=US,
            policy=document(announced.policy, service_name),
        )
        return self._make(endpoint, announced.token)

    def make_gateway(self, vpc_id: str, service_name: str, announced: Announcement) -> str:
        endpoint = InterfaceEndpoint("", service_name, "available", "Gateway", owner=US)
        policy = document(announced.policy, service_name)
        return self._make(replace(endpoint, policy=policy), announced.token)

    def _make(self, endpoint: InterfaceEndpoint, token: str) -> str:
        """The same client token and request are the same endpoint, as long as AWS remembers."""
        if token in self.tokens and self.requests[token] != endpoint:
            raise UsedToken(f"{endpoint.service_name}: AWS says IdempotentParameterMismatch")
        if token not in self.tokens:
            done = self.weather.change(f"make {endpoint.type} endpoint")
            number = self.ids()
            addresses = {
                f"eni-{number}-{i}": f"10.20.{i}.{number}" for i in range(len(endpoint.subnets))
            }
            self.interfaces |= addresses
            self.tokens[token], self.requests[token] = f"vpce-{number}", endpoint
            self.all[f"vpce-{number}"] = replace(
                endpoint, id=f"vpce-{number}", interfaces=tuple(addresses)
            )
            done()
        return self.tokens[token]

    def set_private_dns(
        self, endpoint_id: str, on: bool, for_inbound_resolver_only: bool = False
    ) -> None:
        done = self.weather.change(f"private DNS {'on' if on else 'off'}")
        only = for_inbound_resolver_only if on else self.all[endpoint_id].for_inbound_resolver_only
        changed = replace(self.all[endpoint_id], private_dns=on, for_inbound_resolver_only=only)
        self.all[endpoint_id] = changed
        done()

    def give_back(
        self,
        endpoint_id: str,
        groups: Sequence[str],
        subnets: Sequence[str],
        ipv4: Sequence[str] = (),
    ) -> None:
        """Each further subnet is a further network interface; it is pending meanwhile."""
        done = self.weather.change("add to endpoint")
        there = self.all[endpoint_id]
        made = {f"eni-{self.ids()}-{subnet}": f"10.20.9.{self.ids()}" for subnet in subnets}
        self.interfaces |= made
        self.all[endpoint_id] = replace(
            there,
            state="pending",
            security_groups=(*there.security_groups, *groups),
            subnets=tuple(sorted({*there.subnets, *subnets})),
            interfaces=tuple(sorted({*there.interfaces, *made})),
            address_type="ipv4" if "addresses" in ipv4 else there.address_type,
            record_type="ipv4" if "records" in ipv4 else there.record_type,
        )
        done()

    def set_policy(self, endpoint_id: str, service_name: str, whose: str) -> None:
        done = self.weather.change("set policy")
        policy = document(whose, service_name)
        self.all[endpoint_id] = replace(self.all[endpoint_id], policy=policy)
        done()

    def remove(self, endpoint_ids: Sequence[str]) -> Mapping[str, str]:
        done = self.weather.change("remove endpoints")
        refused: dict[str, str] = {}
        for endpoint_id in endpoint_ids:
            if reason := self.refusals.get(endpoint_id) or self._needed(endpoint_id):
                refused[endpoint_id] = reason
            elif endpoint_id in self.all:
                self.all[endpoint_id] = replace(self.all[endpoint_id], state="deleting")
        done()
        return refused

    def _needed(self, endpoint_id: str) -> str | None:
        """A gateway endpoint cannot go before the interface endpoint beside it."""
        gateway = self.all.get(endpoint_id)
        if gateway is None or gateway.type != "Gateway":
            return None
        beside = (e for e in self.all.values() if e.service_name == gateway.service_name)
        return "DependencyViolation: in use" if any(e.type == "Interface" for e in beside) else None

    def addresses(self, interface_ids: Iterable[str]) -> Mapping[str, str]:
        return {i: self.interfaces[i] for i in interface_ids if i in self.interfaces}

    def settle(self) -> None:
        there = (e for e in self.all.values() if e.state != "deleting")
        self.all = {
            e.id: replace(e, state="available") if e.state == "pending" else e for e in there
        }

    def answer(self, name: str) -> tuple[str, ...]:
        """Return the answer of a DNS server inside the VPC."""
        for endpoint in self.all.values():
            private_names = self.offers[endpoint.service_name].private_names
            if endpoint.private_dns and any(_matches(name, p) for p in private_names):
                if endpoint.of_ipv6_alone:
                    return ()
                return tuple(self.interfaces[i] for i in endpoint.interfaces)
        return (PUBLIC,)


def _matches(name: str, private_name: str) -> bool:
    parent = name.split(".", 1)[1]
    return private_name in {name, f"*.{parent}"}


@dataclass
class FakeGroups:
    weather: Weather
    ids: Callable[[], int]
    held_by_others: Callable[[], set[str]]
    all: dict[str, SecurityGroup] = field(default_factory=dict)
    interfaces: dict[str, NetworkInterface] = field(default_factory=dict)
    """Network interfaces that hold a group, by their ids, where more than the id is known."""
    now: Callable[[], float] = lambda: 0.0
    """Seconds since the epoch."""
    lag: float = 0
    """Seconds for which a list does not show a group that was made."""
    made_at: dict[str, float] = field(default_factory=dict)

    def all_in(self, vpc_id: str) -> tuple[SecurityGroup, ...]:
        shown = self.now() - self.lag
        return tuple(g for g in self.all.values() if self.made_at.get(g.id, 0) <= shown)

    def make(self, vpc_id: str, name: str, purpose: str) -> str:
        if any(group.name == name for group in self.all.values()):
            raise NotReadyYet(f"{name} was made just before")
        done = self.weather.change(f"make {purpose}")
        group = SecurityGroup(f"sg-{self.ids()}", name, owner=US)
        self.all[group.id] = group
        self.made_at[group.id] = self.now()
        done()
        return group.id

    def admit(self, group_id: str, rules: Sequence[Rule]) -> None:
        self._rules("admit", group_id, self.all[group_id].rules | set(rules))

    def revoke(self, group_id: str, rules: Sequence[Rule]) -> None:
        self._rules("revoke", group_id, self.all[group_id].rules - set(rules))

    def _rules(self, name: str, group_id: str, rules: frozenset[Rule]) -> None:
        done = self.weather.change(name)
        self.all[group_id] = replace(self.all[group_id], rules=rules)
        done()

    def holders(self, group_ids: Iterable[str]) -> Mapping[str, tuple[NetworkInterface, ...]]:
        held = sorted(frozenset(group_ids) & self.held_by_others())
        return {id_: (self.interfaces.get(id_, NetworkInterface(ENI)),) for id_ in held}

    def remove(self, group_id: str) -> None:
        named = {r.source for g in self.all.values() for r in g.rules if g.id != group_id}
        if group_id in self.held_by_others() | named:
            raise NotReadyYet(f"{group_id} has a dependent object")
        done = self.weather.change("remove group")
        self.all.pop(group_id, None)
        done()


@dataclass
class FakeResolvers:
    weather: Weather
    ids: Callable[[], int]
    all: dict[str, InboundResolver] = field(default_factory=dict)
    rules: tuple[ResolverRule, ...] = ()
    listed: bool = True
    """False while the list lags behind what was made."""
    throttled: int = 0
    """Looks at a VPC's resolvers that AWS will refuse for their rate."""
    looks: int = 0
    """The number of looks at a VPC's resolvers."""
    counts: int = 0
    """Looks at those of the whole Region."""
    untagged: set[str] = field(default_factory=set)
    """Ids of those from which somebody took our owner tag: IAM does not let us delete them, and no
    list shows it."""

    def in_vpc(self, vpc_id: str) -> tuple[InboundResolver, ...]:
        self.looks += 1
        if self.throttled:
            self.throttled -= 1
            raise Throttled("ListResolverEndpoints: Rate exceeded")
        listed = self.all.values() if self.listed else ()
        return tuple(replace(each, ips=()) for each in listed if each.vpc == vpc_id)

    def of_region(self) -> tuple[InboundResolver, ...]:
        self.counts += 1
        listed = self.all.values() if self.listed else ()
        return tuple(replace(each, ips=()) for each in listed)

    def find(self, resolver_id: str) -> InboundResolver | None:
        found = self.all.get(resolver_id)
        return replace(found, ips=()) if found and found.status != "operational" else found

    def rules_of(self, vpc_id: str) -> tuple[ResolverRule, ...]:
        return self.rules

    def addresses(self, resolver_id: str) -> tuple[ResolverIp, ...]:
        return self.all[resolver_id].ips if resolver_id in self.all else ()

    def make(
        self, vpc_id: str, addresses: Sequence[tuple[str, str | None]], group: str, token: str
    ) -> str:
        if any(resolver.creator_request_id == token for resolver in self.all.values()):
            raise NotReadyYet(f"the resolver of {vpc_id} was made before")
        done = self.weather.change("make resolver")
        number = self.ids()
        ips = tuple(
            ResolverIp(ip or f"10.20.{i}.{number}", subnet, "creating")
            for i, (subnet, ip) in enumerate(addresses)
        )
        resolver = InboundResolver(
            id=f"rslvr-in-{number}",
            vpc=vpc_id,
            status="creating",
            ips=ips,
            security_groups=(group,),
            creator_request_id=token,
        )
        self.all[resolver.id] = resolver
        done()
        return resolver.id

    def remove(self, resolver_id: str) -> None:
        if resolver_id in self.untagged:
            raise NotRemoved(
                f"{resolver_id}: made by us, but its tag {OWNER} is gone: tag-resource"
            )
        if self.all[resolver_id].status != "deleting":
            done = self.weather.change("remove resolver")
            self.all[resolver_id] = replace(self.all[resolver_id], status="deleting")
            done()

    def settle(self) -> None:
        self.all = {
            r.id: replace(
                r,
                status="operational" if r.status == "creating" else r.status,
                ips=tuple(replace(ip, status="attached") for ip in r.ips),
            )
            for r in self.all.values()
            if r.status != "deleting"
        }


@dataclass
class FakeHostedZones:
    zones: tuple[HostedZone, ...] = ()
    records: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Records by a zone's id."""
    profile: Profile | None = None

    def associated_with(self, vpc_id: str) -> tuple[HostedZone, ...]:
        return self.zones

    def profile_of(self, vpc_id: str) -> Profile | None:
        return self.profile

    def leads_to(self, zone: HostedZone) -> tuple[str, ...] | None:
        return self.records.get(zone.id)


@dataclass
class FakeOrganizations:
    id: str | None = "o-a1b2c3d4e5"
    """Empty where the account is in none; None where nobody may ask."""
    asked: int = 0

    def own(self) -> str | None:
        self.asked += 1
        return self.id


@dataclass
class FakeParameters:
    weather: Weather
    all: dict[str, str] = field(default_factory=dict)
    written: dict[str, list[str]] = field(default_factory=dict)
    """The values of each, oldest first."""
    now: Callable[[], float] = lambda: 0.0
    """Seconds since the epoch."""
    written_at: dict[str, float] = field(default_factory=dict)
    removed_at_once: list[int] = field(default_factory=list)
    unlisted: set[str] = field(default_factory=set)
    """Names that a look at a path does not show."""

    def read(self, names: Sequence[str]) -> Mapping[str, str]:
        return {name: self.all[name] for name in names if name in self.all}

    def below(
        self, path: str, most: int, recursive: bool = False
    ) -> tuple[Mapping[str, str], bool]:
        def is_there(name: str) -> bool:
            return name.startswith(f"{path}/") if recursive else name.rpartition("/")[0] == path

        names = [name for name in self.all if is_there(name) and name not in self.unlisted]
        return {name: self.all[name] for name in names[:most]}, len(names) <= most

    def history(self, name: str) -> Sequence[str]:
        return tuple(self.written.get(name, ()))

    def write(self, name: str, value: str, as_list: bool = False) -> None:
        done = self.weather.change(f"write {name.rsplit('/', 1)[1]}")
        self.overwrite(name, value)
        done()

    def overwrite(self, name: str, value: str) -> None:
        """Overwrite a parameter as somebody else."""
        self.all[name] = value
        self.written.setdefault(name, []).append(value)
        self.written_at[name] = self.now()

    def versions(self, names: Sequence[str]) -> Mapping[str, int]:
        return {name: len(self.written[name]) for name in names if name in self.written}

    def remove(self, names: Sequence[str]) -> None:
        done = self.weather.change("remove parameters")
        self.removed_at_once.append(len(names))
        for name in names:
            self.all.pop(name, None)
            self.written.pop(name, None)
        done()


@dataclass
class FakeSignatures:
    """A key in memory. As in AWS KMS, no two signatures of one digest are the same."""

    refusal: Exception | None = None
    usable: bool = True
    signed: list[bytes] = field(default_factory=list)
    """Digests, in the order in which they were signed."""
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def sign(self, digest: bytes) -> bytes:
        if self.refusal is not None:
            raise self.refusal
        self.signed.append(digest)
        return self.key.sign(digest, ec.ECDSA(Prehashed(SHA256())))

    def public_key(self) -> bytes:
        if self.refusal is not None:
            raise self.refusal
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def is_usable(self) -> bool:
        if self.refusal is not None:
            raise self.refusal
        return self.usable


@dataclass
class FakeRecordStore:
    """A bucket in memory, in the order in which records came."""

    refusal: Exception | None = None
    all: dict[str, bytes] = field(default_factory=dict)

    def store(self, key: str, data: bytes) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.all[key] = data


@dataclass
class FakeLedger:
    """A ledger with the conditions under which DynamoDB writes; bookkeeping is no change of the
    world."""

    all: dict[str, Entry] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)
    booked_until: dict[str, float] = field(default_factory=dict)
    """Name of a bucket -> the time until which it is booked, in seconds since the epoch."""
    removals: list[Asking] = field(default_factory=list)
    requests: dict[str, Asked] = field(default_factory=dict)
    policies: dict[str, dict[str, str]] = field(default_factory=dict)
    """Policies by VPC, then by purpose, as they were written down."""
    kept_seconds: dict[str, int] = field(default_factory=dict)
    happened: Counter[tuple[str, str]] = field(default_factory=Counter)
    held_back: int = 0
    orphans: Known = field(default_factory=Known)
    now: Callable[[], float] = lambda: 0.0
    """Seconds since the epoch."""

    def read(self, vpc_id: str) -> Entry:
        return self.all.get(vpc_id, Entry(vpc_id))

    def entries(self) -> tuple[Entry, ...]:
        return tuple(self.all.values())

    def adopted(self) -> Mapping[str, frozenset[str]]:
        served = {entry.vpc_id: entry.served for entry in self.all.values() if entry.served.wish}
        return {id_: frozenset(s.adopted.values()) for id_, s in served.items() if s.adopted}

    def connected(self) -> frozenset[str]:
        return frozenset(entry.vpc_id for entry in self.all.values() if entry.served.wish)

    def knock(self, vpc_id: str, heard: Mapping[str, str] | None = None) -> Entry:
        entry = self.read(vpc_id)
        heard = entry.heard if heard is None else heard
        return self._write(vpc_id, knocks=entry.knocks + 1, heard=heard)

    def knock_if_known(self, vpc_id: str) -> Entry | None:
        return self.knock(vpc_id) if vpc_id in self.all else None

    def remember_request(self, vpc_id: str, asked: Asked) -> Asked:
        newest = self.requests.setdefault(vpc_id, asked)
        if newest.order <= asked.order:
            self.requests[vpc_id] = asked
        return self.requests[vpc_id]

    def take_if_free(self, vpc_id: str, execution: str) -> Entry | None:
        before = self.read(vpc_id)
        if before.holder not in {None, execution}:
            return None
        self.take(before, execution)
        return before

    def record_asked(self, vpc_id: str, asked: str) -> None:
        self._write(vpc_id, asked=asked)

    def take(self, entry: Entry, execution: str) -> bool:
        if self._is_taken_since(entry):
            return False
        self.begun[entry.vpc_id] = entry.knocks
        self._write(
            entry.vpc_id,
            holder=execution,
            taken_at=self.now(),
            unread=False,
            begun=entry.knocks,
        )
        return True

    def hand_over(self, entry: Entry, differences: str, at: float) -> bool:
        if self._is_taken_since(entry):
            return False
        self._write(entry.vpc_id, handed=differences, unread=True, swept_at=at)
        return True

    def release(
        self, vpc_id: str, execution: str, seconds: int = KEPT_SECONDS, end: End = NOTHING_SAID
    ) -> bool:
        entry, said = self.read(vpc_id), end.said
        if said:
            self.report(vpc_id, said.status, said.detail, said.told)
        if entry.holder != execution:
            return True
        if end.link:
            self._write(vpc_id, recorded=end.link)
        if self.begun[vpc_id] != entry.knocks:
            return False
        self._write(vpc_id, holder=None, heard=None)
        self.kept_seconds[vpc_id] = seconds
        return True

    def announce(
        self, entry: Entry, tokens: Mapping[str, str], beside: Beside = NOTHING_BESIDE
    ) -> None:
        held = self.read(entry.vpc_id).held
        if any(held.get(purpose) != entry.held.get(purpose) for purpose in tokens):
            raise NotReadyYet(f"somebody else is making the same in {entry.vpc_id}")
        announced = {purpose: f"{MAKING}{token}" for purpose, token in tokens.items()}
        self.hold(entry.vpc_id, {**announced, **beside.held}, beside.groups_made_at)
        if beside.turns:
            self.record_turns(entry.vpc_id, beside.turns)

    def hold(
        self,
        vpc_id: str,
        held: Mapping[str, str],
        made_at: float | None = None,
        policies: Mapping[str, str] = NO_POLICIES,
    ) -> None:
        entry = self.read(vpc_id)
        made = {p: made_at for p in held if p in GROUPS and made_at is not None}
        last = entry.made_at if made_at is None or held.keys() <= {*GROUPS} else made_at
        self._write(
            vpc_id,
            held={**entry.held, **held},
            made_at=last,
            groups_made_at={**entry.groups_made_at, **made},
        )
        self.record_policies(vpc_id, policies)

    def record_policies(self, vpc_id: str, policies: Mapping[str, str]) -> None:
        self.policies.setdefault(vpc_id, {}).update(policies)
        self._write(vpc_id)

    def record_gone(self, vpc_id: str, purposes: Iterable[str]) -> None:
        gone = set(purposes)
        self._write(vpc_id, held={p: i for p, i in self.read(vpc_id).held.items() if p not in gone})

    def record_withdrawal(self, vpc_id: str, at: str, status: str, detail: str) -> None:
        self._write(vpc_id, withdrawn_at=at, status=status, detail=detail)

    def record_removal(self, entry: Entry) -> None:
        self._write(entry.vpc_id, removing=entry.holder or "")

    def record_removed(self, vpc_id: str, purposes: Iterable[str]) -> None:
        self.record_gone(vpc_id, purposes)
        self._write(vpc_id, removing="")

    def record_resolver_ips(
        self, vpc_id: str, resolver_ips: Mapping[str, str], lost: Iterable[str] = ()
    ) -> None:
        self._write(vpc_id, resolver_ips=resolver_ips, lost_ips=tuple(sorted(lost)))

    def issue(self, vpc_id: str, parameter: str, issue: Issue) -> None:
        self.hold(vpc_id, {PUBLICATION: parameter})
        self._write(vpc_id, issued=issue)

    def publish(
        self,
        vpc_id: str,
        issue: Issue,
        endpoint_ids: Iterable[str],
        served: Served = NOTHING_SERVED,
    ) -> None:
        self._write(
            vpc_id,
            issued=issue,
            generation=issue.generation,
            verified=issue.fingerprint,
            verified_endpoints=frozenset(endpoint_ids),
            served=served,
            verified_at=self.now(),
            doubt="",
            doubted_at="",
            proven_endpoints=frozenset(),
            unconfirmed=(),
            withdrawn_at="",
            removing="",
            lost_ips=() if served == NOTHING_SERVED else self.read(vpc_id).lost_ips,
        )

    def record_doubt(self, vpc_id: str, fingerprint: str, at: str, proven: Iterable[str]) -> None:
        self._write(vpc_id, doubt=fingerprint, doubted_at=at, proven_endpoints=frozenset(proven))

    def record_verified(self, vpc_id: str, endpoint_ids: Iterable[str]) -> None:
        self.record_gone(vpc_id, [PROBE])
        self._write(vpc_id, doubt="", doubted_at="", proven_endpoints=frozenset(endpoint_ids))

    def record_answers(self, entry: Entry, answers: Mapping[str, Answered]) -> None:
        self._write(
            entry.vpc_id,
            answers=dict(answers),
            answered_at=self.now(),
            answered_in=entry.round,
        )

    def record_deletion(self, vpc_id: str, line: str, at: float) -> None:
        self._write(vpc_id, deletion=line, deletion_at=at)

    def record_unconfirmed(self, vpc_id: str, hosts: Sequence[str]) -> None:
        self._write(vpc_id, unconfirmed=tuple(hosts))

    def ask_for_removal(self, vpc_id: str, now: float) -> tuple[Asking, ...]:
        self.removals.append(Asking(vpc_id, now))
        return tuple(self.removals)

    def reserve(self, bucket: Bucket, calls: int, now: float) -> Turn:
        before = max(now, self.booked_until.get(bucket.name, now))
        self.booked_until[bucket.name] = before + cost(bucket, calls)
        return granted(bucket, calls, self.booked_until[bucket.name], now)

    def record_turns(self, vpc_id: str, turns: Mapping[str, Turn]) -> None:
        self._write(vpc_id, turns=dict(turns))

    def report(self, vpc_id: str, status: str, detail: str, told: Iterable[str] = ()) -> None:
        self._write(vpc_id, status=status, detail=detail, told=frozenset(told))

    def allow(self, allowance: Allowance, hour: str) -> bool:
        key = (hour, allowance.name)
        if self.happened[key] >= allowance.most:
            return False
        self.happened[key] += 1
        return True

    def known_orphans(self) -> Known:
        return self.orphans

    def remember_orphans(self, known: Known) -> None:
        self.orphans = known

    def hold_back_mail(self) -> None:
        self.held_back += 1

    def take_held_back_mails(self) -> int:
        held_back, self.held_back = self.held_back, 0
        return held_back

    def _is_taken_since(self, entry: Entry) -> bool:
        now = self.read(entry.vpc_id)
        return (now.holder, now.taken_at) != (entry.holder, entry.taken_at)

    def _write(self, vpc_id: str, **changes: Any) -> Entry:
        entry = replace(self.read(vpc_id), **changes)
        policies = policies_of(entry.held, self.policies.get(vpc_id, {}))
        self.all[vpc_id] = replace(entry, policies=policies)
        return self.all[vpc_id]


@dataclass
class FakeMetrics:
    counted: Usage | None = field(default_factory=lambda: Usage(1e6, 1e9))
    """The usage in any number of days; None where nothing may be seen."""
    asked: int = 0

    def usage(
        self, vpc_id: str, resolver_id: str, endpoints: Iterable[InterfaceEndpoint], days: int
    ) -> Usage | None:
        self.asked += 1
        return self.counted


@dataclass
class FakeExecutions:
    running: set[str] = field(default_factory=set)
    started: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _named: Counter[str] = field(default_factory=Counter)

    def start(self, vpc_id: str, knocks: int, because: str) -> str:
        return self._start(f"{vpc_id}-{knocks}-{because}")

    def start_refused(self, subject: str, error: str, problem: str) -> str:
        self.refused.append(problem)
        return self._start(f"{subject}-refused-{error}")

    def _start(self, name: str) -> str:
        """Each name is another one, as AWS's are by their second."""
        self._named[name] += 1
        execution = name if self._named[name] == 1 else f"{name}-{self._named[name]}"
        self.running.add(execution)
        self.started.append(execution)
        return execution

    def all_running(self) -> frozenset[str]:
        return frozenset(self.running)

    def is_running(self, execution: str) -> bool:
        return execution in self.running


@dataclass
class FakeAccount:
    """The whole account, which is one VPC's: the other fakes know only things of that one."""

    vpcs: FakeVpcs
    endpoints: FakeEndpoints
    groups: FakeGroups
    resolvers: FakeResolvers
    parameters: FakeParameters
    vpc_id: str = VPC.id
    looks: int = 0

    def look(self, adopted: Iterable[str]) -> WholeAccount:
        self.looks += 1
        wanted = frozenset(adopted)
        endpoints = self.endpoints.all.values()
        return WholeAccount(
            vpcs={vpc.id: vpc for vpc in self.vpcs.all.values() if WISH in vpc.tags},
            endpoints={self.vpc_id: tuple(e for e in endpoints if e.owner == US or e.id in wanted)},
            groups={self.vpc_id: tuple(g for g in self.groups.all.values() if g.owner == US)},
            resolvers={r.id: replace(r, ips=()) for r in self.resolvers.all.values()},
            parameters={
                self.vpc_id: {
                    name: StoredParameter(
                        len(self.parameters.written[name]), self.parameters.written_at[name]
                    )
                    for name in self.parameters.all
                }
            },
        )


@dataclass
class FakeProbe:
    weather: Weather
    answer: Callable[[str], tuple[str, ...]]
    state: str = "none"
    name: str = ""
    group: str | None = None
    """The security group that its network interfaces hold, also after it is gone."""
    asked: int = 0
    strangers: set[str] = field(default_factory=set)
    """Names of functions that others have made."""

    def ensure(self, name: str, vpc_id: str, subnets: Sequence[str], group: str) -> None:
        if name in self.strangers:
            raise UsedName(name)
        if self.state == "none":
            self.make(name, subnets, group)
        assert name == self.name
        if self.state != "active":
            raise NotReadyYet("the probe is pending")

    def make(self, name: str, subnets: Sequence[str], group: str) -> None:
        if name in self.strangers:
            return
        done = self.weather.change("make probe")
        self.state, self.name, self.group = "pending", name, group
        done()

    def ask(self, name: str, questions: Mapping[str, Any]) -> Mapping[str, Any]:
        assert (self.state, self.name) == ("active", name)
        self.asked += 1
        rest = {"chain": [], "error": "", "milliseconds": 1.0}
        return {
            "dns": [q | rest | {"addresses": self.answer(q["name"])} for q in questions["dns"]],
            "tls": [q | {"error": "", "milliseconds": 1.0} for q in questions["tls"]],
        }

    def remove(self, name: str) -> None:
        if self.state != "none" and self.name == name:
            done = self.weather.change("remove probe")
            self.state = "none"
            done()

    def settle(self) -> None:
        if self.state == "pending":
            self.state = "active"


@dataclass
class FakeNotifications:
    weather: Weather
    sent: list[str] = field(default_factory=list)

    def send(self, subject: str, text: str) -> None:
        done = self.weather.change("notify")
        self.sent.append(f"{subject}\n{text}")
        done()


@dataclass
class FakeHostPolicy:
    attached: tuple[Attached, ...] = ()
    arn: str = "arn:aws:iam::123456789012:policy/private-connectivity-OnPremDnsHostPolicy-1ABC"

    def attached_to(self) -> tuple[Attached, ...]:
        return self.attached


@dataclass
class FakeProtection:
    is_on: bool = False

    def turn(self, *, on: bool) -> None:
        self.is_on = on


@dataclass
class FakeStacks:
    answers: list[tuple[Request, Answer]] = field(default_factory=list)

    def check(self, request: Request) -> None:
        check_address(request.url, "amazonaws.com")

    def answer(self, request: Request, answer: Answer) -> None:
        self.answers.append((request, answer))


@dataclass
class FakeClock:
    ticks: Callable[[], int] = field(default_factory=lambda: count().__next__)
    waited: float = 0
    """Seconds that the workflow, or a function itself, has let pass."""
    meanwhile: Callable[[], None] = lambda: None
    """A function that is called while a function of the app waits."""

    def now(self) -> str:
        """A second later each time."""
        at = datetime(2026, 11, 23, 12) + timedelta(seconds=self.ticks() + int(self.waited))
        return f"{at.isoformat()}Z"

    def seconds(self) -> float:
        return START + self.waited

    def sleep(self, seconds: float) -> None:
        self.waited += seconds
        self.meanwhile()
