"""Writing the configuration file: anew, or what is missing into one that people have edited.

A file that is there is a person's: only the lines of the keys that `init` was told to set are
touched, and what it says already is never contradicted without a word for it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ecs_anywhere_dns.configuration import FOLLOW, OF_HOST, read_all, server_of, tables_of
from ecs_anywhere_dns.memory import files
from ecs_anywhere_dns.memory.files import put, state_of
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.pinned.keys import key_of
from ecs_anywhere_dns.servers.layouts import Table
from ecs_anywhere_dns.settings import (
    MOST_KEYS,
    OPTIONS,
    Settings,
    init_adding,
    missing_in,
)
from ecs_anywhere_dns.trust import check_trusted

READABLE_FOLDER = 0o755
"""The DNS server reads its fragment there as a user of its own, whatever our umask is."""
GROWING = ("networks", "allowed_zones")
"""Lists to which `init` adds what it is given."""
ANEW = "edit it, or add --replace to write it anew"
TOML_HEAD = """\
# ecs-anywhere-dns: which VPC this host's DNS server follows. Written by `init`; edit it freely.
# Every key, with its default, is in the README of ecs-anywhere-dns.
"""

KeyStep = Literal["agree", "add", "replace"]
"""What to do with a public key beside, or in place of, one that is pinned already."""


@dataclass(frozen=True)
class Wish:
    """What `init` was told."""

    given: Mapping[str, Any]
    """Keys of the configuration."""
    replace_file: bool = False
    add: bool = False
    """Whether the VPC is to be followed beside those that are followed already."""
    key_step: KeyStep = "agree"
    layout: Table = field(default_factory=dict)
    """The table of the server where this distribution is not as the defaults; for a file that is
    written anew."""

    @property
    def of_vpc(self) -> dict[str, Any]:
        """Return the given keys that are one VPC's."""
        return {key: value for key, value in self.given.items() if key not in OF_HOST}

    @property
    def of_host(self) -> dict[str, Any]:
        return {key: value for key, value in self.given.items() if key in OF_HOST}

    def anew(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return the content of a new file."""
        server = str(content.get("server", ""))
        return {**content, **({server: dict(self.layout)} if self.layout else {})}


def configure(file: Path, wish: Wish) -> tuple[tuple[Settings, ...], tuple[str, ...]]:
    """Return the settings of each VPC, and what was done. Raises BadUsage, and then nothing was
    written."""
    there = _content(file, wish)
    if there is None:
        _check_complete(file, wish.given)
        content = wish.anew(wish.given)
        settings = _written(file, content, TOML_HEAD + as_toml(content))
        return settings, (f"wrote {file}",)
    if wish.replace_file:
        return _replaced(file, there, wish)
    place = _place_of(file, there, wish)
    if wish.add and place is None and there.get("vpc") != wish.given.get("vpc"):
        return _added(file, there, wish)
    return _changed(file, there, wish, place)


def _replaced(
    file: Path, there: Mapping[str, Any], wish: Wish
) -> tuple[tuple[Settings, ...], tuple[str, ...]]:
    """Write the file anew; further VPCs stay followed."""
    keys, said = _keys(there, wish)
    content = wish.anew({**wish.given, **keys})
    _check_complete(file, content)
    if there.get(FOLLOW):
        content = {**content, FOLLOW: there[FOLLOW]}
        said = (*said, "kept its [[follow]] tables")
    return _written(file, content, TOML_HEAD + as_toml(content)), (f"wrote {file}", *said)


def _added(
    file: Path, there: Mapping[str, Any], wish: Wish
) -> tuple[tuple[Settings, ...], tuple[str, ...]]:
    """Add a table for one more VPC; what is followed already stays to the byte."""
    shared = {key: there[key] for key in OF_HOST if key in there}
    _check_complete(file, {**shared, **wish.given})
    changes = _additions(file, there, wish.of_host)
    text = _edited(file.read_text("utf-8"), changes, file)
    table = f"\n[[{FOLLOW}]]\n{as_toml(wish.of_vpc)}"
    content = {**there, **changes, FOLLOW: [*tables_of(there), wish.of_vpc]}
    settings = _written(file, content, f"{text.rstrip()}\n{table}")
    return settings, (f"added {wish.given['vpc']} to {file}",)


def _changed(
    file: Path, there: Mapping[str, Any], wish: Wish, place: int | None
) -> tuple[tuple[Settings, ...], tuple[str, ...]]:
    """Add to what the file says of one VPC: at its top, or in the table at `place`."""
    if place is None:
        # First: another VPC has another key, and is told how to be added.
        additions = _additions(file, there, wish.given)
        keys, said = _keys(there, wish)
        changes = {**additions, **keys}
        own: dict[str, Any] = {}
    else:
        table = tables_of(there)[place]
        keys, said = _keys(table, wish)
        changes = dict(_additions(file, there, wish.of_host))
        own = {**_additions(file, table, wish.of_vpc), **keys}
    if not changes and not own:
        return _checked(there, file), (f"kept {file} as it is",)
    text = _edited(file.read_text("utf-8"), changes, file)
    text = _edited(text, own, file, place) if own else text
    settings = _written(file, tomllib.loads(text), text)
    return settings, (f"set {', '.join((*changes, *own))} in {file}", *said)


def _place_of(file: Path, there: Mapping[str, Any], wish: Wish) -> int | None:
    """Return the number of the table that is meant; None for the top. Raises BadUsage where it is
    not clear which VPC is meant."""
    tables, vpc = tables_of(there), wish.given.get("vpc")
    found = next((n for n, table in enumerate(tables) if table.get("vpc") == vpc), None)
    if vpc is None and tables and wish.of_vpc:
        raise BadUsage(
            f"{file} follows several VPCs, and {', '.join(wish.of_vpc)} is one VPC's",
            "say which one: --vpc vpc-…",
        )
    if vpc is not None and found is None and "vpc" not in there and tables and not wish.add:
        raise BadUsage(f"{file} does not follow {vpc}", "to follow it beside the others, add --add")
    return found if vpc is not None else None


def as_toml(content: Mapping[str, Any]) -> str:
    """Strings, numbers, booleans, lists of strings; tables of these last."""
    tables = {key for key, value in content.items() if isinstance(value, Mapping)}
    lines = [_line(k, value) for k, value in content.items() if k not in {*tables, FOLLOW}]
    for key in content:
        if key in tables and content[key]:
            lines += ["", f"[{key}]", as_toml(content[key]).rstrip()]
    for table in content.get(FOLLOW, ()):
        lines += ["", f"[[{FOLLOW}]]", as_toml(table).rstrip()]
    return "\n".join(lines) + "\n"


def make_folder(folder: Path) -> None:
    """Make it for everybody to read, with those above it. Raises BadUsage."""
    try:
        files.make_folder(folder, READABLE_FOLDER)
    except OSError as error:
        raise BadUsage(f"{folder}: {error.strerror}", "run this as root") from None


def _content(file: Path, wish: Wish) -> dict[str, Any] | None:
    """Return what the file says; None where there is none. One that is replaced may be broken."""
    check_trusted(file)
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        if wish.replace_file and isinstance(error, ValueError):
            return {}
        raise BadUsage(f"{file} cannot be read: {error}", f"correct it; {ANEW}") from None


def _check_complete(file: Path, content: Mapping[str, Any]) -> None:
    missing = missing_in(content)
    if missing:
        unsigned = "; a stack without a signing key has --signature none for it"
        raise BadUsage(
            f"to write {file}, `init` needs {', '.join(OPTIONS[k].split()[0] for k in missing)}",
            f"{init_adding(missing)}{unsigned if 'public_keys' in missing else ''}",
        )


def _written(file: Path, content: Mapping[str, Any], text: str) -> tuple[Settings, ...]:
    settings = _checked(content, file)
    make_folder(file.parent)
    put(replace(state_of(file), content=text.encode()))
    return settings


def _checked(content: Mapping[str, Any], file: Path) -> tuple[Settings, ...]:
    try:
        settings = read_all(content)
        server_of(settings)
    except BadUsage as problem:
        raise BadUsage(f"{file}: {problem.message}", problem.cure) from None
    return settings


def _additions(file: Path, there: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the keys that the file lacks, and lists that grow. Raises BadUsage where the file
    says otherwise."""
    changes = {}
    for key, value in given.items():
        if key == "public_keys" or there.get(key) == value:
            continue
        if key not in there:
            changes[key] = value
        elif key in GROWING and isinstance(there[key], list):
            changes[key] = list(dict.fromkeys((*there[key], *value)))
        else:
            beside = "; to follow this VPC beside it, add --add" if key == "vpc" else ""
            raise BadUsage(
                f"{file} is there already, with {_line(key, there[key])}", f"{ANEW}{beside}"
            )
    return {key: value for key, value in changes.items() if value != there.get(key)}


def _keys(there: Mapping[str, Any], wish: Wish) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the keys of the configuration to set for a public key, and what to say of it. Raises
    BadUsage where another one is pinned and nobody said what is to become of that."""
    given = wish.given.get("public_keys")
    pinned = [str(entry) for entry in there.get("public_keys", ())]
    if not given:
        dropped = pinned if wish.replace_file else ()
        return {}, (f"no longer believes the key {_labels(pinned)}",) if dropped else ()
    if there.get("signature") == "none":
        required = {"signature": "required"}
        said: tuple[str, ...] = ("signatures are required from now on",)
    else:
        required, said = {}, ()
    if set(given) <= set(pinned) and wish.key_step != "replace":
        return required, said
    after = list(given) if wish.key_step == "replace" or not pinned else [*pinned, *given]
    if pinned and wish.key_step == "agree":
        raise BadUsage(
            f"this host pinned another key: {_labels(pinned)}; the given one is {_labels(given)}",
            "compare the fingerprint with the stack's output PublicationPublicKey, then add "
            "--replace-key (only the given key is believed) or --add-key (both are, until "
            "--replace-key: while keys are exchanged)",
        )
    if len(after) > MOST_KEYS:
        raise BadUsage(
            f"{len(pinned)} keys are pinned already: {_labels(pinned)}",
            "--replace-key, if the app no longer signs with them",
        )
    gone = [entry for entry in pinned if entry not in after]
    if gone:
        said = (*said, f"no longer believes the key {_labels(gone)}")
    return {"public_keys": after, **required}, said


def _labels(entries: Sequence[str]) -> str:
    return "; ".join(key_of(entry).label for entry in entries)


def _edited(text: str, changes: Mapping[str, Any], file: Path, place: int | None = None) -> str:
    """The text with these keys at its top, or in the table at `place`; what else stands in it stays
    to the byte. Raises BadUsage where it is written in a form in which that cannot be done line by
    line."""
    lines = text.splitlines(keepends=True)
    start, end = _section(lines, place)
    section = [line for line in lines[start:end] if not _sets(line, changes)]
    head = [_line(key, value) for key, value in changes.items()]
    comments = next((i for i, line in enumerate(section) if not line.lstrip().startswith("#")), 0)
    added = [f"{line}\n" for line in head]
    new = "".join([*lines[:start], *section[:comments], *added, *section[comments:], *lines[end:]])
    try:
        if tomllib.loads(new) == _with(tomllib.loads(text), changes, place):
            return new
    except ValueError:
        pass
    where = (
        "above any table" if place is None else f"into the table number {place + 1} [[{FOLLOW}]]"
    )
    raise BadUsage(
        f"{file} is written in a form that `init` cannot add to",
        f"write into it by hand, {where}: {'; '.join(head)}",
    )


def _with(
    content: Mapping[str, Any], changes: Mapping[str, Any], place: int | None
) -> Mapping[str, Any]:
    if place is None:
        return {**content, **changes}
    tables = list(tables_of(content))
    tables[place] = {**tables[place], **changes}
    return {**content, FOLLOW: tables}


def _section(lines: Sequence[str], place: int | None) -> tuple[int, int]:
    """Return the first line of the top or of a table, and the line behind it."""
    heads = [number for number, line in enumerate(lines) if re.match(r"\s*\[", line)]
    follows = [n for n in heads if re.match(rf"\s*\[\[\s*{FOLLOW}\s*\]\]", lines[n])]
    if place is not None and place >= len(follows):
        return len(lines), len(lines)
    start = 0 if place is None else follows[place] + 1
    return start, next((number for number in heads if number >= start), len(lines))


def _sets(line: str, changes: Mapping[str, Any]) -> bool:
    return any(re.match(rf"\s*{re.escape(key)}\s*=", line) for key in changes)


def _line(key: str, value: Any) -> str:
    return f"{key} = {_toml_value(value)}"


def _toml_value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    # JSON's strings, numbers and booleans are TOML's as well, but for two things: TOML knows no
    # halves of a surrogate pair, and takes no bare DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
