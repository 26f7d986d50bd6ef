"""Many removals at once wait for a yes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.story.app import DETAIL, STATUS, App


@pytest.fixture
def held_up(app: App) -> Iterator[str]:
    """A connected VPC that asks to be removed when three others have just done so."""
    vpc_id = app.vpc()
    app.tag(vpc_id, wish="enabled")
    app.next_success(vpc_id)
    app.others_ask_to_be_removed(3)
    with app.deployed_with({"ReadVpcFunction"}, REMOVAL_SHARE="20"):
        app.untag(vpc_id)
        assert app.next_success(vpc_id).made_nothing
        yield vpc_id
    app.others_ask_to_be_removed(0)
    assert app.remnants(vpc_id) == {}


def test_the_fourth_of_four_serves_on_until_somebody_says_yes_with_an_event(
    app: App, held_up: str
) -> None:
    assert app.tags(held_up)[STATUS] == "held-up"
    assert "4 of 4 connected VPCs ask to be removed within an hour" in app.tags(held_up)[DETAIL]
    assert app.parameters(held_up).keys() == {"resolver-ips", "forwarding"}
    assert all(endpoint["PrivateDnsEnabled"] for endpoint in app.endpoints(held_up).values())
    assert "too many VPCs ask to be removed" in str(app.mails(held_up)[-1].subject)
    app.sweep_leaves_alone(held_up)

    app.request("Remove", {"vpc-id": held_up})
    app.next_success(held_up)
    assert app.tags(held_up)[STATUS] == "removed"


def test_a_yes_may_be_a_tag_and_a_no_may_be_one(app: App, held_up: str) -> None:
    app.tag(held_up, wish="enabled")
    assert app.next_success(held_up).made_nothing
    assert app.tags(held_up)[STATUS] == "connected"
    app.tag(held_up, wish="remove")
    app.next_success(held_up)
    assert app.tags(held_up)[STATUS] == "removed"
