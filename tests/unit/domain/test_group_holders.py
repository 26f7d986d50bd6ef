"""Who holds a security group, and how it gets free."""

from __future__ import annotations

from connectivity.domain.group_holders import MOST_HOLDERS, held_by
from connectivity.domain.model import NetworkInterface
from hypothesis import given
from hypothesis import strategies as st

INTERFACE = NetworkInterface(
    id="eni-0a1b2c3d4e5f60718",
    owner="123456789012",
    instance="i-0a1b2c3d4e5f60718",
    description="web server",
)
TEXT = st.text(max_size=300)


def test_an_interface_that_a_person_made_is_named_with_its_instance_and_the_command() -> None:
    assert held_by([INTERFACE]) == (
        "held by network interfaces: eni-0a1b2c3d4e5f60718 (interface of account 123456789012 "
        'attached to i-0a1b2c3d4e5f60718 "web server") - give it another security group (aws ec2 '
        "modify-network-interface-attribute --network-interface-id eni-0a1b2c3d4e5f60718 --groups "
        "ANOTHER_GROUP) or delete it"
    )


def test_a_function_s_interface_is_waited_for() -> None:
    said = NetworkInterface("eni-0a1b2c3d", kind="lambda", description="AWS Lambda VPC ENI-f-1")
    assert 'eni-0a1b2c3d (lambda "AWS Lambda VPC ENI-f-1")' in held_by([said])
    assert "AWS Lambda releases it up to 45 minutes after" in held_by([said])


def test_of_an_interface_that_aws_made_its_resource_is_changed_and_not_the_interface() -> None:
    for managed in (
        NetworkInterface("eni-0a1b2c3d", kind="vpc_endpoint"),
        NetworkInterface("eni-0a1b2c3d", requester_managed=True),
    ):
        assert "the AWS resource that it belongs to" in held_by([managed])
        assert "modify-network-interface-attribute" not in held_by([managed])


def test_of_many_only_the_first_are_named() -> None:
    many = [NetworkInterface(f"eni-0a1b2c{n:02}") for n in reversed(range(MOST_HOLDERS + 5))]
    said = held_by(many)
    assert said.index("eni-0a1b2c00") < said.index("eni-0a1b2c02") < said.index("and 5 more")
    assert "eni-0a1b2c03" not in said


@given(TEXT, TEXT, TEXT, TEXT, TEXT)
def test_no_text_of_a_stranger_goes_on_raw(
    id_: str, kind: str, owner: str, instance: str, description: str
) -> None:
    hostile = "\x1b[2J\u202ehttps://evil.example/\n"
    interface = NetworkInterface(
        id=id_ + hostile,
        kind=kind + hostile,
        owner=owner + hostile,
        instance=instance + hostile,
        description=description + hostile,
    )
    said = held_by([interface])
    assert said.isascii()
    assert said.isprintable()
    assert "://" not in said
    assert len(said) < 500
