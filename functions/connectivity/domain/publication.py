"""The publication: what on-premises reads from Parameter Store. A versioned contract.

`…/resolver-ips` is a StringList for people and scripts, `…/forwarding` the JSON document that
schemas/forwarding.schema.json describes and the pick-up tool applies.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from connectivity.domain.errors import PublicationTooLarge

SCHEMA = 1
LARGEST_PARAMETER = 4096
"""Bytes in a standard parameter of Parameter Store."""

State = Literal["active", "draining", "withdrawn"]


@dataclass(frozen=True)
class Publication:
    """Everything that the document says, apart from when and how often it was said."""

    account: str
    region: str
    vpc_id: str
    vpc_cidrs: tuple[str, ...]
    resolver_ips: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]]
    """Name -> addresses of its interface endpoint."""
    zones: tuple[str, ...]
    """What to forward: the fewest zones that cover the names and the CNAMEs behind them."""
    state: State = "active"

    @property
    def fingerprint(self) -> str:
        """Equal for publications that say the same."""
        return _digest(self._content())

    def document(self, generation: int, issued_at: str) -> str:
        """The JSON text, `issued_at` in ISO 8601 UTC. Raises PublicationTooLarge."""
        content = self._content() | {"generation": generation, "issuedAt": issued_at}
        text = canonical(content | {"checksum": _digest(content)})
        if len(text.encode()) > LARGEST_PARAMETER:
            raise PublicationTooLarge(
                f"the forwarding document of {self.vpc_id} has {len(text.encode())} bytes and a "
                f"standard parameter holds {LARGEST_PARAMETER}: ask for fewer services"
            )
        return text

    def _content(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "state": self.state,
            "account": self.account,
            "region": self.region,
            "vpcId": self.vpc_id,
            "vpcCidrs": sorted(self.vpc_cidrs),
            "resolverIps": sorted(self.resolver_ips),
            "mode": "names",
            "zones": sorted(self.zones),
            "names": {name: sorted(addresses) for name, addresses in sorted(self.names.items())},
        }


def folder(path: str, vpc_id: str) -> str:
    """Where everything of one VPC stands, under the stack's parameter path."""
    return f"{path}/{vpc_id}"


def parameter_names(path: str, vpc_id: str) -> tuple[str, str]:
    """The names of `resolver-ips` and `forwarding` under the stack's parameter path."""
    return f"{folder(path, vpc_id)}/resolver-ips", f"{folder(path, vpc_id)}/forwarding"


def string_list(resolver_ips: Iterable[str]) -> str:
    """The value of `resolver-ips`."""
    return ",".join(sorted(resolver_ips))


def zones_covering(names: Iterable[str]) -> tuple[str, ...]:
    """The fewest zones: a wildcard is its parent, and a name below another zone needs none."""
    candidates = {name.removeprefix("*.").rstrip(".") for name in names}
    return tuple(sorted(name for name in candidates if not _covered(name, candidates)))


def is_intact(document: str) -> bool:
    """Whether the checksum is that of the content: nobody edited it by hand."""
    try:
        content = json.loads(document)
        return bool(content.pop("checksum") == _digest(content))
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def states(document: str, said: Publication) -> bool:
    """Whether the document is intact and says exactly this."""
    return is_intact(document) and fingerprint_of(document) == said.fingerprint


def fingerprint_of(document: str) -> str:
    """The fingerprint of the publication that a document states."""
    content = json.loads(document)
    said = content.keys() - {"generation", "issuedAt", "checksum"}
    return _digest({key: content[key] for key in said})


def generation_of(document: str) -> int:
    """The generation that a document states; 0 where there is none to believe."""
    return int(json.loads(document)["generation"]) if is_intact(document) else 0


def string_list_of(document: str) -> str:
    """The value of `resolver-ips` beside a document."""
    return string_list(json.loads(document)["resolverIps"])


def issued_at(document: str) -> str:
    """When a document was written, in ISO 8601 UTC; empty where there is none to believe."""
    return str(json.loads(document)["issuedAt"]) if is_intact(document) else ""


def canonical(content: Mapping[str, Any]) -> str:
    """Keys sorted, no white space: the form over which the checksum is taken."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def _digest(content: Mapping[str, Any]) -> str:
    return "sha256:" + hashlib.sha256(canonical(content).encode()).hexdigest()


def _covered(name: str, zones: set[str]) -> bool:
    labels = name.split(".")
    return any(".".join(labels[start:]) in zones for start in range(1, len(labels)))
