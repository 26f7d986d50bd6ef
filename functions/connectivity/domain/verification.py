"""The judgement whether every name resolves to its own interface endpoint, and to nothing else.

The questions go to the probe inside the VPC, which asks and does not judge; its answers come back
here. An answer is right when it is the set of addresses that the endpoint has: not a part of it,
not more, not a public address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

TRANSPORTS: tuple[Literal["udp", "tcp"], ...] = ("udp", "tcp")
HTTPS = 443
_NO_ANSWER = {"addresses": (), "chain": (), "error": "no answer", "milliseconds": 0}


@dataclass(frozen=True)
class Target:
    """A private DNS name and where it has to lead."""

    service: str
    name: str
    """The name as it is asked for; a wildcard is asked for by `example(name)`."""
    addresses: tuple[str, ...]
    from_wildcard: bool = False


@dataclass(frozen=True)
class Finding:
    """One row of the evidence: what was asked, of whom, what was expected, what came."""

    name: str
    resolver: str
    """The resolver IP that was asked, or the address on which TLS was opened."""
    transport: str
    expected: tuple[str, ...]
    got: tuple[str, ...]
    chain: tuple[str, ...] = ()
    """The CNAMEs followed, in order."""
    error: str = ""
    milliseconds: float = 0

    @property
    def ok(self) -> bool:
        return not self.error and set(self.got) == set(self.expected) != set()

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "resolver": self.resolver,
            "transport": self.transport,
            "expected": list(self.expected),
            "got": list(self.got),
            "chain": list(self.chain),
            "error": self.error,
            "milliseconds": self.milliseconds,
            "ok": self.ok,
        }


def example(private_name: str, account: str, region: str) -> str:
    """Return a name that agents really look up under a wildcard; any other name stands for itself.

    Image layers of Amazon ECR come from `prod-<region>-starport-layer-bucket`, images from
    `<account>.dkr.ecr`.
    """
    if not private_name.startswith("*."):
        return private_name
    rest = private_name.removeprefix("*.")
    label = f"prod-{region}-starport-layer-bucket" if rest.startswith("s3.") else account
    return f"{label}.{rest}"


def questions(targets: Iterable[Target], resolver_ips: Sequence[str]) -> dict[str, Any]:
    """Return the questions for the probe: every name of every resolver IP over both transports, and
    one TLS handshake per address, with the endpoint's first name."""
    targets = tuple(targets)
    return {
        "dns": [
            {"name": target.name, "resolver": ip, "transport": transport}
            for target in targets
            for ip in resolver_ips
            for transport in TRANSPORTS
        ],
        "tls": [
            {"name": name, "address": address, "port": HTTPS}
            for address, name in _tls_targets(targets).items()
        ],
    }


def judge(
    targets: Iterable[Target], asked: Mapping[str, Any], answers: Mapping[str, Any]
) -> tuple[Finding, ...]:
    """Return a finding for every question that was asked, whether it was answered or not."""
    expected = {target.name: target.addresses for target in targets}
    return (
        *_dns_findings(expected, _paired(asked["dns"], answers["dns"])),
        *_tls_findings(_paired(asked["tls"], answers["tls"])),
    )


def as_table(findings: Iterable[Finding]) -> str:
    """Return the findings in lines: name, resolver, transport, expected, got."""
    return "\n".join(
        f"{f.name} asked of {f.resolver} over {f.transport}: expected {_listed(f.expected)}, "
        f"got {_listed(f.got)}{f' ({f.error})' if f.error else ''}"
        for f in findings
    )


def cname_targets(findings: Iterable[Finding]) -> frozenset[str]:
    """Return the names that answers lead through: on-premises has to forward them too."""
    return frozenset(name for finding in findings for name in finding.chain)


def _tls_targets(targets: Iterable[Target]) -> dict[str, str]:
    """Return address -> name. A name made from a wildcard comes first: the certificate of Amazon
    ECR is good for `*.dkr.ecr.<region>` and not for the bare name."""
    names: dict[str, str] = {}
    for target in sorted(targets, key=lambda target: not target.from_wildcard):
        for address in target.addresses:
            names.setdefault(address, target.name)
    return names


def _paired(
    asked: Iterable[Mapping[str, Any]], answers: Iterable[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield each question with its answer, which repeats the question."""
    answers = tuple(answers)
    for question in asked:
        answered = (a for a in answers if question.items() <= a.items())
        yield {**question, **next(answered, _NO_ANSWER)}


def _dns_findings(
    expected: Mapping[str, tuple[str, ...]], answers: Iterable[Mapping[str, Any]]
) -> Iterator[Finding]:
    for answer in answers:
        yield Finding(
            name=answer["name"],
            resolver=answer["resolver"],
            transport=answer["transport"],
            expected=tuple(sorted(expected[answer["name"]])),
            got=tuple(sorted(answer["addresses"])),
            chain=tuple(answer["chain"]),
            error=answer["error"],
            milliseconds=answer["milliseconds"],
        )


def _tls_findings(answers: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    for answer in answers:
        yield Finding(
            name=answer["name"],
            resolver=answer["address"],
            transport="tls",
            expected=(answer["address"],),
            got=() if answer["error"] else (answer["address"],),
            error=answer["error"],
            milliseconds=answer["milliseconds"],
        )


def _listed(addresses: Iterable[str]) -> str:
    return " ".join(addresses) or "nothing"
