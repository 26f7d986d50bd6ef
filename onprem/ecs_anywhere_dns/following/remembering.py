"""The records that a run writes for the next one: the documents that it applied, and those that it
distrusts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.following.run import Run
from ecs_anywhere_dns.following.switchover import RolledBack
from ecs_anywhere_dns.forwarding import Forwarding, merged
from ecs_anywhere_dns.memory.documents import fingerprints
from ecs_anywhere_dns.memory.forms import remembered
from ecs_anywhere_dns.memory.records import FOUND, Applied, Distrust, Journal, Last
from ecs_anywhere_dns.outcome import BadUsage, Stop


@dataclass(frozen=True)
class Wanted:
    """The end to which one VPC's turn is to come."""

    document: Document
    parts: Mapping[str, Forwarding]
    """The forwarding of each VPC after the turn: this one's, and those of the others, less the
    zones that this one takes."""

    @property
    def part(self) -> Forwarding:
        """Return what is forwarded for the document's VPC."""
        return self.parts[self.document.vpc_id]

    @property
    def whole(self) -> Forwarding:
        return merged(tuple(self.parts.values()))


def remember(run: Run, wanted: Wanted) -> None:
    """Remember the document where nothing was switched: it may ask for what is there already."""
    former = run.host.state.applied()
    last = former.of(run.vpc)
    kept = {vpc: former.of(vpc).forwarding for vpc in wanted.parts}
    if last.document != wanted.document.text or kept != dict(wanted.parts):
        run.host.state.commit(_applied(run, wanted, former, None))


def remember_switch(run: Run, wanted: Wanted, journal: Journal) -> None:
    """Commit the switch that `journal` began; from here on the next run does not undo it."""
    run.host.state.commit(_applied(run, wanted, run.host.state.applied(), journal))


def forget_distrust(run: Run) -> None:
    """Write down that nothing of the VPC is distrusted, once its switch is committed."""
    try:
        run.host.state.write_distrust(Distrust())
    except Stop as problem:
        run.hint(f"what was distrusted of {run.vpc} stays so: {problem.message}", problem.cure)


def note_validated(run: Run) -> None:
    """Write down which texts the schema was found to hold for: the next run does not ask again."""
    state = run.host.state
    read = fingerprints(run.memory.document, run.memory.known, run.document)
    try:
        validated = state.validated()
    except BadUsage as problem:
        run.hint(f"{problem.message}; it was written anew")
        state.write_validated(read)
    else:
        if not read <= validated:
            state.write_validated(read)


def distrust(run: Run, problem: Stop) -> None:
    """Write down that a document failed after the reload. Each failure makes the next try of the
    same document rarer."""
    if not isinstance(problem, RolledBack) or run.document is None:
        return
    known = run.distrust()
    failures = known.failures if known.checksum == run.document.checksum else 0
    run.host.state.write_distrust(
        Distrust(
            run.document.checksum,
            failures=failures + 1,
            at=run.host.now().isoformat(),
            why=problem.message,
        )
    )


def _applied(run: Run, wanted: Wanted, former: Applied, journal: Journal | None) -> Applied:
    """Return the record of the applied forwarding, with one step back. A repair of the same
    document is no step of its own."""
    document, last = wanted.document, former.of(run.vpc)
    is_same = last.document == document.text
    is_step = journal is not None and not is_same
    vpcs = {vpc: replace(former.of(vpc), forwarding=part) for vpc, part in wanted.parts.items()}
    vpcs[run.vpc] = Last(
        document=document.text,
        known=document.text if document.names else last.known,
        newest=last.newest if is_same else document.generation,
        newest_checksum=last.newest_checksum if is_same else document.checksum,
        forwarding=wanted.part,
        at=run.host.timestamp(),
    )
    return Applied(
        run=run.id,
        server=run.host.server.name,
        vpcs=vpcs,
        at=run.host.timestamp(),
        before=journal.before if journal and is_step else former.before,
        before_that=remembered(former) if is_step else former.before_that,
    )


def forget(run: Run, vpcs: Collection[str]) -> None:
    """Forget these VPCs, and commit the switch that took them out, if there was one."""
    former = run.host.state.applied()
    kept = {
        vpc: last.without_document() if vpc in vpcs else last
        for vpc, last in former.vpcs.items()
        if vpc not in vpcs or not vpc.startswith(FOUND)
    }
    run.host.state.commit(replace(former, run=run.id, vpcs=kept, at=run.host.timestamp()))
