"""Holders of a security group that is to go, and the way to free it, in words for a person.

A network interface can be anybody's: its ids and kind are shown only where they look as AWS writes
them, and its description, which its owner chose, only in quotation marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from connectivity.domain.model import NetworkInterface, SecurityGroup
from connectivity.domain.printable import first_lines, listed, quoted

MOST_HOLDERS = 3
"""Network interfaces that are named for one security group; the rest is a number."""
_ID = re.compile(r"(eni|i)-[0-9a-f]{8,17}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_KIND = re.compile(r"[a-z_]{1,40}")
_PLAIN = ("interface", "efa", "trunk", "branch")
"""Kinds of network interfaces that people make themselves."""


def held_by(interfaces: Sequence[NetworkInterface]) -> str:
    """Return who holds a security group, and the cure for the first of them."""
    holders = sorted(interfaces, key=lambda interface: interface.id)
    named = ", ".join(first_lines([_named(each) for each in holders], MOST_HOLDERS))
    return f"held by network interfaces: {named} - {_cure(holders[0])}" if holders else ""


def named_in_rules(group_id: str, groups: Iterable[SecurityGroup]) -> str:
    """Return whose rules name a security group, and the cure; empty where none of `groups` does. As
    long as one does AWS refuses the deletion as if the group were in use."""
    naming = sorted(
        g.id for g in groups if g.id != group_id and any(r.source == group_id for r in g.rules)
    )
    if not naming:
        return ""
    return (
        f"named in rules of security group {listed(naming, most=MOST_HOLDERS)}: take them out (aws "
        f"ec2 describe-security-group-rules --filters Name=group-id,Values={naming[0]})"
    )


def _named(interface: NetworkInterface) -> str:
    """Return an interface with its kind, its account, its instance and its description."""
    said = [
        interface.kind if _KIND.fullmatch(interface.kind) else "",
        f"of account {interface.owner}" if _ACCOUNT.fullmatch(interface.owner) else "",
        f"attached to {interface.instance}" if _ID.fullmatch(interface.instance) else "",
        quoted(interface.description) if interface.description else "",
    ]
    return f"{_id(interface)} ({' '.join(filter(None, said))})"


def _cure(interface: NetworkInterface) -> str:
    if interface.kind == "lambda":
        return (
            "AWS Lambda releases it up to 45 minutes after the function is gone or was given "
            "another security group"
        )
    if interface.kind not in _PLAIN or interface.requester_managed:
        return "give the AWS resource that it belongs to another security group, or delete that"
    return (
        "give it another security group (aws ec2 modify-network-interface-attribute "
        f"--network-interface-id {_id(interface)} --groups ANOTHER_GROUP) or delete it"
    )


def _id(interface: NetworkInterface) -> str:
    return interface.id if _ID.fullmatch(interface.id) else quoted(interface.id)
