"""Show what was found: tables that fit on one screen. Words of others stay words."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal, TypeVar

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from ecs_anywhere.agents import Agent
from ecs_anywhere.chain import Checked
from ecs_anywhere.costs import Waste
from ecs_anywhere.examining import Examined
from ecs_anywhere.explaining import Explanation
from ecs_anywhere.host_checks import summary
from ecs_anywhere.leaks import Leak
from ecs_anywhere.manual import Place
from ecs_anywhere.overview import Line, total
from ecs_anywhere.planning import Planned, Price
from ecs_anywhere.prices import Prices
from ecs_anywhere.watching import Step

COLOURS = {
    "connected": "green",
    "planned": "cyan",
    "waiting": "cyan",
    "removing": "cyan",
    "removed": "dim",
    "failed": "bold red",
    "held-up": "bold yellow",
}
Thing = TypeVar("Thing")
NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
"""A host name, as a plan lists those that change their answer."""
_SERVICE = r"(?:com\.amazonaws\.[a-z0-9-]+\.)?(?P<service>[^\s)]+)"
ALIKE = (
    (
        re.compile(rf"make interface endpoint \S+ in (?P<of>.+): {_SERVICE} has none"),
        "make {count} interface endpoints in {of}, as there are none: {services}",
    ),
    (
        re.compile(rf"turn off private DNS of vpce-\S+ \({_SERVICE}\): its (?P<of>.+) it goes"),
        "turn off private DNS of {count} interface endpoints, whose {of} they go: {services}",
    ),
    (
        re.compile(rf"remove vpce-\S+ \({_SERVICE}\): (?P<of>.+)"),
        "remove {count} interface endpoints, as {of}: {services}",
    ),
)
"""Steps of a plan that differ in their service alone, and how several of them are said at once."""
AS_WIDE_AS_THEY_ARE = 10_000
"""Characters of a line in a pipe: whoever reads it there wants a line whole."""
MONTHLY = "a month"
NARROW = {"VPC": 21, "state": 11, "DNS hosts": 9, "verified": 12, MONTHLY: 10}
"""Columns that fit a terminal of 80 characters, and how wide each is."""
VERDICTS = {"good": "green", "warning": "bold yellow", "bad": "bold red"}


def status(lines: Sequence[Line], prices: Prices) -> RenderableType:
    """Return the VPCs as a table, and below it what needs a person."""
    if not lines:
        return Text("No VPC asks for anything. Set the tag, or: ecs-anywhere enable vpc-...")
    shown: list[RenderableType] = [FirstThatFits(_table(lines), _narrow_table(lines))]
    if any(line.at_work for line in lines):
        shown.append(Text("* an execution is at work", style="dim"))
    for line in lines:
        if remarks := [*_of_container_hosts(line), *line.remarks]:
            shown.append(Text(f"\n{line.vpc} {line.state}", style=COLOURS.get(line.state, "")))
            shown += [_indented(remark) for remark in remarks]
    said = f"\nabout {total(lines):,.2f} a month ({prices.of}), traffic apart"
    return Group(*shown, Text(said, style="dim"))


class FirstThatFits:
    """The wide form where it fits the terminal, else the narrow one: a table that is squeezed has
    columns that nobody can read, or loses the last ones."""

    def __init__(self, wide: RenderableType, narrow: RenderableType) -> None:
        self._wide, self._narrow = wide, narrow

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        needed = console.measure(self._wide, options=options.update(width=AS_WIDE_AS_THEY_ARE))
        yield self._wide if needed.maximum <= options.max_width else self._narrow


def _table(lines: Sequence[Line]) -> Table:
    """Return one row for each VPC, with all that is known of it."""
    has_places = _are_of_several_places(lines)
    table = Table(box=None, pad_edge=False, header_style="bold")
    places = ("where",) if has_places else ()
    for name in ("VPC", "name", *places, "state", "resolver IPs", "DNS hosts", "verified"):
        table.add_column(name, no_wrap=True)
    table.add_column(MONTHLY, justify="right", no_wrap=True)
    for line in lines:
        where = (Text(_place(line)),) if has_places else ()
        vpc, state, *rest = _cells(line)
        ips = Text(" ".join(line.resolver_ips))
        table.add_row(vpc, Text(line.name), *where, state, ips, *rest)
    return table


def _narrow_table(lines: Sequence[Line]) -> RenderableType:
    """Return two rows for each VPC: its name, place and addresses below the rest."""
    has_places = _are_of_several_places(lines)
    shown: list[RenderableType] = [_narrow_row(*map(Text, NARROW), style="bold")]
    for line in lines:
        shown.append(_narrow_row(*_cells(line)))
        place = _place(line) if has_places else ""
        if beside := "  ".join(filter(None, (line.name, place, " ".join(line.resolver_ips)))):
            shown.append(_indented(beside))
    return Group(*shown)


def _narrow_row(*cells: Text, style: str = "") -> Table:
    row = Table.grid(padding=(0, 2, 0, 0))
    for name, width in NARROW.items():
        justify: Literal["left", "right"] = "right" if name == MONTHLY else "left"
        row.add_column(width=width, no_wrap=True, style=style, justify=justify)
    row.add_row(*cells)
    return row


def _cells(line: Line) -> tuple[Text, ...]:
    """Return what every form of the table shows of a VPC."""
    return (
        Text(line.vpc),
        Text(line.state + (" *" if line.at_work else ""), style=COLOURS.get(line.state, "")),
        Text(f"{line.hosts_confirmed} of {line.hosts}" if line.hosts else "-"),
        Text(_ago(line.verified_at)),
        Text(f"{line.monthly:,.2f}"),
    )


def _are_of_several_places(lines: Iterable[Line]) -> bool:
    return len({_place(line) for line in lines}) > 1


def _place(line: Line) -> str:
    return f"{line.account} {line.region}"


def _of_container_hosts(line: Line) -> Iterator[str]:
    """Yield how many are private, which are not, and when the last one was looked at."""
    if line.container_hosts:
        last = max(each.checked_at for each in line.container_hosts)
        yield f"{summary(line.container_hosts)}, last checked {_ago(last) if last else 'never'}"


def _indented(line: str) -> RenderableType:
    return Padding(Text(line), (0, 0, 0, 2), expand=False)


def _ago(at: float) -> str:
    if not at:
        return "-"
    minutes = max(0, int(time.time() - at)) // 60
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440} d ago"


def plan(planned: Planned) -> RenderableType:
    """Return what would be made, where, for whom it changes something, and what it costs."""
    check, is_unsure = planned.check, planned.most.monthly > planned.least.monthly
    change = "may change" if is_unsure else "change"
    parts: list[tuple[str, Iterable[str]]] = [
        ("would be made or changed", check.steps or ("nothing: all is as it shall be",)),
        ("asked first, and adopted if it fits", check.to_ask),
        ("subnets", check.placement),
        ("whom the endpoints serve", check.policies),
        (f"names that {change} their answer for every workload in the VPC", check.private_names),
        ("firewalls have to let through", check.firewall),
        ("warnings", check.warnings),
    ]
    if check.teardown:
        said = check.teardown.as_json()
        parts += [("would go if nothing was asked for", said["goes"]), ("and stay", said["stays"])]
    shown: list[RenderableType] = []
    for title, found in parts:
        if lines := list(found):
            shown.append(Text(f"{title} ({len(lines)})", style="bold"))
            shown += [_indented(line) for line in _together(lines)]
    cost = _cost(planned.least)
    if is_unsure:
        cost += f"; {_cost(planned.most)} if the Route 53 Profile answers for nothing"
    shown.append(Text(f"{cost} ({planned.prices}), traffic apart. Nothing was made.", style="bold"))
    return Group(*shown)


def _cost(price: Price) -> str:
    return f"{price.hourly:.3f} an hour, about {price.monthly:,.2f} a month"


def _together(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines; those that are `ALIKE` as one, where the first of them stands, and names as
    one: one screen has to do."""
    if lines and all(NAME.fullmatch(line) for line in lines):
        yield " ".join(lines)
        return
    services: dict[tuple[str, str], list[str]] = {}
    found = [_alike(line) for line in lines]
    for kind, service in filter(None, found):
        services.setdefault(kind, []).append(service)
    for line, alike in zip(lines, found, strict=True):
        if alike is None or len(services[alike[0]]) == 1:
            yield line
        elif several := services[alike[0]]:
            said, of = alike[0]
            yield said.format(count=len(several), of=of, services=" ".join(several))
            services[alike[0]] = []


def _alike(line: str) -> tuple[tuple[str, str], str] | None:
    """Return what a step has in common with others, and its service; None for any other line."""
    for pattern, said in ALIKE:
        if found := pattern.fullmatch(line):
            return (said, found["of"]), found["service"]
    return None


def costs(wasted: Sequence[Waste], prices: Prices) -> RenderableType:
    """Return what is wasted, the dearest first, each with what can be done, and the sum."""
    if not wasted:
        return Text("Nothing is paid for that serves nobody, or serves twice.")
    shown: list[RenderableType] = []
    for each in wasted:
        where = " ".join(filter(None, (each.kind, each.vpc)))
        shown.append(Text(f"{each.monthly:>9,.2f}  {where}: {each.why}", style="bold"))
        shown += [_below(" ".join(each.ids)), _below(f"-> {each.cure}")]
    total = sum(each.monthly for each in wasted)
    said = f"{total:>9,.2f}  a month ({prices.of}). Nothing was changed."
    return Group(*shown, Text(said, style="bold"))


def leaks(found: Sequence[Leak], looked_at: int) -> RenderableType:
    """Return who still goes over the internet, and what to do there."""
    shown: list[RenderableType] = []
    for each in found:
        said = f"{each.who} reaches {each.service} publicly: {each.times} times, {each.since}"
        shown.append(Text(f"{said} to {each.last}", style="bold"))
        shown += [_indented(" ".join((*each.names, *each.addresses))), _indented(f"-> {each.cure}")]
    none = "None of them tells of a container host or task on a public way."
    said = f"{looked_at} records were looked at. {'' if found else none}"
    return Group(*shown, Text(said.strip(), style="dim"))


def _below(line: str) -> RenderableType:
    return Padding(Text(line), (0, 0, 0, 11), expand=False)


def step(happened: Step) -> Text:
    at = datetime.fromtimestamp(happened.at, UTC).strftime("%H:%M:%S")
    said = happened.state or f"  waits: {happened.reason}"
    return Text(f"{at}  {said}", style="" if happened.state else "dim")


def agents(found: Sequence[Agent]) -> RenderableType:
    """Return the container hosts as a table, and below it what a person does next for each."""
    if not found:
        return Text("No container host is registered for it: ecs-anywhere agents activate vpc-...")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("instance", "host", "SSM agent", "ECS agent", "way", "checked"):
        table.add_column(name, no_wrap=name == "instance", overflow="fold")
    ecs = {True: "connected", False: "not connected", None: "not in the cluster"}
    below: list[RenderableType] = []
    for each in found:
        style = "" if each.is_well else VERDICTS["warning"]
        words = (each.check.instance, each.check.name, each.ping or "unknown", ecs[each.connected])
        rest = (each.check.word, _ago(each.check.checked_at))
        table.add_row(*(Text(word, style=style) for word in (*words, *rest)))
        if each.next_step:
            below += [Text(f"\n{each.check.label}", style=style), _indented(f"-> {each.next_step}")]
    return Group(table, *below)


def examined(found: Sequence[Examined]) -> RenderableType:
    table = Table(box=None, pad_edge=False, show_header=False)
    for each in found:
        said = Text(each.said)
        if each.cure:
            said.append(f"\n-> {each.cure}", style="italic")
        table.add_row(Text(each.verdict, style=VERDICTS[each.verdict]), Text(each.what), said)
    return table


def chains(checked: Checked) -> RenderableType:
    """Return what came of checking kept records."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for each in checked.found:
        style = VERDICTS["bad" if each.is_problem else "warning"]
        table.add_row(Text(each.kind, style=style), Text(each.where), Text(each.what))
    for vpc, (number, sha256) in checked.last.items():
        said = f"records: {checked.records[vpc]}, the last is {number}, SHA-256 {sha256}"
        table.add_row(Text("read"), Text(vpc), Text(said))
    for what in checked.not_checked:
        table.add_row(Text("not checked", style="dim"), Text(""), Text(what))
    whole = "broken" if checked.problems else "whole"
    signed = "signatures checked" if checked.signed else "not signed: who may write may forge"
    return Group(table, Text(f"{whole}, {signed}"))


def counted(things: Iterable[Thing], what: str) -> Iterator[Thing]:
    """Yield the things, and show on the terminal of standard error how many there were so far."""
    columns = (SpinnerColumn(), TextColumn(f"{{task.completed}} {what}"))
    error = Console(stderr=True)
    with Progress(*columns, console=error, transient=True, disable=not error.is_terminal) as shown:
        task = shown.add_task(what, total=None)
        for thing in things:
            yield thing
            shown.advance(task)


def explanations(found: Sequence[Explanation]) -> RenderableType:
    """Return each explanation, with an empty line between two."""
    shown = [part for each in found for part in (Text(), _explanation(each))]
    return Group(*shown[1:])


def _explanation(found: Explanation) -> RenderableType:
    then = "then" if found.at_most else "do"
    said = {"means": found.cause, "at most": found.at_most, then: found.cure}
    return Group(
        Text(found.name, style="bold"),
        *(Text(f"{label:7}  {words}") for label, words in said.items() if words),
        *(Text(f"  {problem}\n    -> {cure}") for problem, cure in found.more),
        *(_section(place) for place in found.places),
    )


def _section(place: Place) -> RenderableType:
    """Return a section of the manual, and where it goes on."""
    where = place.address if place.is_whole else f"{place.address} goes on"
    lines = (Text(f"  {line}".rstrip()) for line in (*place.lines, where))
    return Group(Text(f"\n{place.title}", style="bold"), *lines)


def console() -> Console:
    """Return where answers go. Into a pipe they go without colours, and as wide as they are."""
    out = Console(highlight=False)
    if not out.is_terminal:
        return Console(highlight=False, width=AS_WIDE_AS_THEY_ARE)
    return out
