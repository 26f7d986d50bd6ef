"""Who still goes over the internet: told of what AWS's records say, and of nothing else.

The samples in `data` have the fields that AWS's published samples have. Sources: AWS CloudTrail
user guide, "Logging network activity events" (a call through an endpoint, and one that its policy
denied) and "CloudTrail record contents" (`tlsDetails`); Route 53 developer guide, "Values that
appear in VPC Resolver query logs" and "Route 53 VPC Resolver query log example".
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere.leak_records import UnreadableRecords, in_files
from ecs_anywhere.leaks import Leak, leaks, public_ways

DATA = Path(__file__).parent / "data"
HOST = "mi-0123456789abcdef0"


def found_in(*names: str) -> list[Leak]:
    return leaks(public_ways(in_files([DATA / name for name in names])))


def test_a_host_is_named_with_every_name_since_when_and_how_often() -> None:
    [host] = [each for each in found_in("trail.json") if each.who == HOST]
    assert (host.service, host.times) == ("ecs", 3)
    assert host.names == ("ecs-a-1.eu-central-1.amazonaws.com", "ecs.eu-central-1.amazonaws.com")
    assert host.addresses == ("8.8.4.4",)
    assert (host.since, host.last) == ("2026-11-28T09:00:00Z", "2026-11-28T11:30:00Z")
    assert "restart the agent" in host.cure


def test_a_task_is_named_by_its_id_and_told_which_service_to_add() -> None:
    [task] = [each for each in found_in("trail.json") if each.who.startswith("task")]
    assert task.who == "task 0123456789abcdef0123456789abcdef"
    assert "ecs-anywhere:services" in task.cure


def test_calls_through_an_endpoint_of_people_and_of_aws_itself_are_no_leaks() -> None:
    assert {(each.who[:4], each.service) for each in found_in("trail.json")} == {
        ("mi-0", "ecs"),
        ("task", "ecr"),
    }


NETWORK_ACTIVITY = {
    *("eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion"),
    *("sourceIPAddress", "requestID", "eventID", "eventType", "recipientAccountId"),
    *("sharedEventID", "vpcEndpointId", "vpcEndpointAccountId", "eventCategory"),
}
QUERY = {
    *("version", "account_id", "region", "vpc_id", "query_timestamp", "query_name", "query_type"),
    *("query_class", "rcode", "answers", "srcaddr", "srcport", "transport", "srcids"),
}


def test_the_samples_have_the_fields_of_those_that_aws_publishes() -> None:
    """AWS CloudTrail user guide, "Logging network activity events": an event through an endpoint
    has all of these, one that the endpoint's policy denied `errorCode` and `errorMessage` besides.
    Route 53 developer guide, "Route 53 VPC Resolver query log example": these, and three of a
    firewall where it acted; `srcids` names an instance, or an endpoint with its interface."""
    calls = list(in_files([DATA / "trail.json"]))
    through = [each for each in calls if each["eventCategory"] == "NetworkActivity"]
    assert [set(each) - NETWORK_ACTIVITY for each in through] == [
        set(),
        {"errorCode", "errorMessage"},
    ]
    assert all(set(each) >= NETWORK_ACTIVITY for each in through)
    queries = list(in_files([DATA / "queries.log"]))
    firewall = {"firewall_rule_group_id", "firewall_rule_action", "firewall_domain_list_id"}
    assert [set(each) - QUERY for each in queries] == [set(), set(), set(), firewall]
    assert all(set(each) >= QUERY for each in queries)
    ids = [set(each["srcids"]) for each in queries]
    endpoint = {"resolver_endpoint", "resolver_network_interface"}
    assert ids == [endpoint, endpoint, {"instance"}, {"instance"}]


def test_a_call_that_an_endpoint_s_policy_denied_came_privately_and_is_no_leak() -> None:
    denied = next(each for each in in_files([DATA / "trail.json"]) if "errorCode" in each)
    assert list(public_ways([denied])) == []


def test_what_the_aws_cli_has_printed_is_read_as_what_a_trail_delivers(tmp_path: Path) -> None:
    """`aws cloudtrail lookup-events` and `aws logs filter-log-events` print records as texts."""
    calls = [json.dumps(each) for each in in_files([DATA / "trail.json"])]
    queries = (DATA / "queries.log").read_text().splitlines()
    looked_up, filtered = tmp_path / "calls.json", tmp_path / "queries.json"
    looked_up.write_text(json.dumps({"Events": [{"CloudTrailEvent": each} for each in calls]}))
    filtered.write_text(json.dumps({"events": [{"message": each} for each in queries]}))
    found = leaks(public_ways(in_files([looked_up, filtered])))
    assert found == found_in("trail.json", "queries.log")
    assert len(found) == 3


def test_a_name_that_was_answered_publicly_is_named_with_who_asked() -> None:
    [asked] = found_in("queries.log")
    assert (asked.who, asked.service, asked.addresses) == ("10.1.0.5", "logs", ("8.8.8.8",))
    assert asked.names == ("logs.eu-central-1.amazonaws.com",)


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("ecs-t-3.eu-central-1.amazonaws.com.", "ecs"),
        ("ECS-A.eu-central-1.amazonaws.com", "ecs"),
        ("api.ecr.eu-central-1.amazonaws.com", "ecr"),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "ecr"),
        ("ssmmessages.cn-north-1.amazonaws.com.cn", "ssmmessages"),
        ("sts.eu-central-1.amazonaws.com", None),
        ("ecs.example.com", None),
        ("amazonaws.com", None),
        ("", None),
    ],
)
def test_only_names_of_the_services_are_looked_at(name: str, service: str | None) -> None:
    query = {"query_name": name, "srcaddr": "10.1.0.5", "query_timestamp": "t"}
    query |= {"answers": [{"Type": "A", "Rdata": "8.8.8.8"}]}  # type: ignore[dict-item]
    assert [each.service for each in public_ways([query])] == ([service] if service else [])


@pytest.mark.parametrize(
    "said",
    [
        None,
        7,
        [],
        {},
        {"eventSource": "ecs.amazonaws.com", "userIdentity": None, "sourceIPAddress": 7},
        {"query_name": None, "answers": None},
        {"query_name": "ecs.eu-central-1.amazonaws.com", "answers": [None, {"Type": "A"}]},
    ],
)
def test_what_is_no_record_is_passed_over(said: Any) -> None:
    assert list(public_ways([said])) == []


def test_what_a_stranger_has_put_into_a_record_moves_no_terminal() -> None:
    query = {
        "query_name": "ecs.\x1b[2J.amazonaws.com",
        "srcaddr": "\x1b]0;pwned\x07",
        "answers": [{"Type": "A", "Rdata": "8.8.8.8"}],
        "query_timestamp": "now",
    }
    for each in public_ways([query]):
        assert f"{each.who}{each.name}".isprintable()


def test_a_file_is_read_as_aws_delivers_it_and_one_of_another_kind_is_named(
    tmp_path: Path,
) -> None:
    packed = tmp_path / "trail.json.gz"
    packed.write_bytes(gzip.compress((DATA / "trail.json").read_bytes()))
    assert len(list(in_files([packed]))) == 9
    for name, content in (("a.gz", b"no gzip"), ("b.json", b"{no json"), ("c.log", b"\xff\xfe")):
        bad = tmp_path / name
        bad.write_bytes(content)
        with pytest.raises(UnreadableRecords, match=name):
            list(in_files([bad]))
    with pytest.raises(UnreadableRecords, match=r"gone\.json"):
        list(in_files([tmp_path / "gone.json"]))
