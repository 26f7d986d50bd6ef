"""Acknowledgements: what the DNS hosts on-premises say of the publication.

Each host's pick-up tool writes one, as schemas/acknowledgement.schema.json describes, and anybody
with the hosts' policy can write anything there, any number of times. So it is read leniently and
within bounds, believed only as far as a status goes, and what cannot be read is named or counted,
and otherwise ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectivity.domain.printable import first_lines, listed, printable
from connectivity.domain.publication import State, folder

SCHEMA = 1
CONFIRMING = ("applied", "degraded")
"""Results that mean: this host's DNS server does what the document says."""
LONGEST_DETAIL = 200
"""Characters of a host's own words in our line; the parameter holds all of them."""
MOST_HOSTS = 200
"""Hosts of one VPC that are known by name; the rest is a number."""
MOST_LOOKED_AT = 2 * MOST_HOSTS
"""Parameters that one look reads, of the 10,000 that an account may have."""
LARGEST_VALUE = 8192
"""Characters in the largest parameter of Parameter Store."""
LARGEST_GENERATION = 2**53
"""The largest number that is taken for a generation; no publication comes near it."""

_LONGEST_SERVER = 40
_STATES = ("active", "draining", "withdrawn")
_HOST = r"[A-Za-z0-9._-]{1,128}"
_HOST_NAME = re.compile(_HOST)
_NAME = re.compile(rf"/.+/(vpc-[0-9a-f]{{8,17}})/acknowledgements/{_HOST}")


@dataclass(frozen=True)
class Acknowledgement:
    """The acknowledgement of one generation of the document by one host."""

    host: str
    generation: int
    state: str
    result: str
    server: str
    detail: str

    def is_of(self, generation: int, state: State) -> bool:
        """Tell whether the acknowledgement is of exactly that issue of the document."""
        return (self.generation, self.state) == (generation, state)

    def confirms(self, generation: int, state: State) -> bool:
        """Tell whether this host does what exactly that issue says. A later generation, or the same
        in another state, was never issued: nobody knows what the host does."""
        return self.is_of(generation, state) and self.result in CONFIRMING

    def is_late(self, generation: int) -> bool:
        """Tell whether the acknowledgement is of an issue before that one."""
        return self.generation < generation


@dataclass(frozen=True)
class Acknowledgements:
    """The acknowledgements of one VPC's DNS hosts."""

    readable: tuple[Acknowledgement, ...] = ()
    unreadable: tuple[str, ...] = ()
    """Hosts, as their parameters are named."""
    misnamed: int = 0
    """Parameters whose names no host's tool would choose."""
    uncounted: int = 0
    """Hosts beyond those that are known by name; at least so many, where not all was looked at."""

    @property
    def confirming(self) -> bool:
        """Return whether any DNS host acknowledges, so that a teardown can wait for it."""
        return bool(self.readable or self.uncounted)

    def failing(self, generation: int) -> tuple[str, ...]:
        """Return the hosts that failed at this generation, which is active."""
        return tuple(
            said.host
            for said in self.readable
            if said.is_of(generation, "active") and said.result == "failed"
        )

    def failures(self, generation: int) -> tuple[str, ...]:
        """Return a line for each host that failed at this active generation, ten at most."""
        failed = set(self.failing(generation))
        lines = [f"{s.host} failed: {s.detail}" for s in self.readable if s.host in failed]
        return tuple(first_lines(lines))

    def lines(self, generation: int) -> tuple[str, ...]:
        """Return who acknowledged this generation, which is active, and how. What needs a person
        comes first: a tag holds only the beginning. Empty where no host ever said anything."""
        present = [said for said in self.readable if said.is_of(generation, "active")]
        late = [said.host for said in self.readable if said.is_late(generation)]
        done = [f"{said.host} ({said.server})" for said in present if said.result == "applied"]
        weak = [f"{s.host} is degraded: {s.detail}" for s in present if s.result == "degraded"]
        garbled = len(self.unreadable) + self.misnamed
        return (
            *self.failures(generation),
            *first_lines(weak),
            *self.unusable(generation, "active"),
            *([f"not yet confirmed by {listed(late)}"] if late else []),
            *(
                [f"unreadable acknowledgement of {listed(self.unreadable, self.misnamed)}"]
                if garbled
                else []
            ),
            *(
                [f"{self.uncounted} or more acknowledgements were not looked at"]
                if self.uncounted
                else []
            ),
            *([f"confirmed by {listed(done)}"] if done else []),
        )

    def unconfirmed(self, generation: int, state: State) -> tuple[str, ...]:
        """Return the hosts that acknowledged something, and not that issue of the document."""
        return tuple(said.host for said in self.readable if not said.confirms(generation, state))

    def unusable(self, generation: int, state: State) -> tuple[str, ...]:
        """Return a line, if any, that names the hosts which acknowledged what was never issued, the
        last issue being that one."""
        odd = [
            f"{said.host} (generation {said.generation} {said.state})"
            for said in self.readable
            if not (said.is_late(generation) or said.is_of(generation, state))
        ]
        last = f"the last issue is generation {generation} {state}"
        return (f"unusable acknowledgement of {listed(odd)}: {last}",) if odd else ()


def acknowledgements_path(path: str, vpc_id: str) -> str:
    """Return the path under which the acknowledgements of a VPC stand."""
    return f"{folder(path, vpc_id)}/acknowledgements"


def read_acknowledgements(
    parameters: Mapping[str, str], path: str, vpc_id: str, all_seen: bool = True
) -> Acknowledgements:
    """Return what the VPC's `parameters`, name -> value, say. `all_seen` is False where there are
    more than these."""
    start = f"{acknowledgements_path(path, vpc_id)}/"
    texts = {n.removeprefix(start): t for n, t in parameters.items() if n.startswith(start)}
    hosts = sorted(host for host in texts if _HOST_NAME.fullmatch(host))
    read = {host: _read(texts[host], host, vpc_id) for host in hosts}
    readable = [said for said in read.values() if said is not None]
    unreadable = [host for host, said in read.items() if said is None]
    known = readable[:MOST_HOSTS]
    named = unreadable[: MOST_HOSTS - len(known)]
    return Acknowledgements(
        readable=tuple(known),
        unreadable=tuple(named),
        misnamed=len(texts) - len(hosts) + len(unreadable) - len(named),
        uncounted=len(readable) - len(known) + (not all_seen),
    )


def vpc_acknowledged(name: str) -> str | None:
    """Return the VPC whose acknowledgement a parameter of this name is; None for anything else."""
    match = _NAME.fullmatch(name)
    return match[1] if match else None


def _read(text: str, host: str, vpc_id: str) -> Acknowledgement | None:
    """Return the acknowledgement in `text`; None where it is none of this host and VPC in a version
    that we know."""
    try:
        said = json.loads(text) if len(text) <= LARGEST_VALUE else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not _is_fit(said, host, vpc_id):
        return None
    return Acknowledgement(
        host=host,
        generation=said["generation"],
        state=said["state"],
        result=said["result"],
        server=_in_one_line(said["server"], _LONGEST_SERVER),
        detail=_in_one_line(said["detail"], LONGEST_DETAIL),
    )


def _is_fit(said: Mapping[str, Any], host: str, vpc_id: str) -> bool:
    generation = said.get("generation")
    return (
        (said.get("schema"), said.get("host"), said.get("vpcId")) == (SCHEMA, host, vpc_id)
        and type(generation) is int
        and 0 <= generation <= LARGEST_GENERATION
        and said.get("state") in _STATES
        and said.get("result") in (*CONFIRMING, "failed")
        and isinstance(said.get("server"), str)
        and isinstance(said.get("detail"), str)
    )


def _in_one_line(text: str, longest: int) -> str:
    """Return `text` without the semicolon, which separates what a status says."""
    return printable(text.replace(";", ","), longest)
