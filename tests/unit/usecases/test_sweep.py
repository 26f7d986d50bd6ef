"""Sweep: lost events, drift and unfinished work heal without a person, and nothing is done where
nothing is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import pytest
from connectivity.domain import tags
from connectivity.domain.errors import SigningRefused, Throttled, Unavailable
from connectivity.domain.ledger import PROBE, RESOLVER_GROUP, Entry
from connectivity.domain.model import Rule, SecurityGroup, Vpc
from connectivity.domain.pacing import MAKING
from connectivity.domain.verification_clock import VerificationClock
from connectivity.domain.whole_account import WholeAccount
from connectivity.usecases.asked import read_wish_of
from connectivity.usecases.finish import Desk, finish
from connectivity.usecases.ports import Account
from connectivity.usecases.run import Run
from connectivity.usecases.sweep import MOST_AT_ONCE, MOST_THROTTLES, Sweep, Swept, sweep

from tests.unit.example import US, VPC
from tests.unit.usecases.fakes import FakeExecutions, FakeLedger, FakeSignatures
from tests.unit.usecases.world import DOCUMENT, LIST, SETTINGS, World

ENABLED = replace(VPC, tags={tags.WISH: "enabled"})
HOUR = 3600
DAY = 24 * HOUR
DAILY = VerificationClock(period=DAY)
NEVER = VerificationClock(period=0)


def swept(world: World, clock: VerificationClock = NEVER, account: Account | None = None) -> Swept:
    return sweep(
        Sweep(
            account or world.account,
            world.ledger,
            world.executions,
            world.settings,
            clock,
            world.desk,
        )
    )


def run(world: World, because: str = "tag", execution: str = "run") -> None:
    """One execution from its beginning to its end."""
    begun = Run(VPC.id, execution, because, world.seconds, 9)
    reading = read_wish_of(begun, world.aws, world.executions)
    status = reading.status
    if reading.wished:
        status = world.connect(reading.wished.options, because)
    finish(VPC.id, status, replace(world.desk, execution=execution))
    world.executions.running.clear()


def in_order(services: str = "", world: World | None = None) -> World:
    """A world whose VPC is connected, as a whole execution leaves it."""
    world = world or World()
    asked = {tags.SERVICES: services} if services else {}
    world.vpcs.all = {VPC.id: replace(ENABLED, tags={**ENABLED.tags, **asked})}
    run(world)
    world.clock.waited += 600
    world.weather.changes.clear()
    return world


@pytest.mark.parametrize("services", ["", "ecr"])
def test_of_a_connected_vpc_in_order_nothing_is_done(services: str) -> None:
    world = in_order(services)
    before = dict(world.ledger.all)
    assert swept(world) == Swept(1, {}, ())
    assert world.executions.started == []
    assert world.ledger.all == before
    assert world.account.looks == 1


def an_endpoint_is_gone(world: World) -> None:
    del world.endpoints.all[_ssm(world)]


def an_endpoint_is_being_deleted(world: World) -> None:
    _change(world, state="deleting")


def an_endpoint_has_failed(world: World) -> None:
    _change(world, state="failed")


def an_endpoint_has_lost_our_tag(world: World) -> None:
    _change(world, owner=None)


def private_dns_is_off(world: World) -> None:
    _change(world, private_dns=False)


def its_names_have_ipv6_alone(world: World) -> None:
    _change(world, address_type="dualstack", record_type="ipv6")


def its_names_have_ipv6_too(world: World) -> None:
    _change(world, address_type="dualstack", record_type="dualstack")


def its_policy_is_another_one(world: World) -> None:
    _change(world, policy='{"Statement": []}')


def the_gateway_endpoint_is_gone(world: World) -> None:
    del world.endpoints.all[_gateway(world)]


def the_gateway_endpoint_has_another_policy(world: World) -> None:
    id_ = _gateway(world)
    there = world.endpoints.all[id_]
    world.endpoints.all[id_] = replace(there, policy='{"Statement": []}')


def our_group_was_taken_off(world: World) -> None:
    _change(world, security_groups=("sg-theirs",))


def a_subnet_was_taken_off(world: World) -> None:
    _change(world, subnets=("subnet-a",))


def an_interface_is_another_one(world: World) -> None:
    _change(world, interfaces=("eni-other",))


def a_group_is_gone(world: World) -> None:
    del world.groups.all[world.entry.held[RESOLVER_GROUP]]


def a_group_has_lost_our_tag(world: World) -> None:
    id_ = world.entry.held[RESOLVER_GROUP]
    world.groups.all[id_] = replace(world.groups.all[id_], owner=None)


def a_rule_was_revoked(world: World) -> None:
    _rules(world, lambda rules: frozenset(sorted(rules, key=str)[1:]))


def a_rule_was_added(world: World) -> None:
    _rules(world, lambda rules: rules | {Rule("tcp", 22, "0.0.0.0/0")})


def the_vpc_has_another_cidr(world: World) -> None:
    world.vpcs.all[VPC.id] = replace(world.vpcs.all[VPC.id], cidrs=("10.20.0.0/16", "10.21.0.0/16"))


def the_resolver_is_gone(world: World) -> None:
    world.resolvers.all.clear()


def the_resolver_needs_action(world: World) -> None:
    _resolver(world, status="action_needed")


def the_resolver_was_changed(world: World) -> None:
    """Its addresses, for example: AWS tells when, and not what."""
    _resolver(world, modified_at=world.entry.verified_at + 1)


def the_resolver_has_other_groups(world: World) -> None:
    _resolver(world, security_groups=("sg-theirs",))


def the_resolver_answers_https_only(world: World) -> None:
    _resolver(world, protocols=("doh",))


def the_document_is_gone(world: World) -> None:
    del world.parameters.all[DOCUMENT]


def the_probe_is_shut_in(world: World) -> None:
    [probe] = [each for each in world.groups.all.values() if "-probe-" in each.name]
    world.groups.all[probe.id] = replace(probe, outbound=frozenset())


def the_list_was_made_anew_by_somebody(world: World) -> None:
    """Its versions begin with 1 again, as ours did."""
    world.parameters.remove([LIST])
    world.parameters.now = lambda: world.entry.verified_at + 60
    world.parameters.overwrite(LIST, "10.0.0.1")


def the_list_was_edited(world: World) -> None:
    world.parameters.overwrite(LIST, "10.0.0.1")


def something_strange_carries_our_tag(world: World) -> None:
    world.groups.all["sg-stray"] = SecurityGroup("sg-stray", "stray", owner=US)


def a_host_acknowledged_and_the_event_was_lost(world: World) -> None:
    world.parameters.now = lambda: world.entry.taken_at + 1
    name = world.acknowledge("dns1", 1)
    world.parameters.overwrite(name, world.parameters.all[name])


def a_probe_was_left_behind(world: World) -> None:
    world.ledger.hold(VPC.id, {PROBE: "probe"})


def a_creation_was_begun(world: World) -> None:
    world.ledger.announce(world.entry, {"endpoint/com.amazonaws.us-east-2.logs": "token"})


def the_tags_are_others(world: World) -> None:
    """And the event was lost."""
    world.vpcs.all[VPC.id] = replace(ENABLED, tags={**ENABLED.tags, tags.SERVICES: "logs"})


def the_wish_is_withdrawn(world: World) -> None:
    world.vpcs.all[VPC.id] = VPC


def the_vpc_is_gone(world: World) -> None:
    world.vpcs.all.clear()


def the_stack_signs_no_more(world: World) -> None:
    """A parameter of the stack has changed."""
    world.signing_key = ""


def its_execution_has_died(world: World) -> None:
    assert world.ledger.take(world.entry, "dead")


def its_last_execution_failed(world: World) -> None:
    world.ledger.report(VPC.id, "failed", "as it was")


DIFFERENCES: Mapping[Callable[[World], None], str] = {
    an_endpoint_is_gone: "is gone, or does not carry our tag any more",
    an_endpoint_is_being_deleted: "is gone, or does not carry our tag any more",
    an_endpoint_has_failed: "is failed",
    an_endpoint_has_lost_our_tag: "is gone, or does not carry our tag any more",
    private_dns_is_off: "private DNS of vpce-",
    its_names_have_ipv6_alone: "records of vpce-",
    its_names_have_ipv6_too: "answers with IPv6 addresses, too",
    its_policy_is_another_one: "has another endpoint policy than it was given",
    the_gateway_endpoint_is_gone: "(gateway/com.amazonaws.us-east-2.s3) is gone",
    the_gateway_endpoint_has_another_policy: "has another endpoint policy than it was given",
    our_group_was_taken_off: "does not have our security group",
    a_subnet_was_taken_off: "stands in subnet-a, not in subnet-a subnet-b",
    an_interface_is_another_one: "has other network interfaces: eni-other",
    a_group_is_gone: "(group/resolver) is gone",
    a_group_has_lost_our_tag: "(group/resolver) is gone, or does not carry our tag any more",
    a_rule_was_revoked: "(group/resolver) differ: tcp:53:",
    a_rule_was_added: "differ: tcp:22:0.0.0.0/0",
    the_probe_is_shut_in: "(group/probe) has no outbound rule for 53/udp",
    the_vpc_has_another_cidr: "differ: tcp:443:10.21.0.0/16",
    the_resolver_is_gone: "is gone",
    the_resolver_needs_action: "is action_needed",
    the_resolver_was_changed: "after it was verified",
    the_resolver_has_other_groups: "does not have our security group",
    the_resolver_answers_https_only: "does not answer DNS over port 53",
    the_document_is_gone: "/forwarding is gone",
    the_list_was_made_anew_by_somebody: "/resolver-ips was written at",
    the_list_was_edited: "/resolver-ips has version 2, not 1",
    something_strange_carries_our_tag: "sg-stray carries our tag and is not in the ledger",
    a_host_acknowledged_and_the_event_was_lost: "/dns1 was written at",
    a_probe_was_left_behind: "was left behind",
    a_creation_was_begun: "was begun, and its id is not known",
    the_tags_are_others: "not those that were acted on last",
    the_wish_is_withdrawn: "it asks for nothing, and",
    the_vpc_is_gone: "it asks for nothing, and",
    the_stack_signs_no_more: "its tags or the stack's parameters",
    its_execution_has_died: "has not ended its work",
    its_last_execution_failed: "its status is failed",
}


@pytest.mark.parametrize("differs", DIFFERENCES, ids=lambda each: each.__name__)
def test_what_differs_is_looked_at_and_the_reason_is_told(
    differs: Callable[[World], None],
) -> None:
    world = in_order("ecr")
    differs(world)
    (reason,) = swept(world).knocked[VPC.id]
    assert DIFFERENCES[differs] in reason
    assert world.executions.started == [f"{VPC.id}-0-sweep"]


def test_s3_that_answers_the_vpc_s_own_workloads_is_looked_at() -> None:
    world = in_order("ecr")
    (s3,) = (e for e in world.endpoints.all.values() if e.for_inbound_resolver_only)
    world.endpoints.all[s3.id] = replace(s3, for_inbound_resolver_only=False)
    (reason,) = swept(world).knocked[VPC.id]
    assert reason == f"private DNS of {s3.id} answers the VPC's own workloads, too"


def test_after_a_repair_the_status_says_once_more_that_all_is_well_and_then_nothing_is_done() -> (
    None
):
    """Else the same repair, the next time, would be no news."""
    world = in_order()
    private_dns_is_off(world)
    assert VPC.id in swept(world).knocked
    run(world, "sweep")
    assert "repaired: " in world.entry.detail
    assert swept(world).knocked == {VPC.id: ("its status still tells what was repaired",)}
    run(world, "sweep")
    assert "repaired: " not in world.entry.detail
    assert swept(world).knocked == {}


def test_a_difference_that_an_execution_has_judged_is_not_handed_over_again() -> None:
    """Nobody can mend a stray, and nobody is paid to look at it twice an hour."""
    world = in_order()
    something_strange_carries_our_tag(world)
    assert VPC.id in swept(world).knocked
    run(world, "sweep")
    assert swept(world).knocked == {}
    world.groups.all["sg-more"] = SecurityGroup("sg-more", "another one", owner=US)
    assert VPC.id in swept(world).knocked, "which is another difference"


def test_the_contrary_of_a_difference_is_another_difference() -> None:
    """A network that was added to the VPC and is taken away again before the next sweep."""
    world = in_order()
    before = world.vpcs.all[VPC.id]
    the_vpc_has_another_cidr(world)
    assert VPC.id in swept(world).knocked
    run(world, "sweep")
    world.vpcs.all[VPC.id] = before
    assert "differ: tcp:443:10.21.0.0/16" in " ".join(swept(world).knocked[VPC.id])


def test_a_difference_that_nobody_came_to_look_at_is_handed_over_again() -> None:
    world = in_order()
    private_dns_is_off(world)
    assert VPC.id in swept(world).knocked
    world.executions.running.clear()
    assert "that a sweep started never looked at it" in " ".join(swept(world).knocked[VPC.id])


def test_an_execution_that_is_at_work_or_has_just_begun_is_left_alone() -> None:
    world = in_order()
    private_dns_is_off(world)
    assert VPC.id in swept(world).knocked
    assert swept(world).knocked == {}, "it has begun, and nothing says so yet but its name"
    assert world.ledger.take(world.entry, f"{VPC.id}-0-sweep")
    assert swept(world).knocked == {}


def test_a_vpc_whose_turn_is_hours_away_is_left_alone_until_its_turn_comes_near() -> None:
    world = World()
    world.vpcs.all = {VPC.id: ENABLED}
    world.ledger.booked_until[MAKING.name] = world.seconds + 4 * HOUR
    late = world.read()
    assert late.status
    finish(VPC.id, late.status, world.desk)
    assert swept(world).knocked == {}
    world.clock.waited += 3 * HOUR
    assert [*swept(world).knocked] == [VPC.id]


def test_a_vpc_that_asks_for_something_else_while_its_turn_is_hours_away_is_looked_at() -> None:
    world = World()
    world.vpcs.all = {VPC.id: ENABLED}
    world.ledger.booked_until[MAKING.name] = world.seconds + 4 * HOUR
    late = world.read()
    assert late.status
    finish(VPC.id, late.status, world.desk)
    world.vpcs.all = {VPC.id: replace(ENABLED, tags={**ENABLED.tags, tags.SERVICES: "ecr"})}
    assert [*swept(world).knocked] == [VPC.id]


def test_a_sweep_s_knock_sends_no_execution_round_again() -> None:
    world = in_order()
    private_dns_is_off(world)
    knocks = world.entry.knocks
    swept(world)
    assert world.entry.knocks == knocks


def test_an_execution_that_is_not_listed_but_runs_is_left_alone() -> None:
    """AWS lists executions some time after they began."""

    class Late(FakeExecutions):
        def all_running(self) -> frozenset[str]:
            return frozenset()

    world = in_order()
    world.executions = Late(running={"at work"})
    assert world.ledger.take(world.entry, "at work")
    assert swept(world).knocked == {}


@pytest.mark.parametrize("wish", ["enabled", "nonsense", "plan"])
def test_a_vpc_of_whose_wish_nobody_has_heard_is_looked_at(wish: str) -> None:
    world = World()
    world.vpcs.all = {VPC.id: replace(VPC, tags={tags.WISH: wish})}
    assert VPC.id in swept(world).knocked


@pytest.mark.parametrize("vpc_tags", [{"Name": "not asking"}, {tags.WISH: "disabled"}])
def test_a_vpc_that_asks_for_nothing_and_of_which_nothing_is_left_is_left_alone(
    vpc_tags: Mapping[str, str],
) -> None:
    world = World()
    world.vpcs.all = {VPC.id: replace(VPC, tags=vpc_tags)}
    world.ledger.hold(VPC.id, {"probe": "x"})
    world.ledger.record_gone(VPC.id, ["probe"])
    world.ledger.report(VPC.id, "removed", "nothing of ours is left in this VPC")
    assert swept(world).knocked == {}


@pytest.mark.parametrize("said", ["connected", "failed", "planned", "waiting"])
def test_what_is_said_of_a_vpc_that_asks_for_nothing_is_looked_at_again(said: str) -> None:
    """The teardown's execution ended between the last removal and its report; or the event that
    would have taken a plan back was lost."""
    world = World()
    world.ledger.report(VPC.id, said, "as it was")
    assert VPC.id in swept(world).knocked


def planned() -> World:
    world = World()
    world.vpcs.all = {VPC.id: replace(VPC, tags={tags.WISH: "plan"})}
    assert world.ledger.take(world.entry, "me")
    world.ledger.record_asked(VPC.id, SETTINGS.fingerprint({tags.WISH: "plan"}))
    world.ledger.report(VPC.id, "planned", "what would be made")
    assert world.ledger.release(VPC.id, "me")
    return world


def test_a_plan_is_made_again_when_it_is_a_day_old_and_not_at_every_sweep() -> None:
    world = planned()
    assert swept(world, DAILY).knocked == {}
    world.clock.waited += DAY
    assert VPC.id in swept(world, DAILY).knocked
    assert world.executions.started == [f"{VPC.id}-0-sweep"], "nothing is verified"


def resting(world: World) -> None:
    at = "2027-01-15T08:09:00Z"  # a minute before the world's clock
    world.ledger.record_doubt(VPC.id, world.entry.served.wish, at, world.entry.verified_endpoints)
    world.ledger.report(VPC.id, "failed", "2 of 36 checks failed")


def test_what_failed_its_verification_rests_and_is_tried_again_when_the_rest_is_over() -> None:
    world = in_order()
    resting(world)
    assert swept(world).knocked == {}
    world.clock.waited += 7 * 3600
    assert swept(world).knocked[VPC.id] == ("its status is failed",)


def test_a_rest_ends_when_something_else_is_asked_for() -> None:
    world = in_order()
    resting(world)
    the_tags_are_others(world)
    assert VPC.id in swept(world).knocked


def test_unverified_private_dns_that_was_left_on_is_no_rest() -> None:
    """Its workloads have answers that nobody has verified."""
    world = in_order()
    world.ledger.record_doubt(VPC.id, "another wish", "2027-01-15T08:09:00Z", ())
    changed = {**world.ledger.all, VPC.id: replace(world.entry, verified_endpoints=frozenset())}
    world.ledger.all = changed
    assert "is on and was never verified" in swept(world).knocked[VPC.id][0]


def test_each_vpc_is_verified_once_a_day_whatever_sweeps_there_are() -> None:
    world = in_order()
    verified = 0
    for _ in range(3 * 48):
        world.clock.waited += 1800
        if VPC.id in swept(world, DAILY).knocked:
            verified += 1
            assert world.executions.started[-1].startswith(f"{VPC.id}-0-verification")
            run(world, "verification")
    assert verified == 3


def test_a_day_s_verifications_are_spread_over_the_day() -> None:
    fleet = Fleet(300)
    fleet.verify_all(at=0.0)
    per_sweep = []
    for n in range(48):
        fleet.now = (n + 1) * 1800.0
        begun = fleet.sweep(DAILY).knocked
        fleet.verify(begun, fleet.now)
        per_sweep.append(len(begun))
    assert sum(per_sweep) == 300
    assert max(per_sweep) <= DAILY.most_at_once(300) == 10


def test_verifications_that_are_too_many_are_left_and_those_that_wait_longest_come_first() -> None:
    """After an upgrade, for example, all are due."""
    fleet = Fleet(100)
    fleet.now = 10.0 * DAY
    done: list[str] = []
    for _ in range(10):
        begun = fleet.sweep(DAILY).knocked
        assert len(begun) == DAILY.most_at_once(100) == 10
        done += begun
        fleet.end(begun)
        fleet.now += 1800
    assert sorted(done) == sorted(fleet.vpc_ids)


class Fleet:
    """Many connected VPCs that are as they were left."""

    def __init__(self, number: int) -> None:
        self.vpc_ids = [f"vpc-{n:08x}" for n in range(number)]
        self.ledger, self.executions = CountingLedger(), FlakyExecutions()
        self.vpcs = {id_: Vpc(id_, ("10.20.0.0/16",), ENABLED.tags) for id_ in self.vpc_ids}
        self.now = 1800.0
        asked = SETTINGS.fingerprint(ENABLED.tags)
        for id_ in self.vpc_ids:
            served = replace(Entry(id_).served, wish="wish")
            self.ledger.all[id_] = Entry(id_, status="connected", asked=asked, served=served)

    def look(self, adopted: Iterable[str]) -> WholeAccount:
        return WholeAccount(vpcs=self.vpcs)

    def sweep(self, clock: VerificationClock = NEVER) -> Swept:
        return sweep(Sweep(self, self.ledger, self.executions, SETTINGS, clock, self._desk))

    @property
    def _desk(self) -> Desk:
        world = World()
        return Desk(world.vpcs, self.ledger, world.notifications, self.now)

    def verify_all(self, at: float) -> None:
        self.verify(self.vpc_ids, at)

    def verify(self, vpc_ids: Iterable[str], at: float) -> None:
        for id_ in vpc_ids:
            self.ledger.all[id_] = replace(self.ledger.all[id_], verified_at=at)
        self.end(vpc_ids)

    def fail_all(self) -> None:
        for id_ in self.vpc_ids:
            self.ledger.all[id_] = replace(self.ledger.all[id_], status="failed")

    def end(self, vpc_ids: Iterable[str]) -> None:
        """The executions of these VPCs have looked and ended."""
        self.executions.running.clear()
        for id_ in vpc_ids:
            self.ledger.all[id_] = replace(self.ledger.all[id_], unread=False)


class CountingLedger(FakeLedger):
    writes: int = 0

    def hand_over(self, entry: Entry, differences: str, at: float) -> bool:
        self.writes += 1
        return super().hand_over(entry, differences, at)


class FlakyExecutions(FakeExecutions):
    """AWS refuses executions of some VPCs, or all from some moment on."""

    broken: frozenset[str] = frozenset()
    throttled_after: int | None = None
    dies_after: int | None = None

    def start(self, vpc_id: str, knocks: int, because: str) -> str:
        if len(self.started) == self.dies_after:
            raise SystemExit("the function's time is over")
        if self.throttled_after is not None and len(self.started) >= self.throttled_after:
            raise Throttled("Rate exceeded")
        if vpc_id in self.broken:
            raise Unavailable("somebody broke it")
        return super().start(vpc_id, knocks, because)


def test_a_thousand_vpcs_in_order_are_neither_written_nor_knocked_on() -> None:
    fleet = Fleet(1000)
    assert fleet.sweep() == Swept(1000, {}, ())
    assert (fleet.ledger.writes, fleet.executions.started) == (0, [])


def test_one_sweep_begins_so_many_and_the_next_ones_the_rest() -> None:
    fleet = Fleet(3 * MOST_AT_ONCE)
    fleet.fail_all()
    begun: list[str] = []
    for n in range(3):
        fleet.now = (n + 1) * 1800.0
        knocked = fleet.sweep().knocked
        assert len(knocked) == MOST_AT_ONCE
        begun += knocked
        fleet.end(knocked)
    assert sorted(begun) == fleet.vpc_ids, "although all of them are failed all the time"


def test_a_sweep_that_dies_in_the_middle_leaves_the_rest_to_the_next_which_begins_with_it() -> None:
    fleet = Fleet(50)
    fleet.fail_all()
    fleet.executions.dies_after = 20
    with pytest.raises(SystemExit):
        fleet.sweep()
    first = {id_ for id_ in fleet.vpc_ids if fleet.ledger.all[id_].swept_at == 0.0}
    fleet.now, fleet.executions.dies_after = 3600.0, None
    fleet.executions.started.clear()
    fleet.end(fleet.vpc_ids)
    knocked = [*fleet.sweep().knocked]
    assert len(knocked) == 50
    assert set(knocked[: len(first)]) == first


def test_one_vpc_that_cannot_be_knocked_on_keeps_no_other_from_it() -> None:
    fleet = Fleet(10)
    fleet.fail_all()
    fleet.executions.broken = frozenset({fleet.vpc_ids[3]})
    with pytest.raises(Unavailable, match=r"9 executions were started; 1 could not be: .*00000003"):
        fleet.sweep()
    assert len(fleet.executions.started) == 9
    fleet.executions.broken = frozenset()
    fleet.executions.running.clear()
    assert fleet.vpc_ids[3] in fleet.sweep().knocked, "the next one does"


def test_a_sweep_that_aws_throttles_leaves_the_rest_and_says_so() -> None:
    fleet = Fleet(100)
    fleet.fail_all()
    fleet.executions.throttled_after = 40
    with pytest.raises(Throttled, match="40 executions were started; 3 could not be"):
        fleet.sweep()
    assert fleet.ledger.writes == 40 + MOST_THROTTLES
    assert {entry.status for entry in fleet.ledger.entries()} == {"failed"}, "and no VPC's failure"


def test_adopted_things_are_looked_at_by_their_ids() -> None:
    asked: list[frozenset[str]] = []

    class Account:
        def look(self, adopted: Iterable[str]) -> WholeAccount:
            asked.append(frozenset(adopted))
            return WholeAccount(vpcs={VPC.id: ENABLED})

    world = in_order()
    theirs = {"endpoint/com.amazonaws.us-east-2.ssm": "vpce-theirs", "resolver": "rslvr-in-theirs"}
    served = replace(world.entry.served, adopted=theirs)
    world.ledger.all[VPC.id] = Entry(
        VPC.id, status="connected", asked=world.entry.asked, served=served
    )
    assert set(swept(world, account=Account()).knocked[VPC.id]) == {
        "rslvr-in-theirs is gone",
        "vpce-theirs, which is not ours, is gone",
    }
    assert asked == [{"vpce-theirs"}]


def _ssm(world: World) -> str:
    return next(e.id for e in world.endpoints.all.values() if e.service_name.endswith(".ssm"))


def _gateway(world: World) -> str:
    return next(e.id for e in world.endpoints.all.values() if e.type == "Gateway")


def _change(world: World, **changes: object) -> None:
    id_ = _ssm(world)
    world.endpoints.all[id_] = replace(world.endpoints.all[id_], **changes)  # type: ignore[arg-type]


def _resolver(world: World, **changes: object) -> None:
    (resolver,) = world.resolvers.all.values()
    world.resolvers.all[resolver.id] = replace(resolver, **changes)  # type: ignore[arg-type]


def _rules(world: World, change: Callable[[frozenset[Rule]], frozenset[Rule]]) -> None:
    wanted = RESOLVER_GROUP if change(frozenset()) == frozenset() else "group/endpoints"
    group = world.groups.all[world.entry.held[wanted]]
    world.groups.all[group.id] = replace(group, rules=change(group.rules))


def test_every_sweep_that_ends_well_measures_the_account_also_where_nothing_differs() -> None:
    counted = {m.name: m.value for m in swept(in_order()).measures}
    assert counted["ConnectedVpcs"] == 1
    assert counted["UnhealthyResolvers"] == 0
    assert swept(World()).measures, "an idle stack is alive, too"


@pytest.mark.parametrize(
    ("key", "measured"),
    [
        (FakeSignatures(), [0]),
        (FakeSignatures(usable=False), [1]),
        (FakeSignatures(refusal=SigningRefused("the key was deleted")), [1]),
        (FakeSignatures(refusal=Throttled("DescribeKey")), []),
    ],
    ids=["enabled", "pending deletion", "gone", "not told now"],
)
def test_a_key_that_is_on_its_way_to_be_deleted_is_measured_long_before_it_is_needed(
    key: FakeSignatures, measured: list[int]
) -> None:
    world = in_order()
    tools = Sweep(
        world.account, world.ledger, world.executions, world.settings, NEVER, world.desk, key
    )
    found = sweep(tools).measures
    assert [m.value for m in found if m.name == "UnusableSigningKeys"] == measured
