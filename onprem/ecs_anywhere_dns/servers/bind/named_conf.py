"""The grammar of named.conf: what `named-checkconf -p` prints, and our own fragments.

There, includes are read in and defaults of the syntax are spelt out, so that nothing has to be
looked for in the administrator's files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from itertools import pairwise

from ecs_anywhere_dns.servers.mark import holds

TOKEN = re.compile(
    r'(?P<comment>//[^\n]*|#[^\n]*|/\*.*?\*/)|"(?:[^"\\]|\\.)*"|[{};]|[^\s{};"]+', re.DOTALL
)

NOTE = re.compile(r"^[^\s\"{};][^\"{};\n]*:\d+: .*$", re.MULTILINE)
"""A warning of the checker, as `/etc/bind/named.conf:4: option 'auto-dnssec' is deprecated`. It
stands on standard output, before the configuration (9.18, measured)."""


@dataclass(frozen=True)
class Statement:
    """A statement: `deny-answer-addresses { 10.0.0.0/8; } except-from { "a"; };` has two words and
    two blocks."""

    words: tuple[str, ...]
    """The words as they are written, with quotes."""
    blocks: tuple[tuple[Statement, ...], ...] = ()

    @property
    def key(self) -> str:
        return self.words[0] if self.words else ""

    @property
    def value(self) -> str:
        """Return the word after the key, without quotes."""
        return self.words[1].strip('"') if len(self.words) > 1 else ""

    @property
    def block(self) -> Block:
        return self.blocks[0] if self.blocks else ()


Block = tuple[Statement, ...]


def read(text: str) -> Block:
    """Return the statements of a text that named-checkconf accepted: its brackets match."""
    return _block(m[0] for m in TOKEN.finditer(text) if m["comment"] is None)


def read_printed(text: str, notes: Callable[[], str] = str) -> Block:
    """Return the statements that `named-checkconf -p` printed, without its warnings. `notes`
    returns the warnings alone; it is called only for a warning whose form is not known here."""
    printed = NOTE.sub("", text).strip()
    if printed and not printed.partition("\n")[0].rstrip().endswith(("{", ";")):
        remarks = set(notes().splitlines())
        printed = "\n".join(line for line in text.splitlines() if line not in remarks)
    return read(printed)


def _block(parts: Iterator[str]) -> Block:
    statements: list[Statement] = []
    words: list[str] = []
    blocks: list[Block] = []
    for part in parts:
        if part == "}":
            break
        if part == "{":
            blocks.append(_block(parts))
        elif part == ";":
            statements.append(Statement(tuple(words), tuple(blocks)))
            words, blocks = [], []
        else:
            words.append(part)
    return tuple(statements)


def find(block: Block, key: str) -> Statement | None:
    return next((statement for statement in block if statement.key == key), None)


def names_in(block: Block) -> tuple[str, ...]:
    """Return the domain names of a list in lower case, without quotes and final dot."""
    return tuple(domain(statement.key) for statement in block)


def domain(word: str) -> str:
    return word.strip('"').lower().rstrip(".") or "."


@dataclass(frozen=True)
class View:
    """A view: the part of a configuration that serves some clients. A configuration without `view`
    is one view."""

    label: str
    """`view "internal"`; empty where there are no views."""
    statements: Block
    options: Block
    """The global ones, which hold where the view says nothing."""
    shared: Block = field(default=(), repr=False)
    """The top level of the whole configuration, where `acl` and `server` stand."""

    @property
    def title(self) -> str:
        return self.label or "named"

    def option(self, key: str) -> Statement | None:
        return find(self.statements, key) or find(self.options, key)

    def peer(self, address: str) -> Statement | None:
        """Return the `server` statement that holds for an address: that of the smallest network. A
        view's own statements replace all shared ones."""
        own = [s for s in self.statements if s.key == "server"]
        all_of_them = own or [s for s in self.shared if s.key == "server"]
        fitting = [s for s in all_of_them if holds(s.value, address)]
        return max(fitting, key=lambda s: ip_network(s.value, strict=False).prefixlen, default=None)

    def lists(self, block: Block, address: str) -> bool:
        """Return whether an address match list of this configuration surely holds the address."""
        return _matched(block, address, {a.value: a.block for a in self.shared if a.key == "acl"})

    @property
    def recurses(self) -> bool:
        """Return whether the view does recursion: without it named forwards nothing."""
        option = self.option("recursion")
        return option is None or option.value != "no"

    @property
    def validates(self) -> bool:
        """Return whether the view validates DNSSEC. `auto` is the default, and Debian's setting."""
        option = self.option("dnssec-validation")
        return option is None or option.value != "no"

    @property
    def exempt(self) -> tuple[str, ...]:
        """Return the names that are exempt from validation. A view's list replaces the global one
        (measured)."""
        option = self.option("validate-except")
        return names_in(option.block) if option else ()

    @property
    def policy_zones(self) -> tuple[str, ...]:
        """Return the response policy zones that may rewrite answers."""
        policies = self.option("response-policy")
        harmless = {("policy", "disabled"), ("policy", "passthru")}
        return tuple(
            domain(said.words[1])
            for said in (policies.block if policies else ())
            if said.key == "zone" and harmless.isdisjoint(pairwise(said.words))
        )

    @property
    def zones(self) -> Mapping[str, Statement]:
        return {domain(s.words[1]): s for s in self.statements if s.key == "zone"}


def views_of(configuration: Block) -> tuple[View, ...]:
    """Return the views of class IN, in their order."""
    options = find(configuration, "options")
    shared = options.block if options else ()
    views = [s for s in configuration if s.key == "view"]
    if not views:
        return (View("", configuration, shared, configuration),)
    return tuple(
        View(" ".join(view.words[:2]), view.block, shared, configuration)
        for view in views
        if [word.upper() for word in view.words[2:]] in ([], ["IN"])
    )


def zone_type(zone: Statement) -> str:
    """Return the type of a zone, such as `forward` or `primary`; older words are translated."""
    said = find(zone.block, "type")
    older = {"master": "primary", "slave": "secondary"}
    return older.get(said.value, said.value) if said else "in-view"


def _matched(block: Block, address: str, named: Mapping[str, Block]) -> bool:
    """Return whether an address match list holds the address: its first entry that fits decides.
    Entries that only a running named can judge (keys, its interfaces, countries) fit no address
    here."""
    for entry in block:
        # `!"vpc"` is printed as two words, `!10.0.0.0/8` as one.
        said = "".join(entry.words)
        word, negated = said.lstrip("!").strip('"'), said.startswith("!")
        if entry.blocks:
            fits = _matched(entry.block, address, named)
        elif word in named:
            rest = {name: listed for name, listed in named.items() if name != word}
            fits = _matched(named[word], address, rest)
        else:
            fits = word == "any" or holds(word, address)
        if fits:
            return not negated
    return False
