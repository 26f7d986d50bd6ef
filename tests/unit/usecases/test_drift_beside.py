"""What changes beside a connection's own things: each row of the second table of
docs/operations.md, "The sweep and drift", is one test here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from connectivity.domain import tags
from connectivity.domain.errors import Fact, NotResolvingYet
from connectivity.domain.model import InterfaceEndpoint, ResolverIp, SecurityGroup
from connectivity.domain.status import Status
from connectivity.usecases.asked import read_wish_of
from connectivity.usecases.finish import finish
from connectivity.usecases.remove import remove_everything

from tests.unit.domain.test_resolver_adoption import GROUP, IPS, THEIRS
from tests.unit.example import VPC, full
from tests.unit.usecases.fakes import PUBLIC
from tests.unit.usecases.test_adoption import HTTPS, SSM, with_theirs
from tests.unit.usecases.test_sweep import DAILY, DAY, ENABLED, NEVER, in_order, run, swept
from tests.unit.usecases.world import World

ROOT = Path(__file__).parents[3]
TABLE = ROOT / "docs" / "operations.md"
Change = Callable[[World], object]


def with_theirs_in_order() -> World:
    """A connected VPC that uses somebody else's interface endpoint and inbound resolver."""
    world = in_order(world=with_theirs())
    assert set(world.entry.served.adopted.values()) == {SSM.id, THEIRS.id}
    return world


@dataclass(frozen=True)
class Row:
    change: Change | Mapping[str, Change]
    """The change, or several of its kind, by their names."""
    then: Callable[[World], None]
    """A check of what the run leaves that the sweep, or the verification on the clock, begins."""
    given: Callable[[], World] = in_order
    sees: bool = True
    """True where the next sweep sees it."""

    @property
    def changes(self) -> Mapping[str, Change]:
        return self.change if isinstance(self.change, Mapping) else {"": self.change}


def nothing_asked_for(world: World) -> None:
    world.vpcs.all[VPC.id] = VPC


def cut_short_in_the_drain(world: World) -> None:
    nothing_asked_for(world)
    assert world.ledger.take(world.entry, "dead")
    world.withdraw()


def cut_short_in_the_removal(world: World) -> None:
    cut_short_in_the_drain(world)
    world.turn_off_all()
    with pytest.raises(Exception, match="being removed"):
        remove_everything(VPC.id, world.aws)


def cut_short_before_its_report(world: World) -> None:
    nothing_asked_for(world)
    assert world.ledger.take(world.entry, "dead")
    world.disconnect()


def all_is_removed(world: World) -> None:
    """As the workflow's definition goes on where something is held, and reports."""
    reading = read_wish_of(world.run("sweep"), world.aws, world.executions)
    assert reading.verdict == "tear down"
    finish(VPC.id, Status("removed", world.disconnect()), world.desk)
    assert (world.endpoints.all, world.resolvers.all, world.parameters.all) == ({}, {}, {})
    assert not [g for g in world.groups.all.values() if "-probe-" not in g.name]
    assert world.entry.status == "removed"


def more_is_asked_for(world: World) -> None:
    world.vpcs.all[VPC.id] = replace(ENABLED, tags={**ENABLED.tags, tags.SERVICES: "logs"})


def it_is_carried_out(world: World) -> None:
    run(world, "sweep")
    assert full("logs") in {e.service_name for e in world.endpoints.all.values()}
    assert world.document["generation"] == 2


def repaired(world: World, *lines: str) -> None:
    run(world, "sweep")
    assert world.entry.status == "connected"
    for line in lines:
        assert f"repaired: {line}" in world.entry.detail


def ours_is_made_instead(world: World) -> None:
    repaired(
        world, f"interface endpoint for ssm {SSM.id}, which is not ours, was gone: ours is made"
    )
    assert SSM.id not in world.entry.verified_endpoints


def another_resolver_or_ours_serves(world: World) -> None:
    which = next((r.id for r in world.resolvers.all.values() if r.id == ANOTHER.id), None)
    now = f"{which}, which is not ours, is used instead" if which else "ours is made"
    repaired(world, f"inbound resolver {THEIRS.id}, which is not ours, was gone: {now}")
    assert world.document["resolverIps"] == [ip.ip for ip in IPS], "the same addresses"
    assert world.document["generation"] == 1


ANOTHER = replace(THEIRS, id="rslvr-in-another")


def another_resolver_is_there(world: World) -> None:
    world.resolvers.all = {ANOTHER.id: ANOTHER}


def its_interfaces_are_others(world: World) -> None:
    world.endpoints.interfaces["eni-theirs-2"] = "10.20.0.9"
    _their_endpoint(world, interfaces=("eni-theirs-1", "eni-theirs-2"))


def its_addresses_are_others(world: World) -> None:
    more = (*IPS, ResolverIp("10.20.0.9", "subnet-a", "attached"))
    world.resolvers.all[THEIRS.id] = replace(THEIRS, ips=more, modified_at=world.seconds)


def published_anew(world: World) -> None:
    run(world, "sweep")
    assert "was given other addresses" in world.entry.detail
    assert world.document["generation"] == 2
    assert "10.20.0.9" in str(world.document)


def nobody_here_sees_it(world: World) -> None:
    """It is no thing of AWS's: the verification asks inside the VPC, where all is well."""
    run(world, "verification")
    assert world.entry.status == "connected"
    assert "repaired" not in world.entry.detail
    assert world.document["generation"] == 1


def the_pick_up_tool_puts_it_right(world: World) -> None:
    nobody_here_sees_it(world)
    tried = ROOT / "tests" / "onprem" / "test_edited.py"
    assert "def test_what_was_edited_is_kept_where_all_is_remembered(" in tried.read_text()


def named(because: str) -> Callable[[World], None]:
    """Return the check that the run fails for this reason, and what is published stands."""

    def _then(world: World) -> None:
        before = world.document
        with pytest.raises(Fact, match=re.escape(because)):
            world.connect(because="verification")
        assert world.document == before
        assert all(e.private_dns for e in world.endpoints.all.values() if e.type == "Interface")

    return _then


def shut(group: SecurityGroup) -> Change:
    return lambda world: world.groups.all.update({group.id: replace(group, rules=frozenset())})


def names_answer_public_addresses(world: World) -> None:
    world.probe.answer = lambda name: (PUBLIC,)


def the_table_of_answers_is_told(world: World) -> None:
    before = world.document
    with pytest.raises(NotResolvingYet, match=f"got {PUBLIC}") as raised:
        world.connect(because="verification")
    assert "ecs.us-east-2.amazonaws.com asked of 10.20." in str(raised.value)
    assert world.document == before


def _their_endpoint(world: World, **changes: object) -> None:
    there: InterfaceEndpoint = world.endpoints.all[SSM.id]
    world.endpoints.all[SSM.id] = replace(there, **changes)  # type: ignore[arg-type]


NO_TOOL = "on-premises no longer forwards, and no pick-up tool runs there"
BROKE = (
    "resolution inside the VPC broke although all of this is as it was (network ACL, DNS Firewall, "
    "a Route 53 Profile)"
)
ROWS = {
    "a teardown was cut short": Row(
        {
            "in the drain": cut_short_in_the_drain,
            "in the removal": cut_short_in_the_removal,
            "before its report": cut_short_before_its_report,
        },
        all_is_removed,
    ),
    "a tag event was lost": Row(more_is_asked_for, it_is_carried_out),
    "somebody else's interface endpoint that was adopted is gone": Row(
        lambda w: w.endpoints.all.pop(SSM.id), ours_is_made_instead, with_theirs_in_order
    ),
    "somebody else's inbound resolver that was adopted is gone": Row(
        {"none": lambda w: w.resolvers.all.clear(), "another": another_resolver_is_there},
        another_resolver_or_ours_serves,
        with_theirs_in_order,
    ),
    "the addresses of an adopted endpoint or inbound resolver changed": Row(
        {"endpoint": its_interfaces_are_others, "resolver": its_addresses_are_others},
        published_anew,
        with_theirs_in_order,
    ),
    "our files on a DNS host were edited, or its server no longer forwards": Row(
        lambda w: None, the_pick_up_tool_puts_it_right, sees=False
    ),
    NO_TOOL: Row(lambda w: None, nobody_here_sees_it, sees=False),
    "the security group of an adopted inbound resolver no longer admits on-premises": Row(
        shut(GROUP),
        named(f"aws ec2 authorize-security-group-ingress --group-id {GROUP.id}"),
        with_theirs_in_order,
        sees=False,
    ),
    "the security group of an adopted interface endpoint no longer admits on-premises": Row(
        shut(HTTPS),
        named(f"aws ec2 authorize-security-group-ingress --group-id {HTTPS.id}"),
        with_theirs_in_order,
        sees=False,
    ),
    "the records or the addresses of an adopted interface endpoint were made IPv6 alone": Row(
        {
            "records": lambda w: _their_endpoint(w, record_type="ipv6"),
            "addresses": lambda w: _their_endpoint(w, address_type="ipv6"),
        },
        named("of IPv6 alone"),
        with_theirs_in_order,
    ),
    BROKE: Row(names_answer_public_addresses, the_table_of_answers_is_told, sees=False),
}

CASES = {
    f"{key} {which}".strip(): (key, change)
    for key, row in ROWS.items()
    for which, change in row.changes.items()
}


def documented() -> dict[str, str]:
    """Return what changes -> what happens, as the manual has them."""
    section = TABLE.read_text().partition("| beside the connection's")[2].partition("\n\n")[0]
    cells = [line.strip("|").split("|") for line in section.splitlines()[2:]]
    return {change.strip(): happens.strip() for change, happens in cells}


DOCUMENTED = documented()


@pytest.mark.parametrize(("key", "change"), CASES.values(), ids=CASES)
def test_whatever_changes_beside_a_connection_is_healed_or_named_or_said_to_be_unseen(
    key: str, change: Change
) -> None:
    row = ROWS[key]
    world = row.given()
    change(world)
    unseen = ("**no**", "the pick-up tool", "named, within `VerifyHours`")
    assert row.sees is not DOCUMENTED[key].startswith(unseen)
    assert (VPC.id in swept(world, NEVER).knocked) is row.sees
    if not row.sees:
        world.clock.waited += DAY
        assert VPC.id in swept(world, DAILY).knocked
        assert world.executions.started[-1].startswith(f"{VPC.id}-0-verification")
    row.then(world)


def test_the_documented_table_has_these_rows_and_no_others() -> None:
    assert [*DOCUMENTED] == [*ROWS]
