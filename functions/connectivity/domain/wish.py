"""What a VPC asks for: its tags read, every unreadable one named at once."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from connectivity.domain import tags
from connectivity.domain.errors import UnreadableOption

_SERVICE = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


class Wish(StrEnum):
    """The values of the wish tag."""

    ENABLED = "enabled"
    PLAN = "plan"
    DISABLED = "disabled"


@dataclass(frozen=True)
class Options:
    """What goes with the wish; a stack's parameters are the defaults of what a VPC leaves out."""

    services: tuple[str, ...]
    onprem_cidrs: tuple[str, ...]


def read_wish(vpc_tags: Mapping[str, str]) -> Wish:
    """No tag means disabled; any case is understood. Raises UnreadableOption."""
    value = vpc_tags.get(tags.WISH)
    if value is None:
        return Wish.DISABLED
    try:
        return Wish(value.strip().lower())
    except ValueError:
        raise UnreadableOption(
            f'tag {tags.WISH} = "{value}" is not one of enabled, plan, disabled'
        ) from None


def read_options(vpc_tags: Mapping[str, str], defaults: Options) -> Options:
    """The options of a VPC. Raises UnreadableOption with every problem in one message."""
    services, where_services = _option(vpc_tags, tags.SERVICES, defaults.services)
    onprem_cidrs, where_cidrs = _option(vpc_tags, tags.ONPREM_CIDRS, defaults.onprem_cidrs)
    problems = service_problems(services, where_services) + cidr_problems(onprem_cidrs, where_cidrs)
    if problems:
        raise UnreadableOption("; ".join(problems))
    return Options(services=services, onprem_cidrs=onprem_cidrs)


def _option(
    vpc_tags: Mapping[str, str], key: str, default: tuple[str, ...]
) -> tuple[tuple[str, ...], str]:
    """The items, and where they were found."""
    if key in vpc_tags:
        return words(vpc_tags[key]), f'tag {key} = "{vpc_tags[key]}"'
    return default, f"the stack's default for {key}"


def words(text: str) -> tuple[str, ...]:
    """The items of an option: separated by spaces, plus signs or commas."""
    return tuple(dict.fromkeys(word for word in re.split(r"[\s+,]+", text.strip().lower()) if word))


def service_problems(services: Iterable[str], where: str) -> list[str]:
    """Why each of `services` cannot be the name of a service; empty when all can."""
    return [
        f'{where}: "{name}" is not the name of an AWS service, as in ecr, logs, secretsmanager'
        for name in services
        if not _SERVICE.fullmatch(name)
    ]


def cidr_problems(cidrs: Iterable[str], where: str) -> list[str]:
    """Why each of `cidrs` cannot be a network on-premises; empty when all can."""
    found = list(cidrs)
    if not found:
        return [f"{where}: no CIDR given; name the networks on-premises, as in 10.0.0.0/8"]
    return [f"{where}: {problem}" for cidr in found if (problem := _cidr_problem(cidr))]


def _cidr_problem(cidr: str) -> str | None:
    try:
        network = ipaddress.IPv4Network(cidr, strict=False)
    except ValueError:
        return f'"{cidr}" is not an IPv4 CIDR, as in 10.0.0.0/8'
    if "/" not in cidr:
        return f'"{cidr}" is not an IPv4 CIDR; for the one address write {cidr}/32'
    if str(network) != cidr:
        return f'"{cidr}" has host bits set; the network is {network}'
    if network.prefixlen == 0:
        return f'"{cidr}" would admit every address; name the networks on-premises'
    return None
