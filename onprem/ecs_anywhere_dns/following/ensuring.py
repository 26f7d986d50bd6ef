"""The end of one VPC's turn: its forwarding is made to be in force, and every name is asked for.

What is there already is only verified; else it is switched to, and back at any failure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ecs_anywhere_dns.answers.proof import Proof, prove
from ecs_anywhere_dns.following.aliases import check_aliases
from ecs_anywhere_dns.following.beforehand import check_not_denied, check_reach
from ecs_anywhere_dns.following.claims import names_served
from ecs_anywhere_dns.following.edited import edited
from ecs_anywhere_dns.following.limits import check_within_limits
from ecs_anywhere_dns.following.listening import check_listening, listener_of
from ecs_anywhere_dns.following.moved import (
    check_still_read,
    former_files,
    to_remove,
    told_of_staying,
)
from ecs_anywhere_dns.following.policies import check_not_rewritten
from ecs_anywhere_dns.following.remembering import (
    Wanted,
    distrust,
    forget_distrust,
    remember,
    remember_switch,
)
from ecs_anywhere_dns.following.run import Run
from ecs_anywhere_dns.following.shared import Shared
from ecs_anywhere_dns.following.switchover import (
    NotPutBack,
    RolledBack,
    Target,
    check_fragments,
    check_room,
    check_unhindered,
    end_switch,
    files_of,
    switch,
)
from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.memory.files import FileState
from ecs_anywhere_dns.memory.records import Journal
from ecs_anywhere_dns.outcome import CheckFailed, Stop
from ecs_anywhere_dns.servers.contract import Fragment


def ensure(run: Run, shared: Shared, wanted: Wanted) -> Proof:
    """Return the answers through the server, all right. Raises what `switch` does, and NotResolving
    where nothing had to be switched."""
    run.host.progress.begin("render")
    whole = wanted.whole
    fragments = run.host.server.fragments(whole)
    document, part = wanted.document, wanted.part
    asked = replace(document, names=names_served(document, whole))

    def through_the_server() -> Proof:
        return prove(asked, whole, run.host.settings, run.host.asks)

    if run.dry:
        _tell_difference(run, fragments)
        if run.report.would_change:
            _check_switchable(run, wanted, fragments)
        return Proof(())
    if _is_there(run, shared, fragments, whole):
        remember(run, wanted)
        return _verify_as_it_is(run, (*part.zones, *asked.names), through_the_server)
    return _switch(run, shared, wanted, through_the_server)


def _is_there(run: Run, shared: Shared, fragments: tuple[Fragment, ...], whole: Forwarding) -> bool:
    """Return whether the forwarding is on the disk and in the running server. Files that somebody
    edited are written anew."""
    if shared.in_force == whole:
        return True
    if _differing(fragments):
        return False
    try:
        run.host.server.check_effective(whole)
    except Stop:
        return False
    shared.in_force = whole
    return True


def _verify_as_it_is(
    run: Run, names: tuple[str, ...], through_the_server: Callable[[], Proof]
) -> Proof:
    """Ask through the server, and once more after wrong answers were flushed from its cache."""
    run.host.progress.begin("verify")
    answers = through_the_server()
    if not answers.all_right:
        run.host.server.flush(names)
        answers = through_the_server()
    _raise_unless_right(run, answers)
    return answers


def _raise_unless_right(run: Run, answers: Proof) -> None:
    """Check that every answer is right, and write the numbers into the report. Raises
    NotResolving."""
    run.say(answers=len(answers.verdicts), answers_right=answers.right)
    answers.raise_unless_right()


def _switch(
    run: Run, shared: Shared, wanted: Wanted, through_the_server: Callable[[], Proof]
) -> Proof:
    whole = wanted.whole
    fragments = run.host.server.fragments(whole)
    _check_switchable(run, wanted, fragments)
    answers: list[Proof] = []

    def verified() -> None:
        answers.append(through_the_server())
        _raise_unless_right(run, answers[-1])

    former = run.memory.last.forwarding
    to_forget = (*wanted.document.names, *wanted.part.zones, *former.zones)
    files = files_of(fragments)
    target = Target(
        whole, files, verified, to_forget, lambda problem: note_failure(run, shared, problem)
    )
    target = replace(target, tell=run.hint)
    shared.in_force = None
    journal = _switch_without_former(run, target, former_files(run.host, fragments))
    end_switch(run.host, journal, target, lambda: remember_switch(run, wanted, journal))
    forget_distrust(run)
    shared.in_force = whole
    run.say(changed=True)
    return answers[-1]


def _switch_without_former(run: Run, target: Target, former: Sequence[FileState]) -> Journal:
    """Switch, and remove the former files that are not needed any more; where the server's checker
    refuses that, they stay. Returns the journal. Raises what `switch` does."""
    removed = to_remove(run.host, former)
    gone = [file.path for file in removed]
    run.hint(*told_of_staying(run.host, [file for file in former if file.path not in gone]))
    if not removed:
        return switch(run.host, run.id, target)
    named = ", ".join(map(str, gone))
    try:
        journal = switch(run.host, run.id, replace(target, files=(*target.files, *removed)))
    except NotPutBack:
        raise
    except CheckFailed as problem:
        journal = switch(run.host, run.id, target)
        run.hint(f"{named}, written by this tool at a former path, stays: {problem.message}")
    else:
        run.hint(f"removed {named}, written by this tool at a former path")
    return journal


def note_failure(run: Run, shared: Shared, problem: Stop) -> None:
    """Write down, once in a run, that its switch failed: before it is undone, or, where that could
    not be written then, afterwards. Where undoing it ended otherwise, the publication is distrusted
    no more than before: the server never took it, or a person has to mend the server, and the next
    run goes on."""
    if run.distrusted_before is None:
        # First: who serves in the place of whom depends on what rests.
        shared.note_failure(run, problem)
        before = run.distrust()
        distrust(run, problem)
        run.distrusted_before = before
    elif not isinstance(problem, RolledBack):
        run.host.state.write_distrust(run.distrusted_before)


def _check_switchable(run: Run, wanted: Wanted, fragments: tuple[Fragment, ...]) -> None:
    """Check that a switch would not fail, without changing anything. Raises CheckFailed and
    NotResolving."""
    check_room(run.host, fragments)
    check_fragments(run.host, fragments)
    check_still_read(run.host, fragments)
    check_unhindered(run.host, wanted.whole)
    if not wanted.part.is_none:
        check_within_limits(run.host, wanted.document)
        check_listening(listener_of(run.host), run.host.asks)
        check_reach(run.host, wanted.document, wanted.part.forwarders)
        check_not_rewritten(run.host, wanted.document)
        check_aliases(run.host, wanted.document)
        check_not_denied(run.host, wanted.document)


def _tell_difference(run: Run, fragments: tuple[Fragment, ...]) -> None:
    changed = [fragment.path for fragment in _differing(fragments)]
    if changed:
        removed = to_remove(run.host, former_files(run.host, fragments))
        changed += [file.path for file in removed]
    files = tuple(map(str, changed))
    run.say(would_change=files, summary=f"would change {', '.join(files) or 'nothing'}")
    for file in edited(run.host, files_of(fragments)):
        run.hint(f"{file.path} is not as this tool wrote it; a copy of it would be kept beside it")


def _differing(fragments: tuple[Fragment, ...]) -> list[Fragment]:
    wanted = zip(fragments, files_of(fragments), strict=True)
    return [fragment for fragment, file in wanted if not file.is_on_disk()]
