"""What holds whoever signed: account, Region, VPC, networks, names and zones that were pinned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore.session import Session
from connectivity.domain.publication import zones_covering
from connectivity.domain.verification import example as example_of
from ecs_anywhere_dns.document import read_document
from ecs_anywhere_dns.outcome import Refused
from ecs_anywhere_dns.pinned.aws_names import suffixes_of
from ecs_anywhere_dns.pinned.belief import check_believed, check_pins
from ecs_anywhere_dns.settings import Settings
from hypothesis import given
from hypothesis import strategies as st

from tests.onprem.example import content, fit, published, settings
from tests.onprem.lab.document import ACCOUNT, REGION
from tests.onprem.lab.document import document as restated

PARENT = f"{REGION}.amazonaws.com"
ECS = f"ecs.{PARENT}"
ADDRESS = ["10.0.0.41"]


def check(**changes: Any) -> None:
    """`changes` of the document; those of the configuration in `pins`."""
    pins = changes.pop("pins", {})
    check_believed(read_document(published(**changes)), settings(**pins))


def refused(**changes: Any) -> str:
    with pytest.raises(Refused) as caught:
        check(**changes)
    assert caught.value.cure
    return caught.value.message


def naming(zones: list[str], *names: str) -> dict[str, Any]:
    return {"zones": zones, "names": dict.fromkeys(names or (ECS,), ADDRESS)}


def test_the_laboratorys_publication_is_believed() -> None:
    check()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"account": "666666666666"}, "account 666666666666, and this host follows 111122223333"),
        ({"region": "eu-west-1"}, "Region eu-west-1"),
        ({"vpcId": "vpc-0000000000000000a"}, "VPC vpc-0000000000000000a"),
    ],
)
def test_another_place_is_refused(changes: dict[str, Any], said: str) -> None:
    assert said in refused(**changes)


@pytest.mark.parametrize(
    "zone",
    [
        "bank.example", "login.microsoftonline.com", "google.com", "co.uk", "amazonaws.com",
        "168.192.in-addr.arpa", "10.in-addr.arpa", "api.aws", "on.aws", "example.amazonaws.com",
        PARENT, f"us-west-1.{'amazonaws.com'}", f"s3.{PARENT}", "ecs.us-west-2.amazonaws.com",
        f"{PARENT}.evil.example", f"ecs.{REGION}.amazonaws.com.cn", f"xecs.{PARENT}",
        f"ecs.{REGION}.amazonaws.com.evil.example", "aws", "amazonaws.com.evil.example",
    ],
)  # fmt: skip
def test_a_zone_that_covers_nothing_published_or_too_much_is_refused(zone: str) -> None:
    if zone.count("."):
        assert zone in refused(**naming([ECS, zone]))


@pytest.mark.parametrize(
    "name",
    [
        "www.bank.example", "bank.example", "google.com", "www.co.uk", "1.168.192.in-addr.arpa",
        "amazonaws.com", "api.aws", PARENT, "s3.us-west-2.amazonaws.com",
        "us-west-2.amazonaws.com", "ecs.us-east-2.amazonaws.com.cn", "ecs.us-east-2.amazonaws.eu",
        "xamazonaws.com", "ecs.us-east-2.xamazonaws.com", "sink.partner.example",
    ],
)  # fmt: skip
def test_a_name_that_is_not_of_aws_in_this_region_is_refused(name: str) -> None:
    """Also where a zone of just this name is published with it."""
    assert name in refused(**naming([ECS, name], ECS, name))


@pytest.mark.parametrize(
    ("zones", "names"),
    [
        ([ECS], [ECS]),
        ([f"ecr.{PARENT}"], [f"api.ecr.{PARENT}", f"1.dkr.ecr.{PARENT}"]),
        ([f"dkr.ecr.{PARENT}"], [f"111122223333.dkr.ecr.{PARENT}"]),
        ([f"s3.{PARENT}"], [f"prod-{REGION}-starport-layer-bucket.s3.{PARENT}"]),
        (["iam.amazonaws.com"], ["iam.amazonaws.com"]),
        (["us-east-2.queue.amazonaws.com"], ["us-east-2.queue.amazonaws.com"]),
        ([f"lambda-url.{REGION}.on.aws"], [f"111122223333.lambda-url.{REGION}.on.aws"]),
        ([f"ecs-sc.{REGION}.api.aws"], [f"ecs-sc.{REGION}.api.aws"]),
    ],
)
def test_what_the_app_publishes_is_no_wider_than_needed(zones: list[str], names: list[str]) -> None:
    check(**naming(zones, *names))


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        (PARENT, ECS),
        ("amazonaws.com", "iam.amazonaws.com"),
        (f"ecr.{PARENT}", f"111122223333.dkr.ecr.{PARENT}"),
        ("s3.amazonaws.com", "bucket.s3.amazonaws.com"),
        (f"{REGION}.api.aws", f"ecs-sc.{REGION}.api.aws"),
    ],
)
def test_a_zone_wider_than_its_name_needs_is_refused(zone: str, name: str) -> None:
    assert "wider than its names need" in refused(**naming([zone], name))


def test_the_whole_region_is_this_hosts_own_choice() -> None:
    assert "was not told" in refused(mode="region")
    check(mode="region", pins={"mode": "region"})
    check(**naming([PARENT]), pins={"mode": "region"})
    assert refused(**naming(["amazonaws.com"]), pins={"mode": "region"})
    assert refused(**naming(["us-west-2.amazonaws.com"]), pins={"mode": "region"})


def test_other_zones_are_believed_one_by_one() -> None:
    pins = {"allowed_zones": ("sink.partner.example",)}
    partner, above = "sink.partner.example", "partner.example"
    check(**naming([ECS, partner], ECS, partner), pins=pins)
    check(**naming([ECS, f"a.{partner}"], ECS, f"a.{partner}"), pins=pins)
    check(**naming([ECS, partner], ECS, f"b.a.{partner}"), pins=pins)
    assert refused(**naming([ECS, above], ECS, partner), pins=pins)
    assert refused(**naming([ECS, above], ECS, above), pins=pins)
    assert refused(**naming([ECS, partner]), pins=pins), "nothing published stands there"


@pytest.mark.parametrize(
    "address",
    [
        "203.0.113.66", "8.8.8.8", "127.0.0.1", "127.0.0.53", "169.254.169.253", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "240.0.0.1", "10.1.0.32", "192.168.0.1", "100.64.0.1",
    ],
)  # fmt: skip
def test_an_address_outside_of_the_pinned_networks_is_refused(address: str) -> None:
    """However wide the document says that its VPC is."""
    for cidrs in (["0.0.0.0/0"], ["0.0.0.0/1", "128.0.0.0/1"], ["10.0.0.0/16", f"{address}/32"]):
        assert refused(resolverIps=["10.0.0.32", address], vpcCidrs=cidrs)
        assert refused(**naming([ECS]) | {"names": {ECS: [address]}}, vpcCidrs=cidrs)


@pytest.mark.parametrize(
    "cidr", ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/15", "10.1.0.0/16", "10.0.0.0/29"]
)
def test_a_network_that_no_vpc_has_or_nobody_pinned_is_refused(cidr: str) -> None:
    assert cidr in refused(vpcCidrs=["10.0.0.0/16", cidr])


def test_pins_may_be_narrower_than_the_vpc() -> None:
    pins = {"networks": ("10.0.0.0/24", "10.0.1.0/24")}
    check(pins=pins)
    assert "10.0.2.1" in refused(resolverIps=["10.0.0.32", "10.0.2.1"], pins=pins)


def test_a_public_network_is_believed_only_where_it_was_pinned() -> None:
    public = {
        "vpcCidrs": ["203.0.113.0/24"],
        "resolverIps": ["203.0.113.32", "203.0.113.33"],
        "names": {ECS: ["203.0.113.41"]},
        "zones": [ECS],
    }
    assert refused(**public)
    check(**public, pins={"networks": ("203.0.113.0/24",)})


def test_a_withdrawal_needs_no_network_any_more() -> None:
    check(state="withdrawn", zones=[], names={}, vpcCidrs=[])
    assert refused(state="withdrawn", zones=[], names={}, vpcCidrs=[], resolverIps=["8.8.8.8"])


def test_the_domains_of_aws_are_those_that_its_sdk_knows() -> None:
    partitions = Session().get_component("data_loader").load_data("partitions")["partitions"]
    assert len(partitions) >= 8, Path(botocore.__file__)
    for partition in partitions:
        outputs = partition["outputs"]
        regions = [region for region in partition["regions"] if "global" not in region]
        assert regions, partition["id"]
        for region in regions:
            first, second, *_ = suffixes_of(region)
            assert [first, second] == [outputs["dnsSuffix"], outputs["dualStackDnsSuffix"]], region


DATA = Path(__file__).parent / "data"
RECORDED = {
    region: json.loads((DATA / f"published-in-{region}.json").read_text())
    for region in ("us-gov-west-1", "cn-north-1", "eusc-de-east-1")
}
"""What the app published in other partitions, when the stories ran there."""


def of_its_region(document: dict[str, Any], **changes: Any) -> Settings:
    pins = {key: document[key] for key in ("account", "region")}
    return settings(vpc=document["vpcId"], **pins, **changes)


@pytest.mark.parametrize("region", RECORDED)
def test_what_the_app_publishes_in_another_partition_is_believed_there(region: str) -> None:
    document = RECORDED[region]
    check_believed(read_document(json.dumps(document)), of_its_region(document))


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("us-gov-west-1", "amazonaws.com.cn"),
        ("us-gov-west-1", "amazonaws.eu"),
        ("cn-north-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.eu"),
        ("eusc-de-east-1", "amazonaws.com"),
        ("eusc-de-east-1", "amazonaws.com.cn"),
    ],
)
def test_the_domain_of_another_partition_is_not_believed(region: str, domain: str) -> None:
    """`ecs.cn-north-1.amazonaws.com` is nobody whom a host in China may trust."""
    recorded, foreign = RECORDED[region], f"ecs.{region}.{domain}"
    parts = {name: recorded[name] for name in recorded if name not in {"checksum", "signature"}}
    said = parts | {"names": parts["names"] | {foreign: ADDRESS}}
    with pytest.raises(Refused, match=f"the name {foreign}, which is not AWS's"):
        check_pins(read_document(restated(said)), of_its_region(recorded))


LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
WILDCARD = st.sampled_from(["", "*."])


@given(
    st.lists(st.tuples(WILDCARD, st.lists(LABEL, min_size=1, max_size=3)), min_size=1, max_size=6),
    st.sampled_from(["us-east-2", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"]),
)
def test_every_zone_that_the_app_makes_of_its_names_is_believed(
    services: list[tuple[str, list[str]]], region: str
) -> None:
    """The very code that chooses the zones, and the very code that judges them."""
    private = [
        f"{wildcard}{'.'.join(labels)}.{region}.{suffix}"
        for (wildcard, labels), suffix in zip(services, suffixes_of(region) * 6, strict=False)
    ]
    names = {example_of(name, ACCOUNT, region): ADDRESS for name in private}
    document = fit(region=region, zones=list(zones_covering(private)), names=names)
    check_pins(document, settings(region=region))


@given(st.data())
def test_no_zone_of_a_believed_document_leads_astray(data: st.DataObject) -> None:
    """Whatever zones and names there are: a question for something else is never led to the VPC."""
    labels = st.sampled_from(
        ["bank", "example", "com", "co", "uk", "amazonaws", "us-east-2", "us-west-2", "ecs", "api",
         "aws", "on", "in-addr", "arpa", "s3", "dkr", "ecr", "cn"]
    )  # fmt: skip
    anything = st.lists(labels, min_size=2, max_size=5).map(".".join)
    names = data.draw(st.lists(anything, min_size=1, max_size=3, unique=True))
    zones = data.draw(
        st.lists(anything | st.sampled_from(names), min_size=1, max_size=3, unique=True)
    )
    document = fit(zones=zones, names=dict.fromkeys(names, ADDRESS))
    try:
        check_pins(document, settings())
    except Refused:
        return
    for zone in zones:
        assert any(zone.endswith(f".{suffix}") for suffix in suffixes_of(REGION))
        assert zone not in {f"{REGION}.{suffix}" for suffix in suffixes_of(REGION)}
        assert any(name == zone or name.endswith(f".{zone}") for name in names)
        assert zone in names or f".{REGION}." in f".{zone}"


def test_a_document_is_not_changed_by_being_believed() -> None:
    text = published()
    document = read_document(text)
    check_believed(document, settings())
    assert document == read_document(text)
    assert content()["zones"] == list(document.zones)
