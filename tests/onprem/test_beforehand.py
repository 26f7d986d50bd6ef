"""What the DNS server would do with the published names, asked before anything is switched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ecs_anywhere_dns.answers.asking import Asking
from ecs_anywhere_dns.answers.questions import Answer, Question
from ecs_anywhere_dns.document import read_document
from ecs_anywhere_dns.following.beforehand import (
    check_reach,
    hosts_entries,
    out_of_reach,
    own_answers,
)
from ecs_anywhere_dns.outcome import CheckFailed

from tests.onprem.example import published
from tests.onprem.example import settings as settings_of
from tests.onprem.lab.lab import Lab
from tests.onprem.test_apply import apply
from tests.onprem.test_commands import amiss

DOCUMENT = read_document(published())
NAME = min(DOCUMENT.names)
RIGHT = Answer(
    rcode="NOERROR",
    addresses=tuple((NAME, address) for address in DOCUMENT.names[NAME]),
    authoritative=True,
)


@dataclass
class Asked:
    """A host whose DNS server answers `answer` for one name, and refuses all others."""

    answer: Answer
    sources: tuple[str, ...] = ()

    @property
    def host(self) -> Any:
        return self

    @property
    def settings(self) -> Any:
        return settings_of()

    @property
    def server(self) -> Any:
        return _Server(self.sources)

    def asks(self, questions: list[Question]) -> dict[Question, Answer]:
        refused = Answer(rcode="REFUSED")
        return {q: self.answer if q.name == NAME else refused for q in questions}


@dataclass
class _Server:
    from_where: tuple[str, ...]
    title: str = "dnsmasq"

    def sources(self) -> tuple[str, ...]:
        return self.from_where


def test_a_hosts_entry_with_an_endpoint_of_before_is_named() -> None:
    old = replace(RIGHT, addresses=((NAME, "10.99.0.7"),))
    (finding,) = own_answers(Asked(old).host, DOCUMENT)
    assert NAME in finding.what and "10.99.0.7" in finding.what and finding.cure


@pytest.mark.parametrize(
    "answer",
    [
        RIGHT,
        replace(RIGHT, addresses=((NAME, "198.51.100.7"),)),
        replace(RIGHT, addresses=((NAME, "10.99.0.7"),), authoritative=False),
        Answer("timeout"),
    ],
    ids=["right", "of the internet", "only cached", "silent"],
)
def test_what_is_right_or_not_its_own_is_no_finding(answer: Answer) -> None:
    assert list(own_answers(Asked(answer).host, DOCUMENT)) == []


@dataclass
class _WithHosts(_Server):
    from_where: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    def hosts_files(self) -> tuple[Path, ...]:
        return self.files


@dataclass
class _WithHostsFile:
    server: _WithHosts


@pytest.mark.parametrize(
    ("addresses", "is_right"),
    [
        (DOCUMENT.names[NAME], True),
        (DOCUMENT.names[NAME][:1], False),
        ((*DOCUMENT.names[NAME], "2001:db8::7"), False),
        (("10.99.0.7",), False),
        (("198.51.100.7",), False),
    ],
    ids=["all as published", "one of two", "one of IPv6 besides", "of before", "of the internet"],
)
def test_a_published_name_in_a_hosts_file_is_well_only_with_exactly_its_addresses(
    tmp_path: Path, addresses: tuple[str, ...], is_right: bool
) -> None:
    files = [tmp_path / "hosts", tmp_path / "more"]
    files[0].write_text(f"127.0.0.1 localhost\n# {NAME}\n{addresses[0]}\tA.b  {NAME.upper()}.\n")
    files[1].write_text("".join(f"{address} {NAME} # x\n" for address in addresses[1:]))
    host: Any = _WithHostsFile(_WithHosts(files=(*files, tmp_path / "none")))
    (finding,) = hosts_entries(host, DOCUMENT)
    assert finding.ok == is_right
    assert f"{files[0]}:3" in finding.what and NAME in finding.what and finding.cure


def test_a_server_that_reads_no_hosts_file_is_not_asked_for_any() -> None:
    assert list(hosts_entries(Asked(RIGHT).host, DOCUMENT)) == []


def test_an_address_to_ask_from_that_nobody_answers_stops_a_switch() -> None:
    silent = Asked(Answer("timeout"), ("10.10.0.9",)).host
    (finding,) = out_of_reach(silent, DOCUMENT)
    assert "10.10.0.9" in finding.what and "timeout" in finding.what
    with pytest.raises(CheckFailed, match=r"from 10\.10\.0\.9"):
        check_reach(silent, DOCUMENT, DOCUMENT.resolver_ips)
    check_reach(silent, DOCUMENT, ())


def test_an_address_to_ask_from_that_is_answered_is_fine() -> None:
    assert list(out_of_reach(Asked(RIGHT, ("10.10.0.9",)).host, DOCUMENT)) == []


def test_questions_are_asked_from_the_address_that_they_name() -> None:
    """From one that this host has not, nothing can be asked."""
    questions = [Question("127.0.0.1", 9, NAME, source=ip) for ip in ("127.0.0.1", "192.0.2.1")]
    said = [answer.problem for answer in Asking(patience=0.5, tries=1)(questions).values()]
    assert said == ["refused", "unreachable"]


def test_a_hosts_file_is_named_by_doctor(lab: Lab, tmp_path: Path) -> None:
    entry = tmp_path / "hosts"
    name = min(lab.names)
    entry.write_text(f"10.99.0.7 {name}\n")
    lab.start("dnsmasq", f"addn-hosts={entry}")
    lab.publish()
    assert [what for what in amiss(lab) if name in what and f"10.99.0.7 at {entry}:1" in what]
    assert apply(lab)["exit"]
    entry.write_text(f"198.51.100.7 {name.upper()}. other # one of the internet\n")
    assert [what for what in amiss(lab) if name in what and f"198.51.100.7 at {entry}:1" in what]
