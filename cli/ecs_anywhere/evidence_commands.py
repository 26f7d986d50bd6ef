"""`ecs-anywhere evidence`: show what was proven, and check what was kept."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from connectivity.domain.evidence import FOLDER
from connectivity.domain.ledger import Link
from typer.core import TyperGroup

from ecs_anywhere import chain, evidence_files, showing
from ecs_anywhere.answering import (
    HERE,
    NEEDS_A_PERSON,
    AsJson,
    Vpc,
    print_json,
    told,
    vpc_id,
)
from ecs_anywhere.evidence import Evidence, evidence_of, expired, gather, recorded_entries
from ecs_anywhere.evidence_page import page
from ecs_anywhere.options import Place, with_options
from ecs_anywhere.public_key import AnyKey, UnreadableKey, read_keys
from ecs_anywhere.record_shape import UnfitRecord
from ecs_anywhere.stack import Stack, client_of

NO_KEY = (
    "these records are signed: give the key with which they are checked, --public-key with the "
    "stack's output PublicationPublicKey"
)


LONGEST_KEPT = 3650
"""Days, where the stack does not say how long it keeps records: its template's largest value."""


class _VpcFirst(TyperGroup):
    """`evidence vpc-0a1b2c3d` is `evidence show vpc-0a1b2c3d`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        known = {*self.commands, "-h", "--help"}
        return super().parse_args(ctx, ["show", *args] if args and args[0] not in known else args)


def _vpc_or_all(given: str) -> str:
    return vpc_id(given) if given else ""


evidence_app = typer.Typer(
    cls=_VpcFirst,
    no_args_is_help=True,
    help="Write what was proven of a VPC, check what was kept.",
)
PublicKey = Annotated[
    list[str] | None,
    typer.Option(
        help="The stack's public key, or a file that holds it. May be given several times: former "
        "keys, too."
    ),
]
Output = Annotated[Path, typer.Option(help="Folder for the two files.", file_okay=False)]


@evidence_app.command()
@with_options
def show(
    vpc: Vpc,
    place: Place,
    output: Output = HERE,
) -> None:
    """Write what the last verification asked and got.

    For a change ticket: as JSON, and as one page.
    """
    with told():
        found = gather(place.read(), vpc)
        _write(found, f"{vpc}-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}", output)
    if not found.is_private:
        raise typer.Exit(NEEDS_A_PERSON)


@evidence_app.command("page")
def page_of(
    record: Annotated[Path, typer.Argument(help="A record, as a file.", dir_okay=False)],
    public_key: PublicKey = None,
    output: Output = HERE,
) -> None:
    """Make the page of one record that was kept.

    Needs no AWS. Without the public key the page says that nobody vouches for the record.
    """
    with told():
        file = chain.File(record.name, record.read_bytes())
        key = read_keys(public_key or ())
        try:
            content = chain.read(file).content if key is None else chain.signed(file, key)
            found = evidence_of(content, is_trusted=key is not None)
        except (chain.UnreadableRecord, UnfitRecord) as why:
            raise evidence_files.NoRecords(f"{record} is shown on no page: {why}") from why
        _write(found, record.stem, output)


def _write(found: Evidence, name: str, output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    record, shown = output / f"{name}.evidence.json", output / f"{name}.html"
    record.write_text(json.dumps(found.as_json(), indent=2, ensure_ascii=False) + "\n", "utf-8")
    shown.write_text(page(found), "utf-8")
    typer.echo(f"{record}\n{shown}")


@evidence_app.command()
@with_options
def verify(
    place: Place,
    where: Annotated[
        str,
        typer.Argument(
            metavar="[FOLDER | s3://BUCKET]",
            help="Records that were downloaded, or a bucket; without it the stack's own bucket, "
            "compared with its ledger.",
        ),
    ] = "",
    public_key: PublicKey = None,
    vpc: Annotated[
        str, typer.Option(metavar="VPC", help="Check this VPC's chain alone.", callback=_vpc_or_all)
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Check that no kept record was changed or taken away.

    A folder needs no AWS. Without a folder or a bucket the stack's own bucket is compared with its
    ledger.
    """
    with told():
        given = tuple(public_key or ())
        basis = _Basis(where, given) if where else _of_the_stack(place.read(), vpc, given)
        key = read_keys(basis.keys)
        files = _checkable(_files(basis, vpc, place), key)
        checked = chain.check(
            showing.counted(files, "records are checked"),
            key,
            basis.heads,
            basis.key_ids,
            basis.expired,
        )
        if vpc and not checked.records and not checked.problems:
            raise evidence_files.NoRecords(f"there is no record of {vpc} in {basis.where}")
    if as_json:
        print_json(checked.as_json())
    else:
        showing.console().print(showing.chains(checked))
    if checked.problems:
        raise typer.Exit(NEEDS_A_PERSON)


@dataclass(frozen=True)
class _Basis:
    """Place of kept records, and what they are compared with."""

    where: str
    """A folder, or `s3://BUCKET/PREFIX`."""
    keys: tuple[str, ...]
    """Public keys, as text or as names of files."""
    key_ids: tuple[str, ...] = ()
    heads: Mapping[str, Link] | None = None
    """The ledger's last links by VPC; None where no ledger is read."""
    expired: frozenset[str] = frozenset()
    """VPCs whose last record is older than records are kept."""


def _of_the_stack(stack: Stack, vpc: str, given: tuple[str, ...]) -> _Basis:
    """Return the stack's bucket, its keys beside those that were given, and what its ledger says;
    of one VPC where it is named. Raises NoRecords where the stack keeps none."""
    known = [entry for id_, entry in recorded_entries(stack).items() if vpc in ("", id_)]
    days = int(stack.parameters.get("EvidenceDays") or LONGEST_KEPT)
    below = f"/{FOLDER}/{vpc}/" if vpc else ""
    return _Basis(
        f"{evidence_files.BUCKET}{_bucket(stack)}{below}",
        (*given, stack.outputs.get("PublicationPublicKey", "")),
        tuple(filter(None, [stack.outputs.get("PublicationKeyId")])),
        {entry.vpc_id: entry.recorded for entry in known if entry.recorded},
        expired(known, days, time.time()),
    )


def _bucket(stack: Stack) -> str:
    if bucket := stack.outputs.get("EvidenceBucket"):
        return bucket
    raise evidence_files.NoRecords(
        f"the stack {stack.name} keeps no records: deploy it with EvidenceDays of more than 0"
    )


def _files(basis: _Basis, vpc: str, place: Place) -> Iterator[chain.File]:
    """Yield what may be records, of one VPC where it is named. Raises NoRecords where there is
    none, unless a ledger says that there were some: then it tells what is gone."""
    if basis.where.startswith(evidence_files.BUCKET):
        s3 = client_of("s3", place.region, place.profile)
        found = evidence_files.in_bucket(basis.where, s3)
    else:
        found = evidence_files.in_folder(Path(basis.where))
    try:
        yield from (file for file in found if not vpc or chain.may_be_of(file, vpc))
    except evidence_files.NoRecords:
        if not basis.heads:
            raise


def _checkable(files: Iterable[chain.File], key: AnyKey | None) -> Iterator[chain.File]:
    """Yield the files. Raises UnreadableKey at a signed one where there is no key to check it."""
    for file in files:
        if key is None and chain.is_signed(file):
            raise UnreadableKey(NO_KEY)
        yield file
