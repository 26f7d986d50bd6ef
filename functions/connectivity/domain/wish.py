"""The wish of a VPC: its tags read, every unreadable one named at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from connectivity.domain import tags
from connectivity.domain.addresses import address_problems, resolver_problems
from connectivity.domain.errors import UnreadableOption
from connectivity.domain.networks import Bounds, cidr_problems
from connectivity.domain.policy_presets import FULL_ACCESS, choice_problems
from connectivity.domain.printable import LONGEST_ITEM, first_lines, firsts_first, quoted
from connectivity.domain.unread_tags import unread_tags

_SERVICE = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_LONGEST_SERVICE = 128
_UNBOUNDED = Bounds()


class Wish(StrEnum):
    """The values of the wish tag."""

    ENABLED = "enabled"
    PLAN = "plan"
    DISABLED = "disabled"


REMOVE = "remove"
"""A value of the wish tag that asks for nothing, as `disabled` does, and says yes to the removal
although many VPCs are removed at once."""


@dataclass(frozen=True)
class Options:
    """The options of a wish; the stack's parameters are the defaults for those that a VPC leaves
    out."""

    services: tuple[str, ...]
    onprem_cidrs: tuple[str, ...]
    resolver_ips: tuple[str, ...] = ()
    """Addresses that the inbound resolver shall have when it is made; empty for any."""
    resolver: str = ""
    """Id of somebody else's inbound resolver that shall be used; empty where none is named."""
    endpoint_policy: str = FULL_ACCESS
    """Choice of those whom our VPC endpoints serve: `full-access`, `account`, or the id of an
    organization."""


@dataclass(frozen=True)
class Asked:
    """The wish of a request event, and its place among the requests about the same VPC."""

    order: str
    """The order: of two requests the one with the higher order holds."""
    tags: Mapping[str, str]
    """Tags to be written on the VPC; empty where its wish is removed."""


def read_wish(vpc_tags: Mapping[str, str]) -> Wish:
    """Return the wish in the tags. No tag means disabled; upper and lower case are equal. Raises
    UnreadableOption."""
    value = vpc_tags.get(tags.WISH)
    if value is None or says_yes(vpc_tags):
        return Wish.DISABLED
    try:
        return Wish(value.strip().lower())
    except ValueError:
        raise UnreadableOption(
            f"tag {tags.WISH} = {quoted(value)} is not one of enabled, plan, disabled, {REMOVE}"
        ) from None


def says_yes(vpc_tags: Mapping[str, str]) -> bool:
    """Tell whether the removal is confirmed."""
    return vpc_tags.get(tags.WISH, "").strip().lower() == REMOVE


def read_options(
    vpc_tags: Mapping[str, str], defaults: Options, bounds: Bounds = _UNBOUNDED
) -> Options:
    """Return the options of a VPC. Raises UnreadableOption with every problem in one message: the
    first of each option, then the others, then keys that may have been meant."""
    services, where_services = _option(vpc_tags, tags.SERVICES, defaults.services)
    onprem_cidrs, where_cidrs = _option(vpc_tags, tags.ONPREM_CIDRS, defaults.onprem_cidrs)
    resolver_ips, where_ips = _option(vpc_tags, tags.RESOLVER_IPS, defaults.resolver_ips)
    resolver = resolver_named(vpc_tags.get(tags.RESOLVER, ""))
    policy = policy_chosen(vpc_tags.get(tags.ENDPOINT_POLICY, defaults.endpoint_policy))
    own = tags.ONPREM_CIDRS in vpc_tags
    problems = firsts_first(
        service_problems(services, where_services),
        cidr_problems(onprem_cidrs, where_cidrs, bounds, own),
        address_problems(resolver_ips, where_ips),
        resolver_problems(resolver, f"tag {tags.RESOLVER}"),
        choice_problems(policy, f"tag {tags.ENDPOINT_POLICY}", bounds.endpoint_policy),
    )
    if problems:
        raise UnreadableOption("; ".join([*problems, *unread_tags(vpc_tags)]))
    return Options(services, onprem_cidrs, resolver_ips, resolver, policy)


def _option(
    vpc_tags: Mapping[str, str], key: str, default: tuple[str, ...]
) -> tuple[tuple[str, ...], str]:
    """Return the items, and where they were found. The tag's value is not repeated: each problem
    quotes the item that is wrong."""
    if key in vpc_tags:
        return words(vpc_tags[key]), f"tag {key}"
    return default, f"the stack's default for {key}"


def words(text: str) -> tuple[str, ...]:
    """Return the items of a tag's value: separated by spaces, plus signs or commas."""
    return items(word for word in re.split(r"[\s+,]+", text) if word)


def items(listed: Iterable[str]) -> tuple[str, ...]:
    """Return the items of an option, from a tag or from a request event: in lower case, without
    the spaces around them, each once."""
    return tuple(dict.fromkeys(item.strip(" ").lower() for item in listed))


def resolver_named(text: str) -> str:
    """Return the id that a tag or a request event names; empty for none."""
    return text.strip(" ")


def policy_chosen(text: str) -> str:
    """Return the endpoint policy that a tag or a request event names, in any case."""
    return text.strip(" ").lower()


def service_problems(services: Iterable[str], where: str) -> list[str]:
    """Return why each of `services` cannot be the name of a service; empty when all can."""
    problems = [
        f"{quoted(name, LONGEST_ITEM)} is no name of an AWS service, as in ecr or logs"
        for name in services
        if not (len(name) <= _LONGEST_SERVICE and _SERVICE.fullmatch(name))
    ]
    return [f"{where}: {problem}" for problem in first_lines(problems)]
