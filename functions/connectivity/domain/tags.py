"""The tags we read from a VPC, and the tags we write."""

from __future__ import annotations

import re
from collections.abc import Mapping

WISH = "ecs-anywhere:private-connectivity"
SERVICES = "ecs-anywhere:services"
ONPREM_CIDRS = "ecs-anywhere:onprem-cidrs"
WISH_TAGS = (WISH, SERVICES, ONPREM_CIDRS)
"""A change of one of these is a knock. The status tags are not among them, so that writing our
result never starts us again."""

STATUS = "ecs-anywhere:status"
STATUS_DETAIL = "ecs-anywhere:status-detail"

OWNER = "ecs-anywhere:owner"
"""On everything we make, from its creation; its value is the name of the stack."""

LONGEST_VALUE = 256
_NOT_ALLOWED = re.compile(r"[^\w+\-=.:/@ ]", re.ASCII)


def wish_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Those that say what is asked for."""
    return {key: tags[key] for key in WISH_TAGS if key in tags}


def as_tag_value(text: str) -> str:
    """`text` in the characters that every AWS service accepts in a tag, 256 at most."""
    plain = re.sub(r" +", " ", _NOT_ALLOWED.sub(" ", text)).strip()
    return plain if len(plain) <= LONGEST_VALUE else plain[: LONGEST_VALUE - 3] + "..."
