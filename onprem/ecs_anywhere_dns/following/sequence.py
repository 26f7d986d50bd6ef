"""The story: what `apply` does, in the order in which it does it.

    lock -> recover -> fetch -> validate -> preflight -> render -> check fragment
         -> look for hindrances -> ask the server
         -> switch (journal, swap, check, reload, check, flush, verify; back at any failure)
         -> commit -> acknowledge

A failed fetch or preflight leaves the forwarding as it is: to remove it would send the site's
questions to the internet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ecs_anywhere_dns.answers.explanation import explain
from ecs_anywhere_dns.answers.preflight import Preflight, preflight
from ecs_anywhere_dns.answers.proof import Proof, prove
from ecs_anywhere_dns.document import Document, read_document
from ecs_anywhere_dns.following.acceptance import accept
from ecs_anywhere_dns.following.beforehand import check_reach
from ecs_anywhere_dns.following.confirmation import confirm
from ecs_anywhere_dns.following.hints import hints_of, lasting
from ecs_anywhere_dns.following.listening import check_listening, door_of
from ecs_anywhere_dns.following.remembering import distrust, remember, remember_switch
from ecs_anywhere_dns.following.run import Run
from ecs_anywhere_dns.following.switchover import (
    Target,
    check_fragments,
    check_running,
    check_unhindered,
    files_of,
    recover,
    switch,
)
from ecs_anywhere_dns.forwarding import Forwarding, forwarding_of
from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.memory.state import Memory
from ecs_anywhere_dns.outcome import Exit, FetchFailed, Stop
from ecs_anywhere_dns.pinned.belief import warnings_of
from ecs_anywhere_dns.report import Report
from ecs_anywhere_dns.servers.contract import Fragment

RECOVERED = "an earlier run had died while it switched; what it had begun was undone first"
TO_RECOVER = "an earlier run died while it switched; `ecs-anywhere-dns apply` undoes that first"


def apply(host: Host, *, force: bool = False, dry: bool = False) -> Report:
    """Follow the publication. Never raises Stop: the report says how it ended. `dry` stops before
    anything is touched; `force` takes what is older, held back or rests."""
    run = Run(host, Report("apply", host=host.settings.host, server=host.server.name), force, dry)
    try:
        with host.state.locked():
            _locked(run)
    except Stop as problem:
        run.report = run.report.stopped(problem)
    host.progress.end()
    return replace(run.report, at=host.timestamp(), seconds=dict(host.progress.seconds))


def _locked(run: Run) -> None:
    run.hint(*warnings_of(run.host.settings))
    try:
        _recover(run)
        _follow(run)
    except Stop as problem:
        run.report = run.report.stopped(problem)
        distrust(run, problem)
    if run.document is not None and not run.dry:
        run.hint(*confirm(run.host, run.document, run.report))
    if not run.dry:
        _write_down(run)


def _write_down(run: Run) -> None:
    """How a run ended stays true where it cannot be written."""
    try:
        run.host.state.write_report(replace(run.report, at=run.host.timestamp()).as_json())
    except Stop as problem:
        run.hint(f"`status` will not know of this run: {problem.message}", problem.cure)


def _recover(run: Run) -> None:
    run.host.state.applied().check_server(run.host.server.name)
    if run.dry:
        run.hint(*([TO_RECOVER] if run.host.state.journal() else []))
    elif recover(run.host):
        run.hint(RECOVERED)
    run.memory = Memory.of(run.host.state.applied())


def _follow(run: Run) -> None:
    try:
        text = _fetch(run)
    except FetchFailed as problem:
        _without_publication(run, problem)
        return
    document = _validate(run, text)
    check_running(run.host)
    if document.state == "withdrawn":
        _withdraw(run, document)
    else:
        _forward(run, document)


def _fetch(run: Run) -> str:
    run.host.progress.begin("fetch")
    return run.host.publication.fetch(run.memory.known)


def _without_publication(run: Run, problem: FetchFailed) -> None:
    """Where nothing is forwarded any more, Parameter Store need not be reachable."""
    last = run.memory.document
    if last is None or last.state != "withdrawn":
        raise problem
    run.say(summary=f"nothing is forwarded: {last.label} was the last word")
    run.hint(f"nothing new was found: {problem.message}")


def _validate(run: Run, text: str) -> Document:
    """Raises Refused and Resting."""
    host = run.host
    host.progress.begin("validate")
    document = read_document(text)
    run.say(
        vpc=document.vpc_id,
        generation=document.generation,
        state=document.state,
        checksum=document.checksum,
    )
    distrusted = host.state.distrust()
    accept(document, host.settings, run.memory.applied, distrusted, host.now(), force=run.force)
    run.document = document
    return document


def _forward(run: Run, document: Document) -> None:
    host = run.host
    port, mode = host.settings.resolver_port, host.settings.mode
    host.progress.begin("preflight")
    zones = forwarding_of(document, (), mode).zones
    seen = preflight(document, zones, host.asks, port)
    forwarders = seen.forwarders(host.server.uses_other_when_silent)
    forwarding = forwarding_of(document, forwarders, mode, port)
    run.say(zones=forwarding.zones, forwarders=forwarding.forwarders)
    answers = _ensure(run, document, forwarding)
    if not run.dry:
        _sum_up(run, document, forwarding, seen, answers)


def _sum_up(
    run: Run, document: Document, forwarding: Forwarding, seen: Preflight, answers: Proof
) -> None:
    resolvers = ", ".join(forwarding.forwarders)
    # The same where nothing changed: it goes into the acknowledgement, which would be written anew.
    run.say(
        exit=Exit.DEGRADED if seen.is_degraded else Exit.DONE,
        summary=f"{run.host.server.title} forwards {len(forwarding.zones)} zones to {resolvers}; "
        f"{answers.right} of {len(answers.verdicts)} answers are right ({document.label})",
        answers=len(answers.verdicts),
        answers_right=answers.right,
        findings=tuple(explain(seen.troubles)),
        cure=seen.cure,
    )
    run.hint(*hints_of(run.memory.applied.forwarding, forwarding, document))
    run.hint(*lasting(answers.verdicts))


def _withdraw(run: Run, document: Document) -> None:
    """Nothing is asked afterwards: the names are the internet's again."""
    _ensure(run, document, forwarding_of(document, (), None, run.host.settings.resolver_port))
    if not run.dry:
        run.say(summary=f"{run.host.server.title} forwards nothing ({document.label})")


def _ensure(run: Run, document: Document, forwarding: Forwarding) -> Proof:
    """The answers through the server, all right. Raises what `switch` does, and NotResolving where
    nothing had to be switched."""
    run.host.progress.begin("render")
    fragments = run.host.server.fragments(forwarding)

    def through_the_server() -> Proof:
        return prove(document, forwarding, run.host.settings, run.host.asks)

    if run.dry:
        _tell_difference(run, fragments)
        if _differing(fragments):
            _check_switchable(run, document, forwarding, fragments)
        return Proof(())
    if _is_there(run, fragments, forwarding):
        remember(run, document, forwarding)
        return _verify_as_it_is(run, (*forwarding.zones, *document.names), through_the_server)
    return _switch(run, document, forwarding, fragments, through_the_server)


def _is_there(run: Run, fragments: tuple[Fragment, ...], forwarding: Forwarding) -> bool:
    """On the disk and in the running server: what somebody edited or restarted is repaired."""
    if _differing(fragments):
        return False
    try:
        run.host.server.check_effective(forwarding)
    except Stop:
        return False
    return True


def _verify_as_it_is(
    run: Run, names: tuple[str, ...], through_the_server: Callable[[], Proof]
) -> Proof:
    """What is cached wrongly is forgotten once; after that it is a person's."""
    run.host.progress.begin("verify")
    answers = through_the_server()
    if not answers.all_right:
        run.host.server.flush(names)
        answers = through_the_server()
    answers.raise_unless_right()
    return answers


def _switch(
    run: Run,
    document: Document,
    forwarding: Forwarding,
    fragments: tuple[Fragment, ...],
    through_the_server: Callable[[], Proof],
) -> Proof:
    _check_switchable(run, document, forwarding, fragments)
    answers: list[Proof] = []

    def verified() -> None:
        answers.append(through_the_server())
        answers[-1].raise_unless_right()

    target = Target(forwarding, files_of(fragments), verified, tuple(document.names))
    journal = switch(run.host, run.id, target)
    run.host.progress.begin("commit")
    remember_switch(run, document, forwarding, journal)
    run.say(changed=True)
    return answers[-1]


def _check_switchable(
    run: Run, document: Document, forwarding: Forwarding, fragments: tuple[Fragment, ...]
) -> None:
    """Raises CheckFailed and NotResolving where a switch would fail; nothing is touched."""
    check_fragments(run.host, fragments)
    check_unhindered(run.host, forwarding)
    if not forwarding.is_none:
        check_listening(door_of(run.host), run.host.asks)
        check_reach(run.host, document, forwarding.forwarders)


def _tell_difference(run: Run, fragments: tuple[Fragment, ...]) -> None:
    differing = _differing(fragments)
    files = ", ".join(str(fragment.path) for fragment in differing)
    run.say(summary=f"would change {files}" if files else "would change nothing")


def _differing(fragments: tuple[Fragment, ...]) -> list[Fragment]:
    wanted = zip(fragments, files_of(fragments), strict=True)
    return [fragment for fragment, file in wanted if not file.is_on_disk()]
