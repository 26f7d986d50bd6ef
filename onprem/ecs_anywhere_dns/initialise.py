"""`init`: the configuration file, empty fragments, and the lines that include them. Done once.

The administrator's own files are touched only when asked (`--include`), each is checked by the DNS
server's own checker afterwards, and put back if that refuses it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ecs_anywhere_dns.forwarding import NOTHING
from ecs_anywhere_dns.memory.files import FileState, make_folder, put, state_of
from ecs_anywhere_dns.outcome import BadUsage, CheckFailed
from ecs_anywhere_dns.servers import make_server
from ecs_anywhere_dns.servers.contract import Include, Server
from ecs_anywhere_dns.settings import Settings, load, read_settings

READABLE_FOLDER = 0o755
"""The DNS server reads its fragment there as a user of its own, whatever our umask is."""
NEEDED = ("vpc", "region", "server")

ANEW = "edit it, or add --replace to write it anew"

TOML_HEAD = """\
# ecs-anywhere-dns: which VPC this host's DNS server follows. Written by `init`; edit it freely.
# Every key, with its default, is in the README of ecs-anywhere-dns.
"""


def settings_for(file: Path, given: Mapping[str, Any], *, replace_it: bool) -> tuple[Settings, str]:
    """And whether they were written. A file that is there stays as people edited it, as long as
    nothing `given` contradicts it. Raises BadUsage, and then nothing was written."""
    if file.exists() and not replace_it:
        settings = load(file)
        _check_agreement(file, settings, given)
        return settings, f"kept {file} as it is"
    missing = [f"--{key}" for key in NEEDED if key not in given]
    if missing:
        raise BadUsage(
            f"to write {file}, `init` needs {', '.join(missing)}",
            "`ecs-anywhere-dns init --vpc vpc-… --region … --server …`",
        )
    return write_settings(file, given, replace_it=replace_it), f"wrote {file}"


def write_settings(file: Path, content: Mapping[str, Any], *, replace_it: bool) -> Settings:
    """Raises BadUsage, and then nothing was written."""
    settings = read_settings(content)
    make_server(
        settings.server, settings.region, settings.address, settings.port, settings.server_table
    )
    if file.exists() and not replace_it:
        raise BadUsage(f"{file} is there already", ANEW)
    _make_folder(file.parent)
    put(replace(state_of(file), content=(TOML_HEAD + as_toml(content)).encode()))
    return settings


def as_toml(content: Mapping[str, Any]) -> str:
    """Strings, numbers, booleans, lists of strings; tables of these last."""
    plain = {key: value for key, value in content.items() if not isinstance(value, Mapping)}
    lines = [f"{key} = {_toml_value(value)}" for key, value in plain.items()]
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            lines += ["", f"[{key}]", as_toml(value).rstrip()]
    return "\n".join(lines) + "\n"


def make_empty_fragments(server: Server) -> Iterator[str]:
    """What was made. A missing file would be an error of the DNS server once it is included."""
    for fragment in server.fragments(NOTHING):
        if state_of(fragment.path).content is None:
            _make_folder(fragment.path.parent)
            put(FileState(fragment.path, fragment.text.encode()))
            yield f"made {fragment.path}, which forwards nothing yet"


def missing_includes(server: Server) -> list[Include]:
    return [include for include in server.includes() if not _is_included(include)]


def check_there(server: Server, includes: Sequence[Include]) -> None:
    """Raises CheckFailed: a configuration that we made up would be read by nobody."""
    for include in includes:
        if not include.ours and state_of(include.file).content is None:
            raise CheckFailed(
                f"there is no {include.file}",
                f"set the paths of {server.title} under [{server.name}] in the configuration of "
                "this tool, then `ecs-anywhere-dns init` again",
            )


def add_includes(server: Server, includes: Sequence[Include]) -> Iterator[str]:
    """Raises CheckFailed, and then every file is as it was."""
    before = [state_of(include.file) for include in includes]
    try:
        for include in includes:
            former = state_of(include.file)
            text = (former.content or b"").decode(errors="surrogateescape")
            put(replace(former, content=with_line(text, include).encode(errors="surrogateescape")))
        server.check_configuration()
    except CheckFailed:
        for state in reversed(before):
            put(state)
        raise
    for include in includes:
        yield f"added to {include.file}: {include.line}"


def with_line(text: str, include: Include) -> str:
    """Raises CheckFailed where the block that it has to stand in is not there."""
    if not include.inside:
        return f"{text.rstrip()}\n\n{include.line}\n" if text.strip() else f"{include.line}\n"
    opened = re.search(rf"^[ \t]*{re.escape(include.inside)}\s*\{{", text, re.MULTILINE)
    if opened is None:
        raise CheckFailed(
            f"{include.file} has no `{include.inside} {{`",
            _by_hand(include),
        )
    return f"{text[: opened.end()]}\n\t{include.line}{text[opened.end() :]}"


def _by_hand(include: Include) -> str:
    return f"add `{include.line}` inside `{include.inside}` by hand, wherever it stands"


def _is_included(include: Include) -> bool:
    text = (state_of(include.file).content or b"").decode(errors="replace")
    return include.line.strip() in {line.strip() for line in text.splitlines()}


def _make_folder(folder: Path) -> None:
    try:
        make_folder(folder, READABLE_FOLDER)
    except OSError as error:
        raise BadUsage(f"{folder}: {error.strerror}", "run this as root") from None


def _toml_value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    # JSON's strings, numbers and booleans are TOML's as well, but for two things: TOML knows no
    # halves of a surrogate pair, and takes no bare DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _check_agreement(file: Path, settings: Settings, given: Mapping[str, Any]) -> None:
    for key, value in given.items():
        there = getattr(settings, key)
        if there != (tuple(value) if isinstance(value, list) else value):
            raise BadUsage(f"{file} is there already, with {key} = {_toml_value(there)}", ANEW)
