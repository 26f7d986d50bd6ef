"""The judgement whether an answer is the one that was published. Pure: a question, its answer, the
document -> a verdict. Right is exactly the addresses of that name's interface endpoint over IPv4,
and no IPv6 address: an agent that is given a public one beside the private ones uses it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Literal

from ecs_anywhere_dns.answers.questions import Answer, Question
from ecs_anywhere_dns.document import Document

Code = Literal[
    "right",
    "ttl",  # right, but it stays in caches for longer than it should
    "truncated",  # over UDP: the same question over TCP has its own verdict
    "timeout",
    "refused",  # nobody listens; the rcode REFUSED is `rcode`
    "unreachable",
    "cut-off",
    "malformed",
    "nxdomain",
    "servfail",
    "rcode",  # any other
    "no-recursion",
    "truncated-on-tcp",
    "cname-loop",
    "cname-escapes",
    "not-forwarded",
    "empty",
    "public",
    "wrong-vpc",
    "wrong-address",
    "public-aaaa",
    "dns64",  # IPv6 addresses that a DNS server made from the published ones
]

ACCEPTED: frozenset[Code] = frozenset({"right", "ttl", "truncated"})
TRANSPORT_TROUBLE: frozenset[Code] = frozenset({"timeout", "refused", "unreachable", "cut-off"})

LONGEST_TTL = 300
"""Seconds. The resolver is expected to say 60; much more keeps old addresses alive in caches."""
LONGEST_CHAIN = 8
"""CNAMEs. The names of AWS need one; a chain of this length has no end."""
NOT_THE_INTERNET = tuple(
    ip_network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
"""RFC 1918 and RFC 6598: outside the VPC they are somebody else's network, not public."""

_PROBLEMS: Mapping[str, Code] = {
    "timeout": "timeout",
    "refused": "refused",
    "unreachable": "unreachable",
    "cut off": "cut-off",
    "malformed": "malformed",
}
_RCODES: Mapping[str, Code] = {"NXDOMAIN": "nxdomain", "SERVFAIL": "servfail"}


@dataclass(frozen=True)
class Verdict:
    """The judgement on one answer. `ok` tells whether `code` is accepted; `detail` is empty where
    the code says it all."""

    question: Question
    ok: bool
    code: Code
    detail: str = ""


@dataclass(frozen=True)
class _Case:
    question: Question
    answer: Answer
    document: Document
    zones: Collection[str]

    @property
    def path(self) -> tuple[str, ...]:
        """Return the names that a client follows through the answer's CNAME records. The path is
        cut after one CNAME too many, so that a loop ends."""
        targets = dict(self.answer.chain)
        path = [self.question.name]
        while path[-1] in targets and len(path) <= LONGEST_CHAIN:
            path.append(targets[path[-1]])
        return tuple(path)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the addresses at the end of the path; a client ignores others."""
        end = self.path[-1]
        return tuple(sorted({address for owner, address in self.answer.addresses if owner == end}))

    @property
    def published(self) -> tuple[str, ...]:
        return tuple(sorted(self.document.names[self.question.name]))


_Finding = tuple[Code, str] | None
"""Code and detail; None where there is nothing to say."""


def judge(
    question: Question, answer: Answer, document: Document, zones: Collection[str]
) -> Verdict:
    """Judge the answer to a question about one of the document's names. `zones` are the zones that
    are, or will be, forwarded: a DNS server asks the internet about every other name."""
    case = _Case(question, answer, document, zones)
    findings = (check(case) for check in _CHECKS)
    code, detail = next((finding for finding in findings if finding), ("right", ""))
    return Verdict(question, code in ACCEPTED, code, detail)


def judge_all(
    answers: Mapping[Question, Answer], document: Document, zones: Collection[str]
) -> tuple[Verdict, ...]:
    return tuple(judge(question, answer, document, zones) for question, answer in answers.items())


def _no_answer(case: _Case) -> _Finding:
    problem = case.answer.problem
    return (_PROBLEMS[problem], "") if problem else None


def _bad_rcode(case: _Case) -> _Finding:
    rcode = case.answer.rcode
    if rcode == "NOERROR":
        return None
    return _RCODES.get(rcode, "rcode"), "" if rcode in _RCODES else rcode


def _no_recursion(case: _Case) -> _Finding:
    return None if case.answer.recursion_available else ("no-recursion", "")


def _truncation(case: _Case) -> _Finding:
    if not case.answer.truncated:
        return None
    if case.question.transport == "tcp":
        return "truncated-on-tcp", ""
    if case.question.type == "AAAA":
        return "malformed", "truncated, over TCP as well, though there should be no address in it"
    return "truncated", ""


def _bad_path(case: _Case) -> _Finding:
    path = case.path
    if len(path) > LONGEST_CHAIN:
        return "cname-loop", f"{' -> '.join(path[:3])} -> … ({LONGEST_CHAIN} CNAMEs and no end)"
    outside = next((name for name in path if not _covered(name, case.zones)), None)
    if outside is None:
        return None
    if outside == case.question.name:
        return "not-forwarded", f"no zone among {', '.join(sorted(case.zones))} covers it"
    return "cname-escapes", f"{outside} is not forwarded: a DNS server asks the internet for it"


def _bad_addresses(case: _Case) -> _Finding:
    return _unexpected_ipv6(case) if case.question.type == "AAAA" else _unlike_published(case)


def _unexpected_ipv6(case: _Case) -> _Finding:
    """Return the finding about IPv6 addresses: every one is wrong. The right answer is NODATA, as
    NXDOMAIN would deny the IPv4 addresses, too."""
    unexpected = [address for address in case.addresses if address not in case.published]
    if not unexpected:
        return None
    made = all(_embeds(address, case.published) for address in unexpected)
    return "dns64" if made else "public-aaaa", f"answers {', '.join(unexpected)}"


def _unlike_published(case: _Case) -> _Finding:
    got, published = case.addresses, case.published
    if not got:
        return "empty", f"no address, published are {', '.join(published)}"
    outside = [a for a in got if not _within(a, case.document.vpc_cidrs)]
    if outside:
        code: Code = "wrong-vpc" if all(map(_is_private, outside)) else "public"
        vpc = f"{case.document.vpc_id} ({', '.join(case.document.vpc_cidrs)})"
        return code, f"answers {', '.join(outside)}, outside {vpc}"
    if got != published:
        return "wrong-address", f"answers {', '.join(got)}, published are {', '.join(published)}"
    return None


def _long_ttl(case: _Case) -> _Finding:
    ttl = case.answer.ttl
    return ("ttl", f"{ttl} s, more than {LONGEST_TTL}") if ttl > LONGEST_TTL else None


_CHECKS: tuple[Callable[[_Case], _Finding], ...] = (
    _no_answer,
    _bad_rcode,
    _no_recursion,
    _truncation,
    _bad_path,
    _bad_addresses,
    _long_ttl,
)
"""The first that finds something decides: what is left of an answer after it proves nothing."""


def _covered(name: str, zones: Collection[str]) -> bool:
    return any(name == zone or name.endswith(f".{zone}") for zone in zones)


def _within(address: str, cidrs: Iterable[str]) -> bool:
    return any(ip_address(address) in ip_network(cidr, strict=False) for cidr in cidrs)


def _embeds(address: str, published: Iterable[str]) -> bool:
    """Return whether an IPv6 address embeds one of the IPv4 addresses (RFC 6052, 2.2), with
    prefixes of 32 to 96 bits; byte 8 is left out of all but the longest."""
    said = ip_address(address).packed
    carried = {said[12:], *((said[:8] + said[9:])[start : start + 4] for start in range(4, 9))}
    return len(said) > 4 and any(ip_address(each).packed in carried for each in published)


def _is_private(address: str) -> bool:
    return any(ip_address(address) in network for network in NOT_THE_INTERNET)
