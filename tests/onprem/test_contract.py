"""The contract of a DNS server: its example is a whole server, which works as the story says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding
from ecs_anywhere_dns.outcome import CheckFailed, NotTaken, ReloadFailed
from ecs_anywhere_dns.servers import contract

CONTROL = """\
#!/bin/sh
cd "$(dirname "$0")" || exit 1
case "$*" in
    status) test -e running ;;
    start) touch running ;;
    check*) ! grep -vE '^(#.*|include .*|[a-z0-9.-]+ [0-9.]+)$' "$2" ;;
    reload) test -e running && sed '/^#/d' ecs-anywhere.conf > loaded ;;
    'show forwards') cat loaded ;;
    flush*) echo "$2" >> flushed ;;
esac
"""
"""A DNS server, as far as the example controls one."""
WANTED = Forwarding(("a.example", "b.example"), ("10.0.0.32", "10.0.1.32"), "vpc-1 generation 1")
PARTS = {
    name
    for protocol in (contract.Renderer, contract.Server)
    for name in {*vars(protocol), *protocol.__annotations__}
    if not name.startswith("_")
}


def text_of_the_example() -> str:
    lines = (contract.__doc__ or "").splitlines()
    first = lines.index("    from dataclasses import dataclass")
    last = next(n for n, line in enumerate(lines[first:], first) if line and line[0] != " ")
    return dedent("\n".join(lines[first:last]))


@pytest.fixture
def server(tmp_path: Path) -> Any:
    made: dict[str, Any] = {"__name__": __name__}
    exec(compile(text_of_the_example(), contract.__file__, "exec"), made)
    program = tmp_path / "examplectl"
    program.write_text(CONTROL)
    program.chmod(0o755)
    (tmp_path / "example.conf").write_text("# the administrator's\n")
    return made["Example"](
        "us-east-2",
        "127.0.0.1",
        53,
        configuration=tmp_path / "example.conf",
        file=tmp_path / "ecs-anywhere.conf",
        control=(str(program),),
        start=(str(program), "start"),
    )


def swap(server: Any, forwarding: Forwarding) -> None:
    for fragment in server.fragments(forwarding):
        fragment.path.write_text(fragment.text)


def test_the_example_has_every_part_of_the_contract(server: Any) -> None:
    assert len(PARTS) == 17
    assert [part for part in sorted(PARTS) if not hasattr(server, part)] == []


def test_the_example_is_hindered_until_its_line_is_included(server: Any) -> None:
    (problem,) = server.hindrances(WANTED)
    assert not problem.ok
    assert (problem,) == server.findings(None, WANTED)
    with pytest.raises(CheckFailed, match="lacks the line"):
        server.check_configuration()
    (missing,) = server.includes()
    missing.file.write_text(f"{missing.line}\n")
    assert (server.includes(), server.findings(None, WANTED)) == ((), ())
    server.check_configuration()


def test_the_example_runs_as_the_story_says(server: Any, tmp_path: Path) -> None:
    assert not server.is_running()
    swap(server, WANTED)
    with pytest.raises(NotTaken, match="does not reload"):
        server.reload()
    server.revive()
    server.reload()
    server.check_effective(WANTED)
    server.flush(["a.example"])
    assert (tmp_path / "flushed").read_text() == "a.example\n"
    with pytest.raises(ReloadFailed, match="forwards otherwise"):
        server.check_effective(replace(WANTED, forwarders=("10.0.0.32",)))
    swap(server, NOTHING)
    server.reload()
    server.check_effective(NOTHING)


def test_the_example_refuses_what_its_checker_refuses(server: Any, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (fragment,) = server.fragments(WANTED)
    server.check_fragments([fragment], scratch)
    with pytest.raises(CheckFailed, match="refuses"):
        server.check_fragments([replace(fragment, text="forward everything\n")], scratch)


def test_a_configuration_that_is_missing_is_a_failed_check(server: Any) -> None:
    server.configuration.unlink()
    with pytest.raises(CheckFailed, match=r"example\.conf: No such file"):
        server.includes()
