"""Acknowledgements: what the DNS hosts on-premises say of the publication.

Each host's pick-up tool writes one, as schemas/acknowledgement.schema.json describes, and anybody
with the hosts' policy can write anything there: so it is read leniently, believed only as far as a
status goes, and what cannot be read is named and otherwise ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectivity.domain.publication import folder

SCHEMA = 1
CONFIRMING = ("applied", "degraded")
"""Results that mean: this host's DNS server does what the document says."""
LONGEST_DETAIL = 200
"""Characters of a host's own words in our line; the parameter holds all of them."""

_STATES = ("active", "draining", "withdrawn")
_NAME = re.compile(r"/.+/(vpc-[0-9a-f]{8,17})/acknowledgements/[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Acknowledgement:
    """What one host says of one generation of the document."""

    host: str
    generation: int
    state: str
    result: str
    server: str
    detail: str

    def confirms(self, generation: int) -> bool:
        """Whether this host does what that generation, or a newer one, says."""
        return self.generation >= generation and self.result in CONFIRMING


@dataclass(frozen=True)
class Acknowledgements:
    """Those of one VPC, by host."""

    readable: tuple[Acknowledgement, ...] = ()
    unreadable: tuple[str, ...] = ()
    """Hosts, as their parameters are named."""

    def failures(self, generation: int) -> tuple[str, ...]:
        """A line for each host that failed at this generation."""
        return tuple(
            f"{said.host} failed: {said.detail}"
            for said in self.readable
            if said.generation == generation and said.result == "failed"
        )

    def lines(self, generation: int) -> tuple[str, ...]:
        """Who acknowledged this generation, and how. What needs a person comes first: a tag holds
        only the beginning. Empty where no host ever said anything."""
        present = [said for said in self.readable if said.generation == generation]
        late = [said.host for said in self.readable if said.generation != generation]
        done = [f"{said.host} ({said.server})" for said in present if said.result == "applied"]
        return (
            *self.failures(generation),
            *(f"{s.host} is degraded: {s.detail}" for s in present if s.result == "degraded"),
            *([f"not yet confirmed by {', '.join(late)}"] if late else []),
            *(
                [f"unreadable acknowledgement of {', '.join(self.unreadable)}"]
                if self.unreadable
                else []
            ),
            *([f"confirmed by {', '.join(done)}"] if done else []),
        )

    def unconfirmed(self, generation: int) -> tuple[str, ...]:
        """Hosts that acknowledged something before, and not yet this generation."""
        return tuple(said.host for said in self.readable if not said.confirms(generation))


def acknowledgement_names(parameters: Iterable[str], path: str, vpc_id: str) -> tuple[str, ...]:
    """Those of `parameters` that are acknowledgements of this VPC, readable or not."""
    return tuple(sorted(name for name in parameters if name.startswith(_folder(path, vpc_id))))


def read_acknowledgements(
    parameters: Mapping[str, str], path: str, vpc_id: str
) -> Acknowledgements:
    """What the VPC's `parameters`, name -> value, say."""
    start = len(_folder(path, vpc_id))
    names = acknowledgement_names(parameters, path, vpc_id)
    read = {name[start:]: _read(parameters[name], name[start:], vpc_id) for name in names}
    return Acknowledgements(
        readable=tuple(said for said in read.values() if said is not None),
        unreadable=tuple(host for host, said in read.items() if said is None),
    )


def vpc_acknowledged(name: str) -> str | None:
    """The VPC whose acknowledgement a parameter of this name is; None for anything else."""
    match = _NAME.fullmatch(name)
    return match[1] if match else None


def _folder(path: str, vpc_id: str) -> str:
    return f"{folder(path, vpc_id)}/acknowledgements/"


def _read(text: str, host: str, vpc_id: str) -> Acknowledgement | None:
    """None for what is no acknowledgement of this host and VPC in a version that we know."""
    try:
        said = json.loads(text)
    except ValueError:
        return None
    if not isinstance(said, dict) or not _is_fit(said, host, vpc_id):
        return None
    return Acknowledgement(
        host=host,
        generation=said["generation"],
        state=said["state"],
        result=said["result"],
        server=_in_one_line(said["server"]),
        detail=_in_one_line(said["detail"]),
    )


def _is_fit(said: Mapping[str, Any], host: str, vpc_id: str) -> bool:
    return (
        (said.get("schema"), said.get("host"), said.get("vpcId")) == (SCHEMA, host, vpc_id)
        and type(said.get("generation")) is int
        and said.get("state") in _STATES
        and said.get("result") in (*CONFIRMING, "failed")
        and isinstance(said.get("server"), str)
        and isinstance(said.get("detail"), str)
    )


def _in_one_line(text: str) -> str:
    """Without the semicolon, which separates what a status says."""
    line = " ".join(text.replace(";", ",").split())
    return line if len(line) <= LONGEST_DETAIL else line[: LONGEST_DETAIL - 3] + "..."
