"""The forwarding document that a VPC publishes: read, and refused where it is unfit.

The contract is forwarding.schema.json, the same file that the publishing side is tested with. What
a schema cannot say (checksum, addresses within their networks) is checked here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from ipaddress import ip_address, ip_network
from typing import Any, Literal

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from ecs_anywhere_dns.outcome import Refused

State = Literal["active", "draining", "withdrawn"]
Mode = Literal["names", "region"]

LONGEST_EXCERPT = 120


@dataclass(frozen=True)
class Document:
    """A fit document. Names and zones are in lower case, without a final dot."""

    text: str
    """As it was published, byte for byte."""
    generation: int
    state: State
    account: str
    region: str
    vpc_id: str
    vpc_cidrs: tuple[str, ...]
    resolver_ips: tuple[str, ...]
    mode: Mode
    zones: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]]
    checksum: str

    @property
    def label(self) -> str:
        return f"{self.vpc_id} generation {self.generation} ({self.state})"


def read_document(text: str) -> Document:
    """Raises Refused, naming the place and what is wrong with it."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(
            f"the publication is no JSON ({error}): {text[:LONGEST_EXCERPT]!r}",
            "look at the parameter; the app's next sweep writes it anew",
        ) from None
    _check_schema(content)
    _check_checksum(content)
    document = _as_document(text, content)
    _check_addresses(document)
    return document


def _check_schema(content: Any) -> None:
    problem = next(iter(sorted(_validator().iter_errors(content), key=lambda e: str(e.path))), None)
    if problem is not None:
        place = "/".join(str(part) for part in problem.absolute_path) or "the document"
        raise Refused(
            f"the publication does not fit its schema: {place}: "
            f"{problem.message[:LONGEST_EXCERPT]}",
            "upgrade this tool if the app is newer; the app's next sweep mends what was edited",
        )


def _check_checksum(content: Mapping[str, Any]) -> None:
    said = {key: value for key, value in content.items() if key != "checksum"}
    # The form over which the checksum is taken, as the schema describes it.
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
    actual = "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
    if actual != content["checksum"]:
        raise Refused(
            f"the publication was edited by hand: its checksum is {content['checksum']}, "
            f"its content has {actual}",
            "do not edit the parameter; the app's next sweep writes it anew",
        )


def _check_addresses(document: Document) -> None:
    networks = [ip_network(cidr, strict=False) for cidr in document.vpc_cidrs]
    # A withdrawn document names no networks any more, and nothing to forward.
    for what, addresses in (("resolver IP", document.resolver_ips), *document.names.items()):
        outside = [a for a in addresses if networks and not _within(a, networks)]
        if outside:
            raise Refused(
                f"{what} {outside[0]} lies outside the VPC ({', '.join(document.vpc_cidrs)})",
                "nothing was changed; find out who wrote that publication",
            )


def _within(address: str, networks: list[Any]) -> bool:
    return any(ip_address(address) in network for network in networks)


def _as_document(text: str, content: Mapping[str, Any]) -> Document:
    return Document(
        text=text,
        generation=content["generation"],
        state=content["state"],
        account=content["account"],
        region=content["region"],
        vpc_id=content["vpcId"],
        vpc_cidrs=tuple(content["vpcCidrs"]),
        resolver_ips=tuple(content["resolverIps"]),
        mode=content["mode"],
        zones=tuple(content["zones"]),
        names={name: tuple(addresses) for name, addresses in content["names"].items()},
        checksum=content["checksum"],
    )


@cache
def _validator() -> Any:
    schema = files("ecs_anywhere_dns").joinpath("forwarding.schema.json").read_text("utf-8")
    strict: Any = extend(Draft202012Validator, {"pattern": _check_pattern})  # type: ignore[no-untyped-call]
    return strict(json.loads(schema))


def _check_pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    """A schema's `$` is the very end (ECMA 262); Python's is also before a last line end."""
    if isinstance(value, str) and (value.endswith("\n") or not re.search(pattern, value)):
        yield ValidationError(f"{value!r} does not match {pattern!r}")
