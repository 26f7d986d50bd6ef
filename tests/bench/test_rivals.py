"""The rivals do the whole of their work in the model, so that what is said of them is fair."""

from __future__ import annotations

from collections import Counter

import pytest

from bench import rivals
from bench.app import App
from bench.lifecycles import MEDIANS
from bench.rivals import RIVALS, Rival

EVERY = pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.name)


@EVERY
def test_a_rival_is_never_quicker_than_its_floor(rival: Rival) -> None:
    for seed in range(3):
        assert all(lap.factor >= 1 for lap in rivals.laps(rival, seed))


@EVERY
def test_a_rival_makes_all_of_it_and_leaves_nothing(rival: Rival) -> None:
    with App() as app:
        rivals.there_and_back(app, rival, MEDIANS)
        made = Counter(call.name for call in app.account.calls if not call.refused)
        assert made["ec2:CreateVpcEndpoint"] == 6
        assert made["route53resolver:CreateResolverEndpoint"] == 1
        [network] = app.compute.networks.values()
        left = [*network.groups, *network.endpoints, *app.resolution.resolvers]
        assert not left


def test_a_script_for_each_of_a_hundred_vpcs_leaves_most_of_them_undone() -> None:
    crowd = rivals.crowd(RIVALS[0], 100)
    assert crowd.reached < 50
