"""`render`: the configuration for a DNS server, for a person: printed, or written into a folder."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.commands.followers import chosen, followers
from ecs_anywhere_dns.document import Document, Mode, read_document
from ecs_anywhere_dns.following.claims import intended
from ecs_anywhere_dns.forwarding import forwarding_of
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.files import READABLE, FileState, make_folder, put, state_of
from ecs_anywhere_dns.outcome import BadUsage, CheckFailed, Exit, reason_of
from ecs_anywhere_dns.pinned.belief import check_believed
from ecs_anywhere_dns.printing import show_fragments, show_lines
from ecs_anywhere_dns.publication.source import judging, judging_file
from ecs_anywhere_dns.servers import RENDERED, SERVERS, check_tells_apart, make_renderer
from ecs_anywhere_dns.servers.contract import HEADER, Fragment, Renderer

FOLDER_MODE = 0o755


@dataclass(frozen=True)
class Wanted:
    """The words of a person; None stands for what the configuration says."""

    server: str | None
    source: Path | None
    """A file with the document; None: the publication is fetched."""
    mode: Mode | None


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `render`."""
    parser.add_argument(
        "--server", choices=[*SERVERS, *RENDERED], help="default: that of the configuration"
    )
    parser.add_argument("--source", type=Path, help="a file with the document; default: fetch it")
    parser.add_argument(
        "--mode", choices=["names", "region"], help="default: that of the configuration"
    )
    parser.add_argument("--vpc", help="only this VPC, of several")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="write the files into this folder, print their names",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the files, or write them. Where server and source are given, no configuration file is
    needed. Raises Stop."""
    is_enough = arguments.server and arguments.source and not arguments.config.exists()
    hosts = () if is_enough else chosen(followers(arguments), arguments.vpc)
    fragments = fragments_of(Wanted(arguments.server, arguments.source, arguments.mode), hosts)
    if arguments.output:
        show_lines(list(write_fragments(fragments, arguments.output)), as_json=arguments.json)
    else:
        show_fragments(fragments, as_json=arguments.json)
    return int(Exit.DONE)


def fragments_of(wanted: Wanted, hosts: Sequence[Host]) -> tuple[Fragment, ...]:
    """Return the files for the wanted server, for all VPCs that the hosts follow. `hosts` is empty
    where nothing is configured, and then server and source are said. Raises Stop."""
    if wanted.source:
        known = hosts[0].settings if len(hosts) == 1 else None
        with judging_file(wanted.source, known):
            document = read_document(_text_of(wanted.source))
        own = [host for host in hosts if host.settings.vpc == document.vpc_id] or hosts
        mode = wanted.mode or (own[0].settings.mode if own else None)
        forwarding = forwarding_of(document, document.resolver_ips, mode)
        return _renderer(wanted.server, hosts, document).fragments(forwarding)
    documents = [_fetched(host) for host in hosts]
    forwarding = intended([host.settings for host in hosts], documents, wanted.mode)
    renderer = _renderer(wanted.server, hosts, documents[0])
    if len(documents) > 1:
        check_tells_apart(renderer.name)
    return renderer.fragments(forwarding)


def write_fragments(fragments: Sequence[Fragment], folder: Path) -> Iterator[str]:
    """Write each fragment into `folder` under its own name, and yield one line for each.

    Only a file of this tool is replaced. Raises BadUsage before anything is written where another
    file has that name, or where the folder cannot be written."""
    wanted = [
        FileState(folder.absolute() / item.path.name, item.text.encode(), READABLE)
        for item in fragments
    ]
    try:
        make_folder(folder.absolute(), FOLDER_MODE)
        for file in wanted:
            _check_ours(file.path)
        for file in wanted:
            put(file)
    except OSError as error:
        raise BadUsage(f"{folder}: {error.strerror}", "name another folder") from None
    except CheckFailed as problem:
        raise BadUsage(problem.message, f"{problem.cure}; or name another folder") from None
    yield from (f"wrote {file.path}" for file in wanted)


def _check_ours(path: Path) -> None:
    """Check that the file is missing or has this tool's header. Raises BadUsage and CheckFailed."""
    content = state_of(path).content
    first = b"" if content is None else content.partition(b"\n")[0]
    if content is not None and HEADER not in first.decode(errors="replace"):
        raise BadUsage(
            f"{path} is there and was not written by this tool: nothing was written",
            "move that file away, or name another folder",
        )


def _fetched(host: Host) -> Document:
    text = host.publication.fetch(host.state.memory().known)
    with judging(host.settings):
        document = read_document(text)
        check_believed(document, host.settings)
    return document


def _text_of(source: Path) -> str:
    try:
        return source.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise BadUsage(
            f"{source} cannot be read: {reason_of(error)}", "name another file"
        ) from None


def _renderer(name: str | None, hosts: Sequence[Host], document: Document) -> Renderer:
    if hosts and name in {None, hosts[0].server.name}:
        return hosts[0].server
    return make_renderer(name or "", document)
