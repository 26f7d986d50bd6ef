"""What has to be forwarded: the published zones, or the whole Region in its partition."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding, forwarding_of, merged, region_zone
from hypothesis import given
from hypothesis import strategies as st

from tests.onprem.example import fit
from tests.onprem.lab.document import REGION, zones


def of(region: str, *published: str, mode: str = "names") -> Document:
    return fit(
        region=region,
        mode=mode,
        zones=list(published),
        names={zone: ["10.0.0.41"] for zone in published},
    )


def test_by_default_it_is_what_the_document_says() -> None:
    assert forwarding_of(fit(), ("10.0.1.32", "10.0.0.32"), None).zones == tuple(sorted(zones()))
    assert forwarding_of(fit(mode="region"), (), None).zones == (f"{REGION}.amazonaws.com",)


def test_the_hosts_own_mode_goes_before_the_documents() -> None:
    assert forwarding_of(fit(), (), "region").zones == (f"{REGION}.amazonaws.com",)
    assert forwarding_of(fit(mode="region"), (), "names").zones == tuple(sorted(zones()))


def test_everything_is_sorted_and_labelled() -> None:
    forwarding = forwarding_of(fit(generation=7), ("10.0.1.32", "10.0.0.32"), None, 5300)
    assert forwarding.forwarders == ("10.0.0.32", "10.0.1.32")
    assert forwarding.label == "vpc-0a1b2c3d4e5f60718 generation 7 (active)"
    assert (forwarding.port, forwarding.is_none) == (5300, False)


def test_what_lies_outside_the_region_is_forwarded_besides() -> None:
    """Service Connect's name stands under api.aws."""
    document = of("us-east-2", "ecs.us-east-2.amazonaws.com", "ecs-sc.us-east-2.api.aws")
    assert forwarding_of(document, (), "region").zones == (
        "ecs-sc.us-east-2.api.aws",
        "us-east-2.amazonaws.com",
    )


def test_a_name_that_only_ends_alike_is_not_of_the_region() -> None:
    document = of("us-east-2", "ecs.us-east-2.amazonaws.com", "x-us-east-2.amazonaws.com")
    assert forwarding_of(document, (), "region").zones == (
        "us-east-2.amazonaws.com",
        "x-us-east-2.amazonaws.com",
    )


@pytest.mark.parametrize(
    ("region", "suffix"),
    [
        ("us-east-2", "amazonaws.com"),
        ("us-gov-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("eusc-de-east-1", "amazonaws.eu"),
    ],
)
def test_the_zone_of_the_region_has_the_suffix_of_its_partition(region: str, suffix: str) -> None:
    document = of(region, f"ecs-sc.{region}.api.aws", f"ecs.{region}.{suffix}")
    assert region_zone(document) == f"{region}.{suffix}"
    expected = {f"ecs-sc.{region}.api.aws", f"{region}.{suffix}"}
    assert set(forwarding_of(document, (), "region").zones) == expected


@pytest.mark.parametrize("mode", [None, "names", "region"])
def test_a_withdrawn_document_forwards_nothing_in_any_mode(mode: None) -> None:
    withdrawn = fit(state="withdrawn", mode="region", zones=[], names={}, vpcCidrs=[])
    forwarding = forwarding_of(withdrawn, ("10.0.0.32",), mode)
    assert forwarding.is_none
    assert forwarding.forwarders == ()


LABEL = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)


@given(st.lists(LABEL, min_size=1, max_size=5, unique=True))
def test_region_mode_leaves_no_published_zone_out(labels: list[str]) -> None:
    published = [f"{label}.us-east-2.amazonaws.com" for label in labels]
    published += [f"{label}.us-east-2.api.aws" for label in labels[1:]]
    forwarded = forwarding_of(of("us-east-2", *published), (), "region").zones
    for zone in published:
        assert any(f".{zone}".endswith(f".{over}") for over in forwarded), zone


ONE = Forwarding(("ecs.us-east-2.amazonaws.com",), ("10.0.0.32",), "vpc-1 generation 3 (active)")
OTHER = Forwarding(("ecs.eu-west-1.amazonaws.com",), ("10.64.0.32",), "vpc-2 generation 1 (active)")


def test_zones_of_two_vpcs_keep_their_own_forwarders() -> None:
    both = merged([ONE, OTHER])
    assert both.targets == {ONE.zones[0]: ("10.0.0.32",), OTHER.zones[0]: ("10.64.0.32",)}
    assert both.label == "vpc-1 generation 3 (active); vpc-2 generation 1 (active)"
    assert both == replace(merged([OTHER, ONE]), label=both.label)
    assert [group.forwarders for group in both.groups] == [("10.64.0.32",), ("10.0.0.32",)]


def test_what_has_the_same_forwarders_is_one_group() -> None:
    alike = replace(OTHER, forwarders=ONE.forwarders)
    both = merged([ONE, alike])
    assert both == Forwarding(both.zones, ONE.forwarders, both.label)
    assert both.groups == (both,)


def test_a_vpc_that_forwards_nothing_adds_nothing() -> None:
    withdrawn = Forwarding((), (), "vpc-2 generation 2 (withdrawn)")
    assert merged([ONE, withdrawn]) == ONE
    assert merged([withdrawn]) == withdrawn
    assert merged([NOTHING, withdrawn]).is_none
    assert NOTHING.groups == ()
