"""The generation of the next document: one that DNS hosts accept, whoever wrote meanwhile."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace

import pytest
from connectivity.domain.generations import HIGHEST_BELIEVED, LONGEST_JUMP
from connectivity.domain.publication import LARGEST_GENERATION, canonical, generation_of
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.example import OPTIONS, VPC, WITH_ECR
from tests.unit.usecases.world import DOCUMENT, SIGNING_KEY, World, connected


@dataclass
class Host:
    """A DNS host that looks at every document, with the rules of the pick-up tool."""

    pins: bool
    """Whether it accepts only what the stack has signed."""
    highest: int = 0
    content: str = ""
    accepted: list[str] = field(default_factory=list)

    def look(self, text: str) -> bool:
        """Return whether the document is accepted, or is the one that was."""
        generation = generation_of(text)
        if (self.pins and "signature" not in text) or not generation:
            return False
        if generation == self.highest:
            return text == self.content
        if self.highest and not self.highest < generation <= self.highest + LONGEST_JUMP:
            return False
        self.highest, self.content = generation, text
        self.accepted.append(text)
        return True


def forged(world: World, generation: object, signed: bool = False) -> str:
    """Somebody's document: intact, and unsigned, as nobody else has the key."""
    document = {k: v for k, v in world.document.items() if k not in {"checksum", "signature"}}
    document |= {"generation": generation, "zones": ["bank.example"]}
    checksum = hashlib.sha256(canonical(document).encode()).hexdigest()
    return canonical(document | {"checksum": f"sha256:{checksum}"})


WITHIN = st.integers(1, LONGEST_JUMP)
"""How far a document within the rules of a host is above the last."""
BEYOND = st.sampled_from(
    [0, -1, LONGEST_JUMP + 1, 10**6, HIGHEST_BELIEVED, 10**9 - 1, 10**9, 10**9 + 1, 10**15]
)
"""Beyond the rules: what a host refuses."""
STEPS = st.lists(
    st.tuples(st.just("write"), WITHIN | BEYOND)
    | st.tuples(st.sampled_from(["nonsense", "ours again", "say", "withdraw"]), st.just(0)),
    max_size=12,
)


@pytest.mark.parametrize("signing_key", [SIGNING_KEY, ""], ids=["signed", "unsigned"])
@given(steps=STEPS)
def test_after_any_writes_of_anybody_the_app_s_next_word_is_accepted(
    signing_key: str, steps: list[tuple[str, int]]
) -> None:
    """And is what the host has in the end. (Where nothing is signed, a document of ours that
    somebody else writes again hides what was between, until we have something to say.)"""
    world = connected(signing_key=signing_key)
    host = Host(pins=bool(signing_key))
    ours = world.parameters.all[DOCUMENT]
    assert host.look(ours)
    options = OPTIONS
    for step, jump in steps:
        if step == "say":
            options = WITH_ECR if options == OPTIONS else OPTIONS
            world.connect(options)
            world.clock.waited += 600
        elif step == "withdraw":
            world.clock.waited += 600
            world.withdraw()
        elif step == "write":
            world.parameters.overwrite(DOCUMENT, forged(world_of(ours, world), host.highest + jump))
        else:
            world.parameters.overwrite(DOCUMENT, ours if step == "ours again" else step)
        accepted = host.look(world.parameters.all[DOCUMENT])
        if step in {"say", "withdraw"}:
            assert accepted, (step, world.parameters.all[DOCUMENT], host.highest)
            ours = world.parameters.all[DOCUMENT]
    world.connect(options)
    said = world.parameters.all[DOCUMENT]
    assert host.look(said) or (said == ours and not signing_key)
    world.clock.waited += 600
    world.withdraw()
    assert host.look(world.parameters.all[DOCUMENT])
    assert host.content == world.parameters.all[DOCUMENT]
    assert world.document["generation"] <= LARGEST_GENERATION


def world_of(ours: str, world: World) -> World:
    """The world with our document in its place, which may have been overwritten with nonsense."""
    world.parameters.all[DOCUMENT] = ours
    return world


def test_where_the_ledger_was_lost_the_parameter_tells_how_far_it_had_come() -> None:
    for signing_key in (SIGNING_KEY, ""):
        world = connected(signing_key=signing_key)
        world.connect(WITH_ECR)
        host = Host(bool(signing_key), 2, world.parameters.all[DOCUMENT])
        world.ledger.all[VPC.id] = replace(world.entry, generation=0, issued=None, verified="")
        world.connect(OPTIONS)
        assert world.document["generation"] == 3
        assert host.look(world.parameters.all[DOCUMENT])


def test_what_stood_there_before_the_first_publication_cannot_use_up_the_generations() -> None:
    for generation in (10**9, 10**15, HIGHEST_BELIEVED + 1):
        world = connected()
        planted = forged(world, generation)
        world = World()
        world.parameters.overwrite(DOCUMENT, planted)
        world.connect()
        assert json.loads(world.parameters.all[DOCUMENT])["generation"] == 1
