"""A small AWS in memory, behind the ports of the use cases.

As unkind as the big one where it matters: what is made is pending until `settle`, an answer can be
lost after its call took effect, what is in use cannot be removed, and AWS Lambda holds a security
group long after its function is gone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, TypeVar

from connectivity.domain import publication
from connectivity.domain.desired import Desired
from connectivity.domain.errors import (
    NotReadyYet,
    Throttled,
    Unavailable,
    UnknownVpc,
    Waiting,
)
from connectivity.domain.ledger import Entry
from connectivity.domain.model import (
    InboundResolver,
    InterfaceEndpoint,
    OfferedService,
    ResolverIp,
    RouteTable,
    Rule,
    SecurityGroup,
    Subnet,
    Vpc,
)
from connectivity.domain.survey import Limits
from connectivity.domain.wish import Options
from connectivity.usecases import check_preconditions as checks
from connectivity.usecases.confirm_gone import confirm_gone
from connectivity.usecases.ensure_endpoints import ensure_endpoints
from connectivity.usecases.ensure_resolver import Resolver, ensure_resolver
from connectivity.usecases.private_dns import turn_on_private_dns
from connectivity.usecases.publish import Published, publish
from connectivity.usecases.remove import Holdings, remove_everything, remove_surplus
from connectivity.usecases.settings import Settings
from connectivity.usecases.verify_resolution import verify_resolution
from connectivity.usecases.withdraw import withdraw

from tests.unit.example import ACCOUNT, OFFERED, OPTIONS, REGION, SUBNETS, US, VPC

SETTINGS = Settings(
    us=US,
    account=ACCOUNT,
    region=REGION,
    defaults=OPTIONS,
    limits=Limits(),
    parameter_path="/ecs-anywhere/private-connectivity",
    drain_seconds=60,
)
LIST, DOCUMENT = publication.parameter_names(SETTINGS.parameter_path, VPC.id)
PUBLIC = "52.95.16.1"
_MOST_TRIES = 200

Result = TypeVar("Result")


@dataclass
class Weather:
    """Every change that was made, in order, and which calls AWS fails at."""

    changes: list[str] = field(default_factory=list)
    lost: set[int | str] = field(default_factory=set)
    """Changes, by number or by name, that take effect and whose answer never comes, once."""
    refused: set[int | str] = field(default_factory=set)
    """Changes that are throttled, once."""

    def change(self, name: str) -> Callable[[], None]:
        """Called before a change; what it gives back is called after it."""
        keys = {name, len(self.changes)}
        if hit := keys & self.refused:
            self.refused -= hit
            raise Throttled(name)
        self.changes.append(name)

        def done() -> None:
            if hit := keys & self.lost:
                self.lost.difference_update(hit)
                raise Unavailable(name)

        return done


@dataclass
class FakeVpcs:
    weather: Weather
    all: dict[str, Vpc] = field(default_factory=lambda: {VPC.id: VPC})
    subnet_list: tuple[Subnet, ...] = SUBNETS
    dns: bool = True

    def find(self, vpc_id: str) -> Vpc | None:
        return self.all.get(vpc_id)

    def dns_support(self, vpc_id: str) -> bool:
        return self.dns

    def dns_hostnames(self, vpc_id: str) -> bool:
        return self.dns

    def subnets(self, vpc_id: str) -> tuple[Subnet, ...]:
        return self.subnet_list

    def route_tables(self, vpc_id: str) -> tuple[RouteTable, ...]:
        return ()

    def with_tag(self, key: str) -> tuple[str, ...]:
        return tuple(vpc.id for vpc in self.all.values() if key in vpc.tags)

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
    offers: Mapping[str, OfferedService] = field(default_factory=lambda: OFFERED)
    refusals: dict[str, str] = field(default_factory=dict)
    """Ids that AWS does not delete, and its reason."""

    def offered(self, service_names: Iterable[str]) -> Mapping[str, OfferedService]:
        return {name: self.offers[name] for name in service_names if name in self.offers}

    def all_in(self, vpc_id: str) -> tuple[InterfaceEndpoint, ...]:
        return tuple(self.all.values())

    def make_interface(
        self, vpc_id: str, service_name: str, subnets: Sequence[str], group: str, token: str
    ) -> str:
        endpoint = InterfaceEndpoint(
            id="",
            service_name=service_name,
            state="pending",
            subnets=tuple(subnets),
            security_groups=(group,),
            owner=US,
        )
        return self._make(endpoint, token)

    def make_gateway(self, vpc_id: str, service_name: str, token: str) -> str:
        return self._make(
            InterfaceEndpoint("", service_name, "available", "Gateway", owner=US), token
        )

    def _make(self, endpoint: InterfaceEndpoint, token: str) -> str:
        """The same client token is the same endpoint."""
        if token not in self.tokens:
            done = self.weather.change(f"make {endpoint.type} endpoint")
            number = self.ids()
            addresses = {
                f"eni-{number}-{i}": f"10.20.{i}.{number}" for i in range(len(endpoint.subnets))
            }
            self.interfaces |= addresses
            self.tokens[token] = f"vpce-{number}"
            self.all[f"vpce-{number}"] = replace(
                endpoint, id=f"vpce-{number}", interfaces=tuple(addresses)
            )
            done()
        return self.tokens[token]

    def set_private_dns(
        self, endpoint_id: str, on: bool, for_inbound_resolver_only: bool = False
    ) -> None:
        done = self.weather.change(f"private DNS {'on' if on else 'off'}")
        self.all[endpoint_id] = replace(self.all[endpoint_id], private_dns=on)
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
        """What a DNS server inside the VPC says."""
        for endpoint in self.all.values():
            private_names = self.offers[endpoint.service_name].private_names
            if endpoint.private_dns and any(_matches(name, p) for p in private_names):
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

    def all_in(self, vpc_id: str) -> tuple[SecurityGroup, ...]:
        return tuple(self.all.values())

    def make(self, vpc_id: str, name: str, purpose: str) -> str:
        if any(group.name == name for group in self.all.values()):
            raise NotReadyYet(f"{name} was made just before")
        done = self.weather.change(f"make {purpose}")
        group = SecurityGroup(f"sg-{self.ids()}", name, owner=US)
        self.all[group.id] = group
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

    def in_use(self, group_ids: Iterable[str]) -> frozenset[str]:
        return frozenset(group_ids) & self.held_by_others()

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

    def all_inbound(self) -> tuple[InboundResolver, ...]:
        return tuple(replace(resolver, ips=()) for resolver in self.all.values())

    def find(self, resolver_id: str) -> InboundResolver | None:
        return self.all.get(resolver_id)

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
    names: tuple[str, ...] = ()

    def associated_with(self, vpc_id: str) -> tuple[str, ...]:
        return self.names


@dataclass
class FakeParameters:
    weather: Weather
    all: dict[str, str] = field(default_factory=dict)

    def read(self, names: Sequence[str]) -> Mapping[str, str]:
        return {name: self.all[name] for name in names if name in self.all}

    def write(self, name: str, value: str, as_list: bool = False) -> None:
        done = self.weather.change(f"write {name.rsplit('/', 1)[1]}")
        self.all[name] = value
        done()

    def remove(self, names: Sequence[str]) -> None:
        done = self.weather.change("remove parameters")
        for name in names:
            self.all.pop(name, None)
        done()


@dataclass
class FakeLedger:
    """With the conditions under which DynamoDB writes; bookkeeping is no change of the world."""

    all: dict[str, Entry] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)

    def read(self, vpc_id: str) -> Entry:
        return self.all.get(vpc_id, Entry(vpc_id))

    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.all.values() if entry.holds_something)

    def knock(self, vpc_id: str) -> Entry:
        return self._write(vpc_id, knocks=self.read(vpc_id).knocks + 1)

    def take(self, entry: Entry, execution: str) -> bool:
        if self.read(entry.vpc_id).holder != entry.holder:
            return False
        self.begun[entry.vpc_id] = entry.knocks
        self._write(entry.vpc_id, holder=execution)
        return True

    def release(self, vpc_id: str, execution: str) -> bool:
        entry = self.read(vpc_id)
        if entry.holder != execution:
            return True
        if self.begun[vpc_id] != entry.knocks:
            return False
        self._write(vpc_id, holder=None)
        return True

    def hold(self, vpc_id: str, held: Mapping[str, str]) -> None:
        self._write(vpc_id, held={**self.read(vpc_id).held, **held})

    def let_go(self, vpc_id: str, purposes: Iterable[str]) -> None:
        gone = set(purposes)
        self._write(vpc_id, held={p: i for p, i in self.read(vpc_id).held.items() if p not in gone})

    def promise(self, vpc_id: str, resolver_ips: Mapping[str, str]) -> None:
        self._write(vpc_id, resolver_ips=resolver_ips)

    def publish(
        self, vpc_id: str, generation: int, fingerprint: str, endpoint_ids: Iterable[str]
    ) -> None:
        self._write(
            vpc_id,
            generation=generation,
            verified=fingerprint,
            verified_endpoints=frozenset(endpoint_ids),
        )

    def report(self, vpc_id: str, status: str, detail: str) -> None:
        self._write(vpc_id, status=status, detail=detail)

    def _write(self, vpc_id: str, **changes: Any) -> Entry:
        self.all[vpc_id] = replace(self.read(vpc_id), **changes)
        return self.all[vpc_id]


@dataclass
class FakeExecutions:
    running: set[str] = field(default_factory=set)
    started: list[str] = field(default_factory=list)

    def start(self, vpc_id: str, knocks: int, because: str) -> str:
        return self._start(f"{vpc_id}-{knocks}-{because}")

    def start_refused(self, subject: str, error: str, problem: str) -> str:
        return self._start(f"{subject}-refused-{error}")

    def _start(self, execution: str) -> str:
        self.running.add(execution)
        self.started.append(execution)
        return execution

    def is_running(self, execution: str) -> bool:
        return execution in self.running


@dataclass
class FakeProbe:
    weather: Weather
    answer: Callable[[str], tuple[str, ...]]
    state: str = "none"
    group: str | None = None
    """The security group that its network interfaces hold, also after it is gone."""
    asked: int = 0

    def ensure(self, vpc_id: str, subnets: Sequence[str], group: str) -> None:
        if self.state == "none":
            done = self.weather.change("make probe")
            self.state, self.group = "pending", group
            done()
        if self.state != "active":
            raise NotReadyYet("the probe is pending")

    def ask(self, vpc_id: str, questions: Mapping[str, Any]) -> Mapping[str, Any]:
        assert self.state == "active"
        self.asked += 1
        rest = {"chain": [], "error": "", "milliseconds": 1.0}
        return {
            "dns": [q | rest | {"addresses": self.answer(q["name"])} for q in questions["dns"]],
            "tls": [q | {"error": "", "milliseconds": 1.0} for q in questions["tls"]],
        }

    def remove(self, vpc_id: str) -> None:
        if self.state != "none":
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
class FakeClock:
    ticks: Callable[[], int] = field(default_factory=lambda: count().__next__)

    def now(self) -> str:
        return f"2026-11-23T12:00:{self.ticks() % 60:02}Z"


class World:
    """One account and Region, with the VPC of the example in it."""

    def __init__(self) -> None:
        ids = count(4).__next__
        self.weather = Weather()
        self.vpcs = FakeVpcs(self.weather)
        self.endpoints = FakeEndpoints(self.weather, ids)
        self.groups = FakeGroups(self.weather, ids, self._held_groups)
        self.resolvers = FakeResolvers(self.weather, ids)
        self.hosted_zones = FakeHostedZones()
        self.parameters = FakeParameters(self.weather)
        self.ledger = FakeLedger()
        self.executions = FakeExecutions()
        self.probe = FakeProbe(self.weather, self.endpoints.answer)
        self.notifications = FakeNotifications(self.weather)
        self.clock = FakeClock()

    def settle(self) -> None:
        """Time goes by: what was being made or removed is made or gone."""
        for part in (self.endpoints, self.resolvers, self.probe):
            part.settle()

    def _held_groups(self) -> set[str]:
        """What some network interface holds."""
        by = [*self.endpoints.all.values(), *self.resolvers.all.values()]
        probe = {self.probe.group} if self.probe.group else set()
        return {group for holder in by for group in holder.security_groups} | probe

    @property
    def entry(self) -> Entry:
        return self.ledger.read(VPC.id)

    @property
    def document(self) -> dict[str, Any]:
        """What on-premises reads."""
        return dict(json.loads(self.parameters.all[DOCUMENT]))

    @property
    def holdings(self) -> Holdings:
        return Holdings(
            endpoints=self.endpoints,
            groups=self.groups,
            resolvers=self.resolvers,
            parameters=self.parameters,
            probe=self.probe,
            ledger=self.ledger,
            us=US,
            parameter_path=SETTINGS.parameter_path,
        )

    # The steps of the workflow, each with the ports that its handler gives it.

    def check(self, options: Options = OPTIONS) -> checks.Check:
        return checks.check_preconditions(
            VPC.id,
            options,
            checks.World(
                vpcs=self.vpcs,
                endpoints=self.endpoints,
                groups=self.groups,
                resolvers=self.resolvers,
                hosted_zones=self.hosted_zones,
                parameters=self.parameters,
                ledger=self.ledger,
            ),
            SETTINGS,
        )

    def ensure_endpoints(self, desired: Desired) -> tuple[str, ...]:
        return ensure_endpoints(desired, self.endpoints, self.groups, self.ledger, US)

    def ensure_resolver(self, desired: Desired) -> Resolver:
        return ensure_resolver(desired, self.resolvers, self.groups, self.ledger, US)

    def turn_on_private_dns(self, desired: Desired) -> tuple[str, ...]:
        return turn_on_private_dns(desired, self.endpoints, self.ledger, US)

    def verify(self, desired: Desired, resolver: Resolver) -> Mapping[str, Any]:
        verified = verify_resolution(
            desired, resolver, self.endpoints, self.probe, self.ledger, SETTINGS
        )
        return verified.as_json()

    def publish(
        self, desired: Desired, resolver: Resolver, verified: Mapping[str, Any]
    ) -> Published:
        return publish(
            desired,
            resolver.ips,
            verified,
            (),
            self.parameters,
            self.ledger,
            self.clock,
            SETTINGS,
        )

    def withdraw(self) -> int:
        return withdraw(VPC.id, self.parameters, self.ledger, self.clock, SETTINGS)

    # And the workflow, as its definition orders them: whoever has to wait tries again later.

    def connect(self, options: Options = OPTIONS) -> None:
        check = self.patiently(lambda: self.check(options))
        if check.converged:
            return
        self.patiently(lambda: self.ensure_endpoints(check.desired))
        resolver = self.patiently(lambda: self.ensure_resolver(check.desired))
        self.patiently(lambda: self._switch_over(check.desired, resolver))
        self.patiently(lambda: remove_surplus(check.desired, self.holdings))

    def _switch_over(self, desired: Desired, resolver: Resolver) -> None:
        self.turn_on_private_dns(desired)
        verified = self.verify(desired, resolver)
        self.publish(desired, resolver, verified)

    def disconnect(self) -> str:
        """The detail of the status that a teardown ends with."""
        self.patiently(self.withdraw)
        self.patiently(lambda: remove_everything(VPC.id, self.holdings))
        return self.patiently(lambda: confirm_gone(VPC.id, self.holdings)).detail

    def patiently(self, step: Callable[[], Result]) -> Result:
        for _ in range(_MOST_TRIES):
            try:
                return step()
            except Waiting as waiting:
                said = waiting
                self.settle()
        raise said


def connected(options: Options = OPTIONS) -> World:
    """A world in which the VPC is connected, and no change counted yet."""
    world = World()
    world.connect(options)
    world.weather.changes.clear()
    return world
