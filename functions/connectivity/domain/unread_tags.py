"""Tag keys that look like ours and are none: nobody reads them there, so they are named.

They are warned of and refused by nothing: a connection that stands is not taken down because of a
key that somebody mistyped, and the options that are read may be just what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import SequenceMatcher, get_close_matches

from connectivity.domain import tags
from connectivity.domain.printable import first_lines, quoted

ON_A_VPC = tags.WISH_TAGS
ON_A_SUBNET = (tags.SUBNET,)
"""The keys that are read from each."""
_OURS = (*ON_A_VPC, *ON_A_SUBNET)

_WRITTEN = frozenset({tags.STATUS, tags.STATUS_DETAIL, tags.OWNER})
_PREFIX = "ecs-anywhere:"
_ALIKE = 0.9
"""The similarity from which a key without our prefix, such as `ecs-anywhere-services`, was meant as
one of ours."""
_NEAR = 0.5


def unread_tags(keys: Iterable[str], read: Collection[str] = ON_A_VPC) -> list[str]:
    """Return a sentence for each key that looks like one of ours and is none of those that are read
    where it stands, with the nearest one that is; ten at most."""
    found = sorted(key for key in keys if key not in read and _looks_like_ours(key))
    return first_lines([f"tag {quoted(key)} is not read: {_cure(key, read)}" for key in found])


def _looks_like_ours(key: str) -> bool:
    if key in _WRITTEN:
        return False
    plain = key.strip().lower()
    return plain.startswith(_PREFIX) or any(
        SequenceMatcher(None, plain, ours).ratio() >= _ALIKE for ours in _OURS
    )


def _cure(key: str, read: Collection[str]) -> str:
    """Return what to do about a key: its place, or the nearest key that is read, letter for
    letter."""
    if key in _OURS:
        return f"it belongs on a {_place(key)}"
    ours = {_bare(each): each for each in _OURS}
    near = [ours[each] for each in get_close_matches(_bare(key), ours, n=1, cutoff=_NEAR)]
    if near:
        place = "" if near[0] in read else f", and belongs on a {_place(near[0])}"
        return f"the nearest key is {near[0]}, written exactly so{place}"
    return f"the keys are {', '.join(read)}" if len(read) > 1 else f"the key is {next(iter(read))}"


def _place(key: str) -> str:
    return "subnet" if key in ON_A_SUBNET else "VPC"


def _bare(key: str) -> str:
    """Return what tells a key from the others of ours: its letters and digits after the prefix."""
    return re.sub(r"[^a-z0-9]", "", key.strip().lower().removeprefix(_PREFIX))
