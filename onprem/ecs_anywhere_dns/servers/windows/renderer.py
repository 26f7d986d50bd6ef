"""The script for Windows DNS Server: what was published, then `forward.ps1`, which never changes.

What a zone needs can be told only on that server, where its state is known: `forward.ps1` decides
there, by the table above its function `Get-Step`. It was never run on Windows. It is written by
Microsoft's references of the modules DnsServer and DnsClient
(learn.microsoft.com/powershell/module/dnsserver, …/dnsclient), and the tests run it with an
interpreter of their own against a model of those modules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.forwarding import DNS_PORT, Forwarding
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.servers.contract import HEADER, Fragment

TIMEOUT = 3
"""Seconds for one resolver IP. Microsoft's default is 3, too; it is said so that it stays."""


@dataclass(frozen=True)
class Windows:
    name = "windows"
    title = "Windows DNS Server"

    document: Document
    """The published document: the script names its memory after the VPC, and compares answers with
    it."""

    def fragments(self, forwarding: Forwarding) -> tuple[Fragment, ...]:
        """Return the script. Its second run changes nothing. Raises BadUsage for another port than
        53: a conditional forwarder has none."""
        if forwarding.port != DNS_PORT:
            raise BadUsage(
                f"Windows DNS Server cannot forward to port {forwarding.port}",
                "use resolver_port = 53",
            )
        head = f"# {HEADER}\n# {forwarding.label}\n"
        start, rest = _script().split("# <what was published>\n")
        # Windows PowerShell 5.1 takes lines that end either way.
        text = head + start + "".join(f"{line}\n" for line in self._values(forwarding)) + rest
        return (Fragment(Path("ecs-anywhere-dns.ps1"), text),)

    def _values(self, forwarding: Forwarding) -> Iterator[str]:
        answers = {} if forwarding.is_none else self.document.names
        yield f"$vpc = '{self.document.vpc_id}'"
        yield f"$generation = {self.document.generation}"
        yield from _list("zones", _quoted(forwarding.zones))
        yield from _list("resolvers", _quoted(forwarding.forwarders))
        yield f"$timeout = {TIMEOUT}"
        yield from _list(
            "answers",
            (
                f"@{{ Name = '{name}'; Addresses = @({', '.join(_quoted(addresses))}) }}"
                for name, addresses in sorted(answers.items())
            ),
        )


def _script() -> str:
    return files("ecs_anywhere_dns").joinpath("servers/windows/forward.ps1").read_text("utf-8")


def _list(name: str, items: Iterable[str]) -> Iterator[str]:
    """Yield the lines of an array, one item on each."""
    lines = list(items)
    yield f"${name} = @({'' if lines else ')'}"
    yield from (f"    {line}{',' if line is not lines[-1] else ''}" for line in lines)
    if lines:
        yield ")"


def _quoted(words: Iterable[str]) -> Iterator[str]:
    """Yield each word as a literal of PowerShell. Names and addresses hold no quotation mark: the
    document was read and found fit."""
    return (f"'{word}'" for word in words)
