"""The tags we read from a VPC, and the tags we write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from connectivity.domain.printable import shortened

WISH = "ecs-anywhere:private-connectivity"
SERVICES = "ecs-anywhere:services"
ONPREM_CIDRS = "ecs-anywhere:onprem-cidrs"
RESOLVER_IPS = "ecs-anywhere:resolver-ips"
RESOLVER = "ecs-anywhere:resolver"
ENDPOINT_POLICY = "ecs-anywhere:endpoint-policy"
PARAMETERS = {
    SERVICES: "DefaultServices",
    ONPREM_CIDRS: "OnPremCidrs",
    ENDPOINT_POLICY: "EndpointPolicy",
}
"""Tag -> the stack's parameter that stands in for it on a VPC without."""
WISH_TAGS = (WISH, SERVICES, ONPREM_CIDRS, RESOLVER_IPS, RESOLVER, ENDPOINT_POLICY)
"""A change of one of these is a knock. The status tags are not among them, so that writing our
result never starts us again."""

SUBNET = "ecs-anywhere:subnet"
"""The tag of a subnet, with any value, that is to be used in its Availability Zone."""

STATUS = "ecs-anywhere:status"
STATUS_DETAIL = "ecs-anywhere:status-detail"

OWNER = "ecs-anywhere:owner"
"""The tag of every resource that we make, from its creation; its value is the name of the stack."""

NAME = "Name"
_RESERVED = ("aws:", "ecs-anywhere:")
"""Beginnings of keys that are AWS's and ours, in any case."""
MOST_EXTRA = 20
"""AWS's limit is 50 for each resource; ours take their place beside those of the company."""

LONGEST_VALUE = 256
_NOT_ALLOWED = re.compile(r"[^\w+\-=.:/@ ]", re.ASCII)
_PUNCTUATION = r"""[;,!?()\[\]{}<>"'`]"""
_OURS = re.compile(rf"\s+|(?:(?<=\s)|^){_PUNCTUATION}+|{_PUNCTUATION}+(?=\s|$)")
"""White space, and the punctuation of a sentence: at the beginning or the end of a word."""
_BEFORE_STOP = re.compile(rf"{_PUNCTUATION}+(?=[:.](?:\s|$))")
_QUOTED = re.compile(r'(?:(?<=[\s(])|^)"(.{0,66}?)"(?=[;:,.!?)\]}]*(?:\s|$))')
"""A value in a sentence, whatever stands in it, with its own quotation marks."""


class UnusableTagsError(ValueError):
    """The stack's parameter `ExtraTags` cannot be used; the message quotes what is wrong."""


@dataclass(frozen=True)
class CreationTags:
    """The tags that a thing is given in the act of its creation."""

    owner: str
    extra: Mapping[str, str] = field(default_factory=dict)
    """Tags that the company demands, from the stack's parameter `ExtraTags`."""

    def named(self, name: str) -> dict[str, str]:
        """Return the tags of a thing that is called `name`. Ours win: by them it is known."""
        return {**self.extra, OWNER: self.owner, NAME: name}

    def unnamed(self) -> dict[str, str]:
        """Return the tags of a thing whose name is no tag."""
        return {**self.extra, OWNER: self.owner}


def extra_tags(text: str) -> dict[str, str]:
    """Return the tags of `key=value,key=value`, or none. Raises UnusableTagsError."""
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    tags = {key.strip(): value.strip() for key, _, value in pairs}
    for key, equals, _ in pairs:
        plain = key.strip()
        if not plain or not equals:
            raise UnusableTagsError(f"ExtraTags: {key!r} is no key=value, as in CostCenter=42")
        if plain == NAME or plain.lower().startswith(_RESERVED):
            raise UnusableTagsError(f"ExtraTags: {plain} is not free: choose another key")
    if len(tags) < len(pairs) or len(tags) > MOST_EXTRA:
        raise UnusableTagsError(f"ExtraTags: at most {MOST_EXTRA} tags, and each key once")
    return tags


def wish_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that state the wish."""
    return {key: tags[key] for key in WISH_TAGS if key in tags}


def as_tag_value(text: str, more: str = "...") -> str:
    """Return `text` in the characters that every AWS service accepts in a tag, 256 at most; where
    it has more, it ends with `more`. A sentence loses its punctuation, and every other character
    becomes `_`, also at the edges of a value that is quoted, which shows where it is wrong."""
    values_kept = _QUOTED.sub(lambda found: _NOT_ALLOWED.sub("_", found[1]), text)
    words = _OURS.sub(" ", _BEFORE_STOP.sub("", values_kept)).split()
    plain = _NOT_ALLOWED.sub("_", " ".join(words))
    return shortened(plain, LONGEST_VALUE, more)


def more_in(execution: str) -> str:
    """Return how a text ends of which the execution, given by its ARN, has the rest. What follows
    the VPC's id in its name is enough to find it by."""
    name = execution.rpartition(":")[2]
    short = re.sub(r"^vpc-[0-9a-f]+-", "", name)
    return f"... more in execution {short}" if re.fullmatch(r"[\w-]{1,80}", short) else "..."
