"""Write the manual page ecs-anywhere-dns(8) of the pick-up tool.

    PYTHONPATH=onprem .venv/bin/python scripts/manual_page.py onprem/man/ecs-anywhere-dns.8

Commands and options are those of the parser, exit codes those of `outcome`, and the rest are
sections of onprem/README.md, whose tables tests compare with the code. The page is kept in the
repository, because the wheel is built where the tool's libraries are not installed; a test compares
it with this script. Its language is man(7).
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ecs_anywhere_dns import __version__
from ecs_anywhere_dns.cli import parser
from ecs_anywhere_dns.commands import NAME
from ecs_anywhere_dns.outcome import MEANINGS

README = Path(__file__).parents[1] / "onprem" / "README.md"
CELL = re.compile(r"(?<!\\)\|")
MARK = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[([^\]]+)\]\([^)]*\)")
"""Code, strong text, emphasis, and a link, of which the text stays."""
OF_EACH = ("-h", "--json")
"""Options that every command has."""


def page() -> str:
    """Return the text of the page."""
    readme = README.read_text("utf-8")
    whole = parser()
    lines = [
        '.\\" Written by scripts/manual_page.py from the parser and onprem/README.md.',
        f'.TH {_escaped(NAME.upper())} 8 "" "{NAME} {__version__}"',
        ".SH NAME",
        f"{_escaped(NAME)} \\- {_escaped(_lower(whole.description or ''))}",
        ".SH SYNOPSIS",
        f"{_strong(NAME)} [{_strong('--config')} {_slanted('FILE')}] {_slanted('COMMAND')} "
        f"[{_strong('--json')}] [{_slanted('OPTION')} ...]",
        ".SH DESCRIPTION",
        *_paragraphs(_before(readme, "## Install").split("\n", 1)[1]),
        ".SH OPTIONS",
        *_options(whole, is_command=False),
        ".SH COMMANDS",
        _inline("Every command takes `--help`, and `--json` for machines."),
        *_commands(whole, _rows(readme, "Synopsis")),
        ".SH EXIT STATUS",
        *_terms((str(int(code)), meaning) for code, meaning in MEANINGS.items()),
        ".SH CONFIGURATION",
        *_paragraphs(_section(readme, "Configuration")),
        ".SH MONITORING",
        *_paragraphs(_section(readme, "Monitoring")),
        ".SH FILES",
        *_paragraphs(_section(readme, "Files")),
        ".SH EXAMPLES",
        *_paragraphs(_section(readme, "First use")),
        ".SH SEE ALSO",
        ".BR named.conf (5),\n.BR unbound.conf (5),\n.BR dnsmasq (8),\n.BR systemd.timer (5)",
    ]
    return "".join(f"{line}\n" for line in lines)


def _options(command: argparse.ArgumentParser, *, is_command: bool) -> Iterator[str]:
    """Yield a paragraph for each option, with what it takes."""
    for action in command._actions:
        if not action.option_strings or (is_command and action.option_strings[0] in OF_EACH):
            continue
        takes = "" if action.nargs == 0 else f" {_slanted(_metavar(action))}"
        names = ", ".join(_strong(name) for name in action.option_strings)
        yield from (".TP", f"{names}{takes}")
        yield _escaped(_sentence(action.help or _choices(action) or "See CONFIGURATION"))
        if action.help and action.choices:
            yield _escaped(f"One of: {_choices(action)}.")


def _commands(whole: argparse.ArgumentParser, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a subsection for each command: what the README says of it, then its options."""
    for name, command in _subparsers(whole).items():
        yield f".SS {_escaped(name)}"
        for said, does, _ in rows:
            words = said.strip("`").replace("\\|", "|")
            if words.split()[0] == name:
                yield from (".TP", _strong(words), _inline(_sentence(does)))
        yield from _options(command, is_command=True)


def _subparsers(whole: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in whole._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("there are no commands")


def _metavar(action: argparse.Action) -> str:
    said = action.metavar or action.dest.upper()
    return said if isinstance(said, str) else " ".join(said)


def _choices(action: argparse.Action) -> str:
    return ", ".join(str(choice) for choice in action.choices or ())


def _paragraphs(markdown: str) -> Iterator[str]:
    """Yield the lines of a section: text, code that stands apart, and tables as lists of terms."""
    for block in re.split(r"\n{2,}", markdown.strip("\n")):
        if block.startswith("    "):
            code = "\n".join(line[4:] for line in block.splitlines())
            yield from (".PP", ".in +4", ".nf", *map(_line, code.splitlines()), ".fi", ".in")
        elif block.startswith("|"):
            yield from _table(block)
        else:
            yield from (".PP", _inline(" ".join(block.split())))


def _table(block: str) -> Iterator[str]:
    head, _, *rows = (_cells(line) for line in block.splitlines())
    former = ""
    for row in rows:
        former = row[0] or former
        if len(head) == 2:
            yield from _terms([(row[0], row[1])])
        elif len(head) == 3:
            default = f" Default: {row[1]}." if row[1] else ""
            yield from (".TP", _inline(row[0]), _inline(f"{_sentence(row[2])}{default}"))
        else:
            yield from (".TP", _inline(f"{former} {row[1]}"), _inline(_of_server(head, row)))


def _of_server(head: Sequence[str], row: Sequence[str]) -> str:
    """Return what a key of a server's table is, and its value for each distribution."""
    values = zip(head[3:], row[3:], strict=True)
    said = "; ".join(f"{where}: {value}" for where, value in values if value != "-")
    return f"{_sentence(row[2])} {said}."


def _terms(pairs: Iterator[tuple[str, str]] | Sequence[tuple[str, str]]) -> Iterator[str]:
    for term, said in pairs:
        yield from (".TP", _inline(term), _inline(_sentence(said)))


def _rows(readme: str, heading: str) -> list[list[str]]:
    lines = [line for line in _section(readme, heading).splitlines() if line.startswith("|")]
    return [_cells(line) for line in lines[2:]]


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in CELL.split(line)[1:-1]]


def _section(readme: str, heading: str) -> str:
    """Return what stands under a heading, up to the next one."""
    return re.split(r"^##+ ", readme.split(f"## {heading}\n", 1)[1], maxsplit=1, flags=re.M)[0]


def _before(readme: str, heading: str) -> str:
    return readme.split(heading, 1)[0]


def _inline(markdown: str) -> str:
    """Return one line of man(7): code and strong text bold, links as their text."""
    parts, end = [], 0
    for found in MARK.finditer(markdown):
        parts.append(_escaped(markdown[end : found.start()]))
        code, strong, emphasis, link = found.groups()
        marked = _slanted(emphasis) if emphasis else _strong(code or strong or "")
        parts.append(_inline(link) if link else marked)
        end = found.end()
    return _line_of("".join([*parts, _escaped(markdown[end:])]))


def _line(text: str) -> str:
    return _line_of(_escaped(text))


def _line_of(escaped: str) -> str:
    """Return it so that it is no request: those begin with a dot or an apostrophe."""
    return f"\\&{escaped}" if escaped.startswith((".", "'", "\\(aq")) else escaped


def _strong(text: str) -> str:
    return f"\\fB{_escaped(text)}\\fR"


def _slanted(text: str) -> str:
    return f"\\fI{_escaped(text)}\\fR"


def _escaped(text: str) -> str:
    """Return text with nothing that roff understands, and all that is not ASCII by its number."""
    signs = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}
    ascii_only = text.replace("…", "...")
    return "".join(
        signs.get(sign, sign if sign.isascii() else f"\\[u{ord(sign):04X}]") for sign in ascii_only
    )


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "?", "!")) else f"{text}."


def _lower(text: str) -> str:
    return (text[:1].lower() + text[1:]).rstrip(".")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), "utf-8")
