"""Writing the configuration file: anew, or what is missing into one that people have edited.

A file that is there is a person's: only the lines of the keys that `init` was told to set are
touched, and what it says already is never contradicted without a word for it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ecs_anywhere_dns.commands.init.pinning import keys_for
from ecs_anywhere_dns.commands.init.text import as_toml, edited, line_of
from ecs_anywhere_dns.commands.init.wish import Wish
from ecs_anywhere_dns.configuration import read_all, server_of, tables_of
from ecs_anywhere_dns.memory import files
from ecs_anywhere_dns.memory.files import put, state_of
from ecs_anywhere_dns.outcome import BadUsage
from ecs_anywhere_dns.settings import FOLLOW, OF_HOST, Settings
from ecs_anywhere_dns.settings_form import (
    OPTIONS,
    UNSIGNED_STACK,
    Lacking,
    init_adding,
    missing_in,
    options_for,
    read_settings,
)
from ecs_anywhere_dns.toml_file import Broken, content_of
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
    keys, said = keys_for(there, wish)
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
    shared = _shared(there)
    _check_complete(file, {**shared, **wish.given})
    changes = _additions(file, there, wish.of_host)
    text = edited(file.read_text("utf-8"), changes, file)
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
        keys, said = keys_for(there, wish)
        changes = {**additions, **keys}
        own: dict[str, Any] = {}
    else:
        table = tables_of(there)[place]
        keys, said = keys_for(table, wish)
        changes = dict(_additions(file, there, wish.of_host))
        own = {**_additions(file, table, wish.of_vpc), **keys}
    if not changes and not own:
        return _checked(there, file), (f"kept {file} as it is",)
    former = there if place is None else {**_shared(there), **tables_of(there)[place]}
    completed = {**former, **changes, **own}
    if "vpc" in former:
        _check_completed(file, former, completed, is_one_of=bool(tables_of(there)))
    text = edited(file.read_text("utf-8"), changes, file)
    text = edited(text, own, file, place) if own else text
    done = f"set {', '.join((*changes, *own))} in {file}"
    try:
        settings = _written(file, tomllib.loads(text), text)
    except Lacking as problem:
        # Another VPC lacks its pins: if nothing were written, no command could mend both.
        read_settings({key: value for key, value in completed.items() if key != FOLLOW})
        put(replace(state_of(file), content=text.encode()))
        raise BadUsage(f"{done}; but {problem.message}", problem.cure) from None
    return settings, (done, *said)


def _shared(there: Mapping[str, Any]) -> dict[str, Any]:
    return {key: there[key] for key in OF_HOST if key in there}


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


def make_folder(folder: Path) -> None:
    """Make the folder and those above it, readable for everybody. Raises BadUsage."""
    try:
        files.make_folder(folder, READABLE_FOLDER)
    except OSError as error:
        raise BadUsage(f"{folder}: {error.strerror}", "run this as root") from None


def _content(file: Path, wish: Wish) -> dict[str, Any] | None:
    """Return what the file says; None where there is none. One that is replaced may be broken."""
    check_trusted(file)
    try:
        return content_of(file)
    except FileNotFoundError:
        return None
    except Broken as problem:
        if wish.replace_file:
            return {}
        raise BadUsage(problem.message, f"{problem.cure}; {ANEW}") from None


def _check_complete(file: Path, content: Mapping[str, Any]) -> None:
    missing = missing_in(content)
    if missing:
        raise BadUsage(
            f"to write {file}, `init` needs {', '.join(OPTIONS[k].split()[0] for k in missing)}",
            f"add to that command: {options_for(missing)}"
            f"{UNSIGNED_STACK if 'public_keys' in missing else ''}",
        )


def _check_completed(
    file: Path, there: Mapping[str, Any], content: Mapping[str, Any], *, is_one_of: bool
) -> None:
    """Check that what the file said of a VPC lacks nothing with what was given. Raises BadUsage,
    with the command for all that it lacks, as nothing of it is written. `is_one_of`: the file has
    several VPCs."""
    missing, lacking = missing_in(content), missing_in(there)
    if missing:
        raise BadUsage(
            f"{file} was left as it is: with what was given it still lacks {', '.join(missing)}",
            init_adding(
                lacking,
                " adds all of it and keeps the rest of the file",
                str(there["vpc"]) if is_one_of else "",
            ),
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
        raise type(problem)(f"{file}: {problem.message}", problem.cure) from None
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
                f"{file} is there already, with {line_of(key, there[key])}", f"{ANEW}{beside}"
            )
    return {key: value for key, value in changes.items() if value != there.get(key)}
