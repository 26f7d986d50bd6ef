"""Somebody who may make and tag anything, at any moment: the app touches only its own.

The adversary may call ec2:CreateTags, ec2:DeleteTags and every Create action, reads every tag and
name that AWS shows, and moves between any two calls of the app, whose answers may be lost after
their effect. It may not delete or change what is not its own, nor read the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, cast

import pytest
from connectivity.domain import ledger
from connectivity.domain.errors import Fact, Waiting
from connectivity.domain.model import InboundResolver, InterfaceEndpoint, SecurityGroup
from connectivity.domain.ownership import group_name, resolver_name
from connectivity.usecases.aws import Aws
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.example import OPTIONS, US, VPC, WITH_ECR, full
from tests.unit.usecases.world import World

THEIRS = "theirs"
SERVICES = ("ssm", "ecs", "logs", "s3", "ecr.api", "ecr.dkr")
CALLS_OF_A_STORY = 250


@dataclass
class Between:
    """A port: before each of its calls somebody else may have been there."""

    port: Any
    meanwhile: Callable[[], None]

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.port, name)
        if not callable(found):
            return found

        def called(*args: Any, **kwargs: Any) -> Any:
            self.meanwhile()
            return found(*args, **kwargs)

        return called


PORTS = ("endpoints", "groups", "resolvers", "probe", "parameters", "ledger")


@dataclass
class Haunted(World):
    """The world of the use cases, and an adversary in it."""

    moves: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    """At which call it makes which move, and of what."""
    ids: Callable[[], int] = field(default_factory=lambda: count(1).__next__)
    theirs: dict[str, Any] = field(default_factory=dict)
    """Everything that is not ours, as its owner left it."""

    def __post_init__(self) -> None:
        super().__init__()
        self.calls = count()
        for service in SERVICES:
            self._endpoint(service, "Interface", owner=None)
        self._group("default", owner=None)

    @property
    def aws(self) -> Aws:
        between = {name: Between(getattr(self, name), self.meanwhile) for name in PORTS}
        return replace(super().aws, **cast(Any, between))

    def meanwhile(self) -> None:
        self.require_theirs_untouched()
        kind, which = self.moves.get(next(self.calls), ("", 0))
        if kind:
            getattr(self, f"_{kind}")(which)

    def require_theirs_untouched(self) -> None:
        now = {**self.endpoints.all, **self.groups.all, **self.resolvers.all}
        assert {id_: now.get(id_) for id_ in self.theirs} == self.theirs
        assert not self.theirs.keys() & set(self.entry.held.values())
        ours = (e for e in self.endpoints.all.values() if e.id not in self.theirs)
        assert not any(self.theirs.keys() & set(endpoint.security_groups) for endpoint in ours)

    # What the adversary does, `which` choosing of whatever there is.

    def _forge_endpoint(self, which: int) -> None:
        kind = "Gateway" if which % 3 == 0 else "Interface"
        self._endpoint(SERVICES[which % len(SERVICES)], kind, owner=US)

    def _forge_group(self, which: int) -> None:
        name = group_name(VPC.id, ledger.GROUPS[which % 3])
        taken = {group.name for group in self.groups.all.values()}
        forged = next(n for i in count() if (n := f"{name}{'-0' * i}") not in taken)
        self._group(forged, owner=US)

    def _forge_resolver(self, which: int) -> None:
        """Inbound ones would be used as other people's, as everybody's are."""
        resolver = InboundResolver(
            f"rslvr-{THEIRS}-{self.ids()}",
            VPC.id,
            "operational",
            name=resolver_name(VPC.id),
            creator_request_id=THEIRS,
            direction="outbound",
        )
        self.theirs[resolver.id] = self.resolvers.all[resolver.id] = resolver

    def _forge_function(self, which: int) -> None:
        """Under the name that the probe had last, too, once it is free."""
        free = self.probe.name if self.probe.state == "none" else ""
        self.probe.strangers |= {free, f"ecs-anywhere-probe-{VPC.id}"} - {""}

    def _tag_theirs(self, which: int) -> None:
        self._tag(sorted(self.theirs), which, US)

    def _untag_ours(self, which: int) -> None:
        self._tag(sorted({*self.endpoints.all, *self.groups.all} - self.theirs.keys()), which, None)

    def _tag(self, ids: list[str], which: int, owner: str | None) -> None:
        for things in (self.endpoints.all, self.groups.all):
            id_ = ids[which % len(ids)] if ids else ""
            if id_ in things:
                tagged = replace(cast(Any, things)[id_], owner=owner)
                cast(Any, things)[id_] = tagged
                if id_ in self.theirs:
                    self.theirs[id_] = tagged

    def _endpoint(self, service: str, kind: Any, owner: str | None) -> None:
        """It may be in our security group, and looks like ours in everything."""
        ours = [g.id for g in self.groups.all.values() if g.id not in self.theirs]
        endpoint = InterfaceEndpoint(
            f"vpce-{THEIRS}-{self.ids()}",
            full(service),
            "available",
            kind,
            subnets=("subnet-a", "subnet-b") if kind == "Interface" else (),
            security_groups=tuple(ours[:1]) if owner and kind == "Interface" else (),
            owner=owner,
        )
        self.theirs[endpoint.id] = self.endpoints.all[endpoint.id] = endpoint

    def _group(self, name: str, owner: str | None) -> None:
        group = SecurityGroup(f"sg-{THEIRS}-{self.ids()}", name, owner=owner)
        self.theirs[group.id] = self.groups.all[group.id] = group

    # What the app and its people do.

    def story(self) -> None:
        for step in (
            lambda: self.connect(WITH_ECR),
            lambda: self.connect(OPTIONS),
            self.somebody_deletes_one,
            lambda: self.connect(OPTIONS),
            self.disconnect,
        ):
            with suppress(Fact, Waiting):
                step()
            self.require_theirs_untouched()

    def somebody_deletes_one(self) -> None:
        ours = (e.id for e in self.endpoints.all.values() if e.id not in self.theirs)
        self.endpoints.all.pop(next(ours, ""), None)

    def end(self) -> str:
        """What the last run of a teardown says, now that nobody disturbs it."""
        self.moves = {}
        self.probe.group = None
        try:
            return self.disconnect()
        except (Fact, Waiting) as said:
            return str(said)

    def left_of_ours(self) -> set[str]:
        return {*self.endpoints.all, *self.groups.all, *self.resolvers.all} - self.theirs.keys()

    def known(self) -> set[str]:
        """Ids that the ledger still knows, or the tokens of their creation."""
        ownership = super().aws.ownership(self.entry)
        groups = ownership.known_groups(self.groups.all.values())
        resolver = ownership.resolver(self.resolvers.all.values(), also_deleting=True)
        ids = {group.id for group in groups.values()} | ({resolver.id} if resolver else set())
        return ids | {*self.entry.held.values()}


KINDS = (
    "forge_endpoint",
    "forge_group",
    "forge_resolver",
    "forge_function",
    "tag_theirs",
    "untag_ours",
)
CALLS = st.integers(0, CALLS_OF_A_STORY)
MOVES = st.dictionaries(
    CALLS, st.tuples(st.sampled_from(KINDS), st.integers(0, 30)), min_size=1, max_size=20
)
LOST = st.sets(st.integers(0, 60), max_size=6)
any_history = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@any_history
@given(MOVES, LOST)
def test_whatever_others_make_and_tag_only_our_own_is_touched_and_none_of_it_is_lost_in_silence(
    moves: Mapping[int, tuple[str, int]], lost: set[int]
) -> None:
    world = Haunted(moves=moves)
    world.weather.lost = {*lost}
    world.story()
    said = world.end()
    world.require_theirs_untouched()
    for id_ in world.left_of_ours() - world.known():
        assert id_ in said


@any_history
@given(MOVES, LOST)
def test_once_the_tags_are_put_back_nothing_of_ours_is_left_after_a_teardown(
    moves: Mapping[int, tuple[str, int]], lost: set[int]
) -> None:
    world = Haunted(moves=moves)
    world.weather.lost = {*lost}
    world.story()
    world.end()
    for things in (world.endpoints.all, world.groups.all):
        for id_ in things.keys() - world.theirs.keys():
            cast(Any, things)[id_] = replace(cast(Any, things)[id_], owner=US)
    borrowed = [e for e in world.theirs.values() if getattr(e, "security_groups", ())]
    for endpoint in borrowed:  # Their owners have given our security group back.
        del world.endpoints.all[endpoint.id], world.theirs[endpoint.id]
    said = world.end()
    assert world.left_of_ours() == set(), said
    world.require_theirs_untouched()


@pytest.mark.parametrize("kind", KINDS)
def test_a_move_at_every_call_stops_no_teardown_from_leaving_what_is_not_ours(kind: str) -> None:
    world = Haunted(moves={n: (kind, n) for n in range(0, CALLS_OF_A_STORY, 2)})
    world.story()
    world.end()
    world.require_theirs_untouched()
