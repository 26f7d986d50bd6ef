"""The decision whether a VPC is plainly connected: then a knock is answered by a brief look, else
by a whole one.

of the VPC                                                  then the look is
--------------------------------------------------------    ----------------
an execution died on it, or is in another round             whole
its tags or the stack's parameters are new                  whole
a sweep, a verification or a request event looks at it      whole
its status is not `connected`                               whole
its status tells of a warning, and a person has asked       whole
something of it was repaired, is in doubt, or not ours      whole
it was verified more than 36 hours ago                      whole
else                                                        brief
"""

from __future__ import annotations

from connectivity.domain.convergence import is_signed_as_it_shall_be
from connectivity.domain.ledger import Entry
from connectivity.domain.needs_a_look import CONNECTED
from connectivity.domain.printable import LONGEST_LINE
from connectivity.domain.status import REPAIRED, SEPARATOR
from connectivity.domain.warning_lines import WARNING

VERIFIED_WITHIN = 36 * 3600
"""Seconds: the clock verifies each VPC once a day, and a sweep or two may be busy."""
ACKNOWLEDGEMENT = "acknowledgement"
OF_NEWS = ("tag", ACKNOWLEDGEMENT)
"""The reasons of executions whose event may tell of nothing new."""


def is_plainly_connected(entry: Entry, because: str, now: float, signing_key: str) -> bool:
    """Tell whether nothing is known that a whole look could find otherwise; `now` is in seconds
    since the epoch, `entry` as it was before the hold was taken."""
    return (
        because in OF_NEWS
        and entry.holder is None
        and entry.status == CONNECTED
        and _says_all_is_well(entry, because)
        and not (entry.doubt or entry.lost_ips or entry.unread or entry.served.adopted)
        and now - entry.verified_at < VERIFIED_WITHIN
        and is_signed_as_it_shall_be(entry, signing_key)
    )


def _says_all_is_well(entry: Entry, because: str) -> bool:
    """Tell whether the status tells of nothing that may be mended by now. Whoever set a tag may
    have mended what is warned of; a DNS host's acknowledgement says nothing of it. Warnings stand
    at the end of a detail, which may be cut off."""
    is_whole = len(entry.detail) < LONGEST_LINE
    lines = entry.detail.split(SEPARATOR)
    warnings = [line for line in lines if line.startswith(WARNING)]
    is_at_the_end = lines[len(lines) - len(warnings) :] == warnings
    is_repaired = any(REPAIRED in line for line in (*lines, *entry.told))
    is_warned = bool(warnings) or any(WARNING in line for line in entry.told)
    may_warn = because == ACKNOWLEDGEMENT and is_at_the_end
    return is_whole and not is_repaired and (may_warn or not is_warned)
