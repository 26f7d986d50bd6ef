"""What a run writes down for the next one: what it applied, what it does not trust any more."""

from __future__ import annotations

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.following.run import Run
from ecs_anywhere_dns.following.switchover import RolledBack
from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.memory.state import Applied, Distrust, Journal, remembered
from ecs_anywhere_dns.outcome import Stop


def remember(run: Run, document: Document, forwarding: Forwarding) -> None:
    """A new generation may ask for what is there already."""
    applied = run.memory.applied
    if applied.document != document.text or applied.forwarding != forwarding:
        run.host.state.commit(_applied(run, document, forwarding, None))


def remember_switch(run: Run, document: Document, forwarding: Forwarding, journal: Journal) -> None:
    """Ends the switch that `journal` began; from here on the next run does not undo it."""
    run.host.state.commit(_applied(run, document, forwarding, journal))
    run.host.state.write_distrust(Distrust())


def distrust(run: Run, problem: Stop) -> None:
    """Each failure after the reload makes the next try of the same document rarer."""
    if not isinstance(problem, RolledBack) or run.document is None:
        return
    known = run.host.state.distrust()
    failures = known.failures if known.checksum == run.document.checksum else 0
    run.host.state.write_distrust(
        Distrust(
            run.document.checksum,
            failures=failures + 1,
            at=run.host.now().isoformat(),
            why=problem.message,
        )
    )


def _applied(
    run: Run, document: Document, forwarding: Forwarding, journal: Journal | None
) -> Applied:
    """One step back is kept. A repair of the same document is no step of its own."""
    former = run.memory.applied
    is_step = journal is not None and former.document != document.text
    return Applied(
        run=run.id,
        server=run.host.server.name,
        document=document.text,
        known=document.text if document.names else former.known,
        newest=document.generation,
        newest_checksum=document.checksum,
        forwarding=forwarding,
        at=run.host.timestamp(),
        before=journal.before if journal and is_step else former.before,
        before_that=remembered(former) if is_step else former.before_that,
    )
