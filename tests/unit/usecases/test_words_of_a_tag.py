"""A tag's key that holds words of ours: it is quoted, and taken for nothing that we say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.usecases.world import World

WORDS = (
    "left out: x",
    "10.0.0.9 was an address of the inbound resolver",
    "AWS was asked to delete vpc-1 and refused",
    "nobody has used it for 9 days",
)


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("before", ["", "10.0.0.5 "])
def test_words_of_ours_in_a_tags_key_tell_nobody_anything(words: str, before: str) -> None:
    world, key = World(), f"ecs-anywhere:{before}{words}"
    world.vpcs.all = {
        id_: replace(v, tags={**v.tags, key: ""}) for id_, v in world.vpcs.all.items()
    }
    status = world.connect()
    assert f'"{key[:40]}' in status.detail, "a long key is shortened"
    assert status.to_tell == ()
