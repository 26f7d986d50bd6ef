"""Tag keys of a VPC that look like ours and are none: nobody reads them, so they are named.

They are warned of and refused by nothing: a connection that stands is not taken down because of a
key that somebody mistyped, and the options that are read may be just what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

from connectivity.domain import tags
from connectivity.domain.printable import first_lines, quoted

_ON_A_VPC = frozenset({*tags.WISH_TAGS, tags.STATUS, tags.STATUS_DETAIL, tags.OWNER})
_PREFIX = "ecs-anywhere:"
_ALIKE = 0.9
"""The similarity from which a key without our prefix, such as `ecs-anywhere-services`, was meant as
one of ours."""
_NEAR = 0.5


def unread_tags(keys: Iterable[str]) -> list[str]:
    """Return a sentence for each key that looks like one of ours and is none, with the nearest one
    that is read; ten at most."""
    found = sorted(key for key in keys if _looks_like_ours(key))
    return first_lines([f"tag {quoted(key)} is not read: {_cure(key)}" for key in found])


def _looks_like_ours(key: str) -> bool:
    if key in _ON_A_VPC:
        return False
    plain = key.strip().lower()
    return plain.startswith(_PREFIX) or any(
        SequenceMatcher(None, plain, ours).ratio() >= _ALIKE for ours in tags.WISH_TAGS
    )


def _cure(key: str) -> str:
    """Return what to do about a key: the nearest key that is read, letter for letter."""
    if key == tags.SUBNET:
        return "it belongs on a subnet"
    ours = {_bare(each): each for each in tags.WISH_TAGS}
    near = get_close_matches(_bare(key), ours, n=1, cutoff=_NEAR)
    if near:
        return f"the nearest key is {ours[near[0]]}, written exactly so"
    return f"the keys are {', '.join(tags.WISH_TAGS)}"


def _bare(key: str) -> str:
    """Return what tells a key from the others of ours: its letters and digits after the prefix."""
    return re.sub(r"[^a-z0-9]", "", key.strip().lower().removeprefix(_PREFIX))
