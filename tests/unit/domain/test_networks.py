"""Which networks may be on-premises, whoever wrote them down."""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Network

import pytest
from connectivity.domain.networks import Bounds, cidr_problems
from hypothesis import given
from hypothesis import strategies as st

USUAL = Bounds()
PUBLIC = Bounds(public=True)
NARROW = Bounds(("10.0.0.0/8", "192.168.0.0/17", "192.168.128.0/17"), may_widen=False)
NETWORKS = st.builds(
    lambda address, length: IPv4Network((address, length), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(1, 32),
)
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15")
NOWHERE = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32")
IN_PRIVATE = st.builds(
    lambda within, length, which: list(
        IPv4Network(within).subnets(new_prefix=max(length, IPv4Network(within).prefixlen))
    )[which % 2 ** (max(length, IPv4Network(within).prefixlen) - IPv4Network(within).prefixlen)],
    st.sampled_from(PRIVATE),
    st.integers(8, 20),
    st.integers(0, 2**12),
)


def problem(*cidrs: str, bounds: Bounds = USUAL) -> str:
    return "; ".join(cidr_problems(cidrs, "here", bounds))


@given(IN_PRIVATE)
def test_every_private_network_may_be_on_premises(network: IPv4Network) -> None:
    assert problem(str(network)) == ""


@given(NETWORKS)
def test_what_holds_a_public_address_is_refused_unless_the_stack_allows_it(
    network: IPv4Network,
) -> None:
    private = any(network.subnet_of(IPv4Network(known)) for known in PRIVATE)
    nowhere = any(network.overlaps(IPv4Network(known)) for known in NOWHERE)
    assert (problem(str(network)) == "") is (private and not nowhere)
    assert (problem(str(network), bounds=PUBLIC) == "") is not nowhere


@pytest.mark.parametrize(
    "cidrs",
    [
        ["0.0.0.0/0"],
        ["0.0.0.0/1", "128.0.0.0/1"],
        ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"],
        # Everything but what is on-premises nowhere.
        [
            str(network)
            for network in ipaddress.IPv4Network("0.0.0.0/0").subnets(new_prefix=8)
            if network.network_address.packed[0] not in {0, 127, 169, *range(224, 240), 255}
        ]
        + [
            str(network)
            for whole, hole in (
                ("169.0.0.0/8", "169.254.0.0/16"),
                ("255.0.0.0/8", "255.255.255.255/32"),
            )
            for network in IPv4Network(whole).address_exclude(IPv4Network(hole))
        ],
    ],
    ids=["everything", "halves", "quarters", "all that can be"],
)
def test_a_list_that_together_admits_everybody_is_refused_whatever_the_stack_allows(
    cidrs: list[str],
) -> None:
    assert problem(*cidrs)
    assert problem(*cidrs, bounds=PUBLIC)


@pytest.mark.parametrize(
    ("cidr", "cause"),
    [
        ("127.0.0.0/8", "the loopback"),
        ("224.0.0.0/4", "multicast"),
        ("169.254.0.0/16", "link-local"),
        ("52.95.0.0/16", "AllowPublicOnPremCidrs"),
        ("192.168.0.0/15", "AllowPublicOnPremCidrs"),
        ("10.0.0.0/255.0.0.0", "write 10.0.0.0/8"),
        ("10.0.0.0/08", "write 10.0.0.0/8"),
        ("10.0.0.1/8", "the network is 10.0.0.0/8"),
        ("10.0.0.1", "write 10.0.0.1/32"),
        ("0.0.0.0/0", "every address"),
        ("10.0.0.0/8;192.168.0.0/16", "not by a semicolon"),
        ("10.0.0.0/8|192.168.0.0/16", "not by a bar"),
        ("10.0.0.0/8 192.168.0.0/16", "in a tag; in a request event each is a string of its own"),
        ("10.0.0.0/8, 192.168.0.0/16", 'in a tag, not by ","; in a request event each'),
        ("10.0.0.0/33", "is not an IPv4 CIDR"),
        ("fd00::/8", "is not an IPv4 CIDR"),
        ("\u0661\u0660.0.0.0/8", "is not an IPv4 CIDR"),
        ("10.0.0.0/\u0668", "is not an IPv4 CIDR"),
    ],
)
def test_the_true_cause_is_named(cidr: str, cause: str) -> None:
    assert cause in problem(cidr)


@given(NETWORKS.filter(lambda network: 0 < network.prefixlen < 32))
def test_a_cidr_with_host_bits_is_answered_with_its_network(network: IPv4Network) -> None:
    said = problem(f"{network[1]}/{network.prefixlen}")
    assert said.endswith(f"the network is {network}")


@pytest.mark.parametrize("cidr", ["10.1.0.0/16", "192.168.0.0/16", "10.0.0.0/8"])
def test_a_vpc_may_narrow_the_stack_s_networks_also_across_two_that_touch(cidr: str) -> None:
    assert problem(cidr, bounds=NARROW) == ""


@pytest.mark.parametrize("cidrs", [["172.16.0.0/12"], ["10.0.0.0/8", "100.64.0.0/10"]])
def test_a_vpc_may_not_widen_them_where_the_stack_says_so(cidrs: list[str]) -> None:
    assert "not within the stack's OnPremCidrs" in problem(*cidrs, bounds=NARROW)
    assert "OnPremCidrsMayWiden" in problem(*cidrs, bounds=NARROW)


def test_the_stack_s_own_list_is_not_measured_against_itself() -> None:
    assert cidr_problems(["100.64.0.0/10"], "here", NARROW, own=False) == []


@given(st.lists(st.text(st.characters(codec=None)), max_size=40))
def test_whatever_is_written_the_problem_is_short_ascii_and_encodable(cidrs: list[str]) -> None:
    said = problem(*cidrs)
    assert said.isascii()
    assert said.isprintable()
    assert len(said) < 4000
