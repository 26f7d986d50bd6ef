"""Endpoint policies: set with the endpoint, changed with the choice, kept where written by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from connectivity.domain import tags
from connectivity.domain.differences import View, differences
from connectivity.domain.endpoint_policy import fingerprint, is_default
from connectivity.domain.errors import (
    JustBegun,
    PreconditionsNotMet,
    Unavailable,
    UnreadableOption,
)
from connectivity.domain.model import InterfaceEndpoint
from connectivity.domain.networks import Bounds
from connectivity.domain.ownership import purpose_of
from connectivity.domain.policies import policies_to_give
from connectivity.domain.policy_presets import document
from connectivity.domain.steps import SetPolicy
from connectivity.domain.whole_account import WholeAccount
from connectivity.domain.wish import Options, read_options
from connectivity.usecases.settings import Settings

from tests.unit.example import ACCOUNT, OFFERED, ONPREM, OPTIONS, US, VPC, full
from tests.unit.usecases.world import LATER, SETTINGS, World, connected

ORGANIZATION = "o-a1b2c3d4e5"
OPEN = Options(("ecr",), (ONPREM,))
OWN = replace(OPEN, endpoint_policy="account")
SHARED = replace(OPEN, endpoint_policy=ORGANIZATION)
BY_HAND = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ssm:*", "Resource": "*"}]}
)


def policies(world: World) -> dict[str, str]:
    """Purpose -> policy, of the VPC endpoints that are there."""
    return {purpose_of(e): e.policy for e in world.endpoints.all.values() if e.exists}


def asked(world: World, let_in: str) -> dict[str, str]:
    return {p: document(let_in, p.partition("/")[2]) for p in policies(world)}


def write(world: World, service: str, policy: str) -> InterfaceEndpoint:
    """What a person with ec2:ModifyVpcEndpoint does."""
    [there] = [
        e
        for e in world.endpoints.all.values()
        if (e.service_name, e.type, e.exists) == (full(service), "Interface", True)
    ]
    world.endpoints.all[there.id] = replace(there, policy=policy)
    return there


def differing(world: World) -> list[str]:
    """The lines about policies of what a sweep sees."""
    account = WholeAccount(endpoints={VPC.id: tuple(world.endpoints.all.values())})
    lines = differences(View(world.entry, account, US, SETTINGS.parameter_path))
    return [line for line in lines if "endpoint policy" in line]


def test_each_endpoint_is_made_with_its_policy_and_no_further_call() -> None:
    world = World()
    world.connect(OWN)
    assert policies(world) == asked(world, ACCOUNT)
    assert "set policy" not in world.weather.changes
    assert world.check(OWN).converged
    assert differing(world) == []


def test_without_a_choice_nothing_of_it_is_seen_anywhere() -> None:
    world = connected(OPEN)
    check = world.check(OPEN)
    assert set(policies(world).values()) == {""}
    assert (check.policies, check.converged, world.entry.policies) == ((), True, {})
    assert differing(world) == []


def test_a_service_that_takes_no_policy_gets_none_and_the_plan_says_so() -> None:
    world = World()
    silent = replace(OFFERED[full("ecs-agent")], takes_policy=False)
    world.endpoints.offers = {**OFFERED, full("ecs-agent"): silent}
    limited, others = world.check(OWN, only_plan=True).policies
    assert "ecs-agent: everybody, because AWS takes no endpoint policy for it" in others
    assert limited.startswith("ecs-telemetry, ecs, ssm, ")
    assert f"account {ACCOUNT} alone, because the stack's parameter EndpointPolicy" in limited
    world.connect(OWN)
    assert policies(world)[f"endpoint/{full('ecs-agent')}"] == ""
    assert world.check(OWN).converged


def test_the_steps_of_a_plan_say_for_whom() -> None:
    steps = World().check(OWN, only_plan=True).steps
    made = [step for step in steps if step.startswith(("make interface", "make gateway"))]
    assert len(made) == 10
    assert all(f", for account {ACCOUNT} alone: " in step for step in made)


@pytest.mark.parametrize(("before", "after"), [(OPEN, OWN), (OWN, SHARED), (SHARED, OPEN)])
def test_another_choice_changes_what_is_there_once(before: Options, after: Options) -> None:
    world = connected(before)
    let_in = {OPEN: "", OWN: ACCOUNT, SHARED: ORGANIZATION}[after]
    assert not world.check(after).converged
    world.connect(after)
    assert policies(world) == asked(world, let_in)
    assert world.weather.changes.count("set policy") == len(policies(world))
    assert world.check(after).converged
    assert differing(world) == []
    assert world.check(after).repairs == ()


def test_it_waits_for_a_turn_as_other_changes_do() -> None:
    """A parameter of the stack is every VPC's at once, and AWS changes 0.3 endpoints a second."""
    world = connected(OPEN)
    world.ledger.booked_until["ModifyVpcEndpoint"] = world.seconds + 3000
    turn = world.check(OWN).turn
    assert turn is not None
    assert turn.calls == len(policies(world))
    assert turn.seconds_to_begin(world.seconds) > 2000


def test_an_endpoint_made_anew_has_the_policy_again() -> None:
    world = connected(OWN)
    there = write(world, "ssm", document(ACCOUNT, full("ssm")))
    del world.endpoints.all[there.id]
    world.connect(OWN)
    assert policies(world) == asked(world, ACCOUNT)
    assert there.id not in world.endpoints.all
    assert differing(world) == []


@pytest.mark.parametrize("choice", [OPEN, OWN])
def test_a_policy_set_by_hand_is_kept_and_named_with_the_cure(choice: Options) -> None:
    world = connected(choice)
    theirs = write(world, "ssm", BY_HAND)
    check = world.check(choice)
    assert not [step for step in check.steps if "allow" in step]
    [warning] = [line for line in check.warnings if "endpoint policy" in line]
    assert f"{theirs.id} (ssm) has an endpoint policy of its own" in warning
    assert f"--vpc-endpoint-id {theirs.id} --reset-policy" in warning
    given = f"{theirs.id} has another endpoint policy than it was given"
    assert differing(world) == [f"{given} ({fingerprint(BY_HAND)})"]
    for other in (OPEN, OWN, SHARED):
        world.clock.waited += LATER
        world.connect(other)
        assert world.endpoints.all[theirs.id].policy == BY_HAND


def test_once_it_is_reset_ours_is_set_again_and_told_as_a_repair() -> None:
    world = connected(OWN)
    theirs = write(world, "ssm", "")
    repaired = (
        f"the endpoint policy of {theirs.id} was taken away: set again. To let everybody in all "
        'the same, set this one, which is kept: {"Statement":[{"Effect":"Allow",'
        '"Principal":"*","Action":"ssm:*","Resource":"*"}]}'
    )
    assert repaired in world.check(OWN).repairs
    world.connect(OWN)
    assert world.weather.changes.count("set policy") == 1
    assert policies(world) == asked(world, ACCOUNT)


@pytest.mark.parametrize("fate", ["lost", "refused"])
def test_a_change_whose_answer_was_lost_is_known_for_ours(fate: str) -> None:
    """Whichever of the two AWS did, and whatever is asked for next."""
    world = connected(OWN)
    vars(world.weather)[fate].add("set policy")
    with pytest.raises(Exception):  # noqa: B017
        world.ensure_endpoints(world.check(SHARED).desired)
    vars(world.weather)[fate].clear()
    world.connect(OPEN)
    assert set(policies(world).values()) == {""}
    assert not [line for line in world.check(OPEN).warnings if "endpoint policy" in line]


def test_what_opens_an_endpoint_in_a_hurry_is_kept_and_aws_s_own_is_not() -> None:
    """A text that allows everybody everything is AWS's own: the console's "Full access" writes it,
    and nothing that AWS shows tells whose it is."""
    world = connected(OWN)
    there = write(
        world,
        "ecr.api",
        '{"Statement":{"Effect":"Allow","Principal":{"AWS":["*"]},'
        '"Action":["*"],"Resource":"*","Sid":"me"},"Version":"2012-10-17"}',
    )
    [repaired] = [line for line in world.check(OWN).repairs if there.id in line]
    way_out = repaired.partition("which is kept: ")[2]
    write(world, "ecr.api", way_out)
    assert json.loads(way_out)["Statement"][0]["Action"] == "ecr:*"
    world.clock.waited += LATER
    world.connect(OWN)
    assert world.endpoints.all[there.id].policy == way_out


@pytest.mark.parametrize("fate", ["refused", "lost"])
def test_nobody_is_said_to_have_taken_away_what_aws_never_had(fate: str) -> None:
    """Neither where AWS refused it, nor where the function died before it asked."""
    world = connected(OPEN)
    world.connect(OWN)
    # What was in the ledger between the record and the call.
    there = write(world, "ssm", "")
    purpose = purpose_of(there)
    steps = [SetPolicy(there.id, there.service_name, purpose, ORGANIZATION, "")]
    world.ledger.record_policies(VPC.id, policies_to_give(steps, replace(world.entry, policies={})))
    assert not [line for line in world.check(OWN).repairs if "taken away" in line]
    vars(world.weather)[fate].add("set policy")
    world.connect(OWN)
    assert policies(world) == asked(world, ACCOUNT)
    write(world, "ssm", "")
    [repaired] = [line for line in world.check(OWN).repairs if there.id in line]
    assert "was taken away" in repaired


def test_a_person_who_narrows_by_a_former_text_of_ours_is_not_overruled() -> None:
    world = connected(OWN)
    world.connect(SHARED)
    assert policies(world) == asked(world, ORGANIZATION)
    theirs = write(world, "ssm", document(ACCOUNT, full("ssm")))
    check = world.check(SHARED)
    assert not [step for step in check.steps if theirs.id in step]
    assert [
        line for line in check.warnings if f"{theirs.id} (ssm) has an endpoint policy of" in line
    ]


def test_a_policy_as_it_shall_be_is_ours_whoever_set_it() -> None:
    """As before an upgrade, and after a ledger that was lost: another choice changes it."""
    world = connected(OPEN)
    there = write(world, "ssm", document(ACCOUNT, full("ssm")))
    assert world.check(OWN, only_plan=True).steps
    assert world.entry.policies == {}, "a plan writes nothing"
    world.connect(OWN)
    world.ledger.policies.clear()
    world.ledger.all[VPC.id] = replace(world.entry, policies={})
    world.connect(OWN)
    world.connect(SHARED)
    assert policies(world) == asked(world, ORGANIZATION)
    assert world.endpoints.all[there.id].policy == document(ORGANIZATION, full("ssm"))


def test_a_second_change_by_hand_is_another_difference() -> None:
    world = connected(OWN)
    write(world, "ssm", BY_HAND)
    first = differing(world)
    write(world, "ssm", BY_HAND.replace("ssm:*", "ssm:Get*"))
    assert differing(world) != first
    assert len(differing(world)) == 1


def test_a_plan_says_which_policy_somebody_set_by_hand() -> None:
    world = connected(OWN)
    theirs = write(world, "ssm", BY_HAND)
    limited, by_hand, *_ = world.check(OWN, only_plan=True).policies
    assert "ssm," not in limited.partition(":")[0].replace("ssmmessages,", "").split()
    assert by_hand == f"ssm ({theirs.id}): as somebody set it by hand, which is kept"
    assert limited.endswith("too, but for s3, whose names change for on-premises only")
    write(world, "ssm", BY_HAND.replace("Allow", "Deny"))
    [warning] = [w for w in world.check(OWN).warnings if "allows nothing" in w]
    assert "It was set by hand, and is kept until you reset it: aws ec2 modify-vpc-" in warning


def test_a_creation_whose_answer_was_lost_is_repeated_with_the_policy_it_began_with() -> None:
    """AWS answers a token only with the same request; what is asked for by now is set after it."""
    world = World()
    desired = world.check(OWN).desired
    world.weather.lost = {"make Interface endpoint"}
    with pytest.raises(Unavailable):
        world.ensure_endpoints(desired)
    world.weather.lost = set()
    made = [*world.endpoints.all]
    world.connect(SHARED)
    assert [*world.endpoints.all][: len(made)] == made
    assert policies(world) == asked(world, ORGANIZATION)
    assert differing(world) == []


def test_an_endpoint_that_is_not_ours_keeps_its_policy() -> None:
    world = connected(OPEN)
    theirs = InterfaceEndpoint(
        "vpce-theirs",
        full("logs"),
        "available",
        private_dns=True,
        subnets=("subnet-a", "subnet-b"),
        security_groups=tuple(world.groups.all),
        interfaces=("eni-theirs",),
        policy=BY_HAND,
    )
    world.endpoints.all[theirs.id] = theirs
    world.endpoints.interfaces["eni-theirs"] = "10.20.0.99"
    with_logs = replace(OWN, services=("ecr", "logs"))
    check = world.check(with_logs)
    assert "logs (vpce-theirs): as its owner has it, because it is not ours" in check.policies[-1]
    world.connect(with_logs)
    assert world.endpoints.all[theirs.id].policy == BY_HAND


def read(vpc_tags: Mapping[str, str], admitted: str) -> Options:
    stack = replace(OPTIONS, endpoint_policy=admitted)
    return read_options(vpc_tags, stack, Bounds(endpoint_policy=admitted))


def test_a_tag_chooses_within_what_the_stack_admits() -> None:
    assert read({}, ORGANIZATION).endpoint_policy == ORGANIZATION
    for text in (" account ", "Account", "ACCOUNT"):
        assert read({tags.ENDPOINT_POLICY: text}, ORGANIZATION).endpoint_policy == "account"
    for wrong in ("full-access", "Full-Access", "acount", ""):
        with pytest.raises(UnreadableOption, match=r"^tag ecs-anywhere:endpoint-policy: "):
            read({tags.ENDPOINT_POLICY: wrong}, "account")


def test_another_organization_than_the_account_s_own_is_refused_with_the_right_id() -> None:
    """Its endpoint policies would deny every call of every host, and all would say `connected`."""
    world = connected(OPEN)
    world.organizations.id = "o-zzzzzzzzzz"
    with pytest.raises(PreconditionsNotMet) as refused:
        world.check(SHARED)
    assert f"EndpointPolicy names the organization {ORGANIZATION}" in str(refused.value)
    assert f"account {ACCOUNT} is in o-zzzzzzzzzz" in str(refused.value)
    assert "Name o-zzzzzzzzzz, or account" in str(refused.value)
    with pytest.raises(PreconditionsNotMet):
        world.check(SHARED, only_plan=True)
    assert world.weather.changes == []
    assert set(policies(world).values()) == {""}


def test_an_organization_is_refused_where_the_account_is_in_none() -> None:
    world = World()
    world.organizations.id = ""
    with pytest.raises(PreconditionsNotMet, match=f"{ACCOUNT} is in no organization.* Name acc"):
        world.check(SHARED)


def test_an_organization_that_may_not_be_asked_for_is_warned_of_in_plan_and_status() -> None:
    world = World()
    world.organizations.id = None
    for only_plan in (True, False):
        [warning] = [
            w for w in world.check(SHARED, only_plan=only_plan).warnings if ORGANIZATION in w
        ]
        assert "organizations:DescribeOrganization is denied" in warning
        assert "aws organizations describe-organization" in warning
    world.connect(SHARED)
    world.clock.waited += LATER
    assert f"whether account {ACCOUNT} is in {ORGANIZATION}" in world.check(SHARED).status.detail
    assert policies(world) == asked(world, ORGANIZATION)


def test_nobody_asks_for_the_organization_unless_one_is_chosen() -> None:
    world = World()
    for choice in (OPEN, OWN):
        world.connect(choice)
        world.check(choice, only_plan=True)
    assert world.organizations.asked == 0
    world.check(SHARED)
    assert world.organizations.asked == 1


def test_functions_of_the_release_before_know_no_choice() -> None:
    names = (
        "OWNER ACCOUNT AWS_REGION DEFAULT_SERVICES DEFAULT_ONPREM_CIDRS RESOLVER_IP_COUNT "
        "INTERFACE_ENDPOINT_QUOTA RESOLVER_ENDPOINT_QUOTA ALLOWED_SERVICE_OWNERS SIGNING_KEY "
        "RULES_PER_SECURITY_GROUP PARAMETER_PATH DRAIN_SECONDS EXPIRY_SECONDS ALLOWED_VPCS "
        "IDLE_DAYS VERIFY_HOURS REMOVAL_SHARE ONPREM_CIDRS_MAY_WIDEN ALLOW_PUBLIC_ONPREM_CIDRS"
    )
    environment = dict.fromkeys(re.findall(r"\w+", names), "1")
    assert Settings.from_environment(environment).defaults.endpoint_policy == "full-access"
    chosen = Settings.from_environment({**environment, "ENDPOINT_POLICY": ORGANIZATION})
    assert chosen.defaults.endpoint_policy == chosen.bounds.endpoint_policy == ORGANIZATION
    assert chosen.fingerprint({}) != Settings.from_environment(environment).fingerprint({})


def test_the_policy_is_part_of_what_an_execution_hands_on() -> None:
    world = World()
    desired = world.check(OWN).desired
    assert {e.policy for e in type(desired).from_json(desired.as_json()).endpoints} == {ACCOUNT}
    handed = desired.as_json()
    for endpoint in handed["endpoints"]:
        del endpoint["policy"]
    assert {e.policy for e in type(desired).from_json(handed).endpoints} == {""}
    with pytest.raises(JustBegun):
        world.ensure_endpoints(type(desired).from_json(handed))
    assert all(map(is_default, policies(world).values()))
