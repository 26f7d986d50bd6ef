"""The keys of a configuration file that this version knows, and the one that a misspelt key is."""

from __future__ import annotations

from collections.abc import Sequence


def cure_of_unknown(key: str, known: Sequence[str], besides: str = "") -> str:
    """Return what to write in place of an unknown key. `known`: the keys that may stand there, in
    the order in which they are told; `besides`: what else may stand there, in words."""
    from difflib import get_close_matches  # only here: a run reads no unknown key

    nearest = get_close_matches(key, known, 1)
    meant = f"did you mean {nearest[0]}? " if nearest else ""
    return f"{meant}known are {', '.join(known)}{besides}"
