"""One VPC's turn: its publication is followed, and what is forwarded for other VPCs stays.

    fetch -> validate -> preflight -> settle with the other VPCs -> render -> check fragment
          -> look for hindrances -> ask the server
          -> switch (journal, swap, check, reload, check, flush, verify; back at any failure)
          -> commit

Whatever fails in it leaves the forwarding of this VPC as it is, and that of the others.
"""

from __future__ import annotations

from ecs_anywhere_dns.answers.explanation import explain
from ecs_anywhere_dns.answers.preflight import Preflight, preflight
from ecs_anywhere_dns.answers.proof import Proof
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.following.acceptance import History, accept
from ecs_anywhere_dns.following.ensuring import ensure, note_failure
from ecs_anywhere_dns.following.hints import hints_of, lasting
from ecs_anywhere_dns.following.remembering import Wanted
from ecs_anywhere_dns.following.run import Run
from ecs_anywhere_dns.following.shared import Shared
from ecs_anywhere_dns.following.standby import PAUSE, TRIES
from ecs_anywhere_dns.forwarding import forwarding_of
from ecs_anywhere_dns.memory.records import Distrust
from ecs_anywhere_dns.outcome import Exit, FetchFailed, Stop
from ecs_anywhere_dns.publication.source import judging


def read(run: Run) -> None:
    """Fetch and validate the publication. Where it is not fit, `run.problem` says why."""
    host = run.host
    try:
        run.memory = host.state.memory()
        run.former = host.state.applied().forwarding
        host.progress.begin("fetch")
        text = host.publication.fetch(run.memory.known)
        host.progress.begin("validate")
        with judging(host.settings):
            run.document = _accepted(run, text)
    except Stop as problem:
        run.problem = problem
        run.check_last()


def _accepted(run: Run, text: str) -> Document:
    """Return the document of this text, if it is to be taken. Raises Refused, Resting."""
    host = run.host
    document = run.published = run.memory.read(text)
    _say_of(run, document)
    # A person's word counts whatever the file says, and the switch writes it anew.
    distrusted = Distrust() if run.force else host.state.distrust()
    history = History(run.memory.last, distrusted)
    accept(document, host.settings, history, host.now(), force=run.force)
    return document


def take(run: Run, shared: Shared) -> None:
    """Follow the publication that was read; the report says how it ended."""
    try:
        _check_undone(run)
        _follow(run, shared)
    except Stop as problem:
        run.report = run.report.stopped(problem)
        _note_failure(run, shared, problem)


def _note_failure(run: Run, shared: Shared, problem: Stop) -> None:
    """Note it for the next runs. Where that cannot be written, the other turns go on."""
    try:
        note_failure(run, shared, problem)
    except Stop as unwritten:
        run.hint(f"the next run will not know of this failure: {unwritten.message}", unwritten.cure)


def _say_of(run: Run, document: Document) -> None:
    run.say(
        vpc=document.vpc_id,
        generation=document.generation,
        state=document.state,
        checksum=document.checksum,
    )


def _check_undone(run: Run) -> None:
    """Check that no switch of another VPC is left that could not be undone. Raises Stop."""
    if not run.dry and run.host.state.journal() is not None:
        raise Stop(
            "a switch for another VPC could not be undone, and nothing else is begun before it is",
            "see what is said of that VPC",
        )


def _follow(run: Run, shared: Shared) -> None:
    if run.problem is not None:
        _without_publication(run, shared, run.problem)
        return
    assert run.document, "what was read is fit, or there is a problem"
    shared.check_running(run)
    if run.document.state == "withdrawn":
        _withdraw(run, shared, run.document)
    else:
        _forward(run, shared, run.document)


def _without_publication(run: Run, shared: Shared, problem: Stop) -> None:
    """Do without a publication. Where nothing is forwarded any more, Parameter Store need not be
    reachable. Where nobody answers for the names of a VPC and its standby, the one that does takes
    them over with the document that was believed last, if it is one to believe by the pins of now.
    Raises Stop."""
    last = run.memory.document
    if last is None:
        raise problem
    if run.last_refused is not None:
        _leave_refused(run, shared, last)
        raise problem
    if last.state == "withdrawn":
        if not isinstance(problem, FetchFailed):
            raise problem
        run.say(summary=f"nothing is forwarded: {last.label} was the last word")
        run.hint(f"nothing new was found: {problem.message}")
        return
    if shared.standby_of(run.vpc):
        look(run, shared, last)
    if not shared.is_needed_at_once(run):
        raise problem
    _forward_last(run, shared, last)
    if not isinstance(problem, FetchFailed):
        # The refusal stays what is said of the publication, and nothing of it is confirmed.
        run.document = None
        raise problem
    run.hint(f"nothing new was found: {problem.message}")


def _leave_refused(run: Run, shared: Shared, last: Document) -> None:
    """Leave what is in force, and look only whether a standby is to serve in its place."""
    assert run.last_refused, "the pins refuse it"
    run.hint(f"{last.label}, applied before, is not believed any more: {run.last_refused.message}")
    if last.state != "withdrawn" and shared.standby_of(run.vpc):
        look(run, shared, last)


def _forward_last(run: Run, shared: Shared, last: Document) -> None:
    """Forward what was believed last, as no newer document is fit."""
    run.document = last
    _say_of(run, last)
    shared.check_running(run)
    _forward(run, shared, last)


def _forward(run: Run, shared: Shared, document: Document) -> None:
    host = run.host
    shared.settled(run)
    seen = look(run, shared, document)
    forwarders = seen.forwarders(host.server.uses_other_when_silent)
    settings = host.settings
    wished = forwarding_of(document, forwarders, settings.mode, settings.resolver_port)
    wanted = Wanted(document, shared.parts(run, document, wished))
    run.say(zones=wanted.part.zones, forwarders=wanted.part.forwarders)
    answers = ensure(run, shared, wanted)
    if not run.dry:
        shared.note_service(run)
        _sum_up(run, wanted, seen, answers)


def look(run: Run, shared: Shared, document: Document) -> Preflight:
    """Ask the resolver IPs; several times, where a standby would serve if they do not answer."""
    host = run.host
    host.progress.begin("preflight")
    zones = forwarding_of(document, (), host.settings.mode).zones
    seen = preflight(document, zones, host.asks, host.settings.resolver_port)
    if shared.standby_of(run.vpc) is not None:
        seen = _look_again(run, shared, document, seen)
    unfit = tuple(ip for ip in seen.by_ip if ip not in seen.fit)
    run.say(resolvers=len(seen.by_ip), unfit=unfit)
    return seen


def _look_again(run: Run, shared: Shared, document: Document, seen: Preflight) -> Preflight:
    """Return the last look at a VPC that has a standby, and note whether it answers."""
    host, standby = run.host, shared.standby_of(run.vpc)
    assert standby, "it has one"
    zones = forwarding_of(document, (), host.settings.mode).zones
    is_on_duty = shared.duty(standby).serving
    for _ in range(0 if is_on_duty else TRIES - 1):
        if seen.fit:
            break
        host.pause(PAUSE)
        seen = preflight(document, zones, host.asks, host.settings.resolver_port)
    is_answering = bool(seen.fit) or (not is_on_duty and _answers_as_before(run, document))
    shared.note_look(run, is_fit=is_answering)
    if is_on_duty and seen.fit and shared.serves_in_place(standby):
        _look_at_standby(standby, shared)
    return seen


def _answers_as_before(run: Run, document: Document) -> bool:
    """Return whether a VPC that does not answer as in its new document answers as in the one in
    force: a mistake in a publication is no reason to change the answers of a whole site."""
    host, last = run.host, run.memory.document
    if last is None or last.checksum == document.checksum or run.memory.last.forwarding.is_none:
        return False
    zones = forwarding_of(last, (), host.settings.mode).zones
    if not preflight(last, zones, host.asks, host.settings.resolver_port).fit:
        return False
    run.hint(f"its standby is not needed: it answers as in {last.label}, which stays in force")
    return True


def _look_at_standby(standby: Run, shared: Shared) -> None:
    """Ask the resolver IPs of the standby: if it serves and does not answer any more, it is not
    waited for."""
    document, host = standby.latest, standby.host
    if document is not None:
        zones = forwarding_of(document, (), host.settings.mode).zones
        seen = preflight(document, zones, host.asks, host.settings.resolver_port)
        if not seen.fit:
            shared.down.add(standby.vpc)


def _sum_up(run: Run, wanted: Wanted, seen: Preflight, answers: Proof) -> None:
    part, document = wanted.part, wanted.document
    resolvers = ", ".join(part.forwarders)
    # The same where nothing changed: it goes into the acknowledgement, which would be written anew.
    run.say(
        exit=Exit.DEGRADED if seen.is_degraded else Exit.DONE,
        summary=f"{run.host.server.title} forwards {len(part.zones)} zones to {resolvers}; "
        f"{answers.right} of {len(answers.verdicts)} answers are right ({document.label})",
        findings=tuple(explain(seen.troubles)),
        cure=seen.cure,
    )
    if part.is_none:
        run.say(summary=f"{_without_zones(run, answers)} ({document.label})")
    # Its names may have been another VPC's: that agents go on with.
    run.hint(*hints_of(run.former.restricted_to(part.zones), part, document))
    run.hint(*lasting(answers.verdicts))


def _without_zones(run: Run, answers: Proof) -> str:
    title = run.host.server.title
    if not answers.verdicts:
        return f"{title} forwards nothing to it: others come first for all of its zones"
    return (
        f"{title} forwards its zones for another VPC, to the same resolver IPs; {answers.right} of "
        f"{len(answers.verdicts)} answers are right"
    )


def _withdraw(run: Run, shared: Shared, document: Document) -> None:
    """Withdraw, and ask nothing afterwards: the names are the internet's or another VPC's again."""
    wished = forwarding_of(document, (), None, run.host.settings.resolver_port)
    wanted = Wanted(document, shared.parts(run, document, wished))
    ensure(run, shared, wanted)
    if not run.dry:
        shared.note_service(run)
        forwards = "nothing" if wanted.whole.is_none else "nothing to it"
        run.say(summary=f"{run.host.server.title} forwards {forwards} ({document.label})")
