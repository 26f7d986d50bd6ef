"""`python -m recovery --stack NAME`: show what the ledger has lost, ask, and write it down."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from connectivity.adapters import wiring
from connectivity.domain import tags
from connectivity.domain.errors import Fact, Waiting
from ecs_anywhere import aws_errors
from ecs_anywhere.stack import NoStack, Stack, Where, read_stack

from recovery.evidence import Finding, examine
from recovery.reading import read_everything
from recovery.writing import write

DONE, UNDECIDED, NOTHING_WRITTEN, UNREADABLE = 0, 1, 2, 3
_EXIT_CODES = """exit codes:
  0  the ledger knows everything that looks like the stack's
  1  something looks like the stack's and is undecided: each is named
  2  not all was written: you did not say yes, or a VPC, which is named, could not be
  3  the stack or the VPC cannot be read"""


def main(arguments: Sequence[str] | None = None, ask: Callable[[str], str] = input) -> int:
    """Rebuild the ledger as the arguments say, and return the exit code. `ask` asks the person."""
    options = _parser().parse_args(arguments)
    try:
        stack = read_stack(Where(options.stack))
        whole = read_everything(stack, options.vpc)
    except NoStack as error:
        print(error, file=sys.stderr)
        return UNREADABLE
    findings = [examine(seen) for seen in whole.seen]
    print("\n".join((*told(findings), *told_of_the_forgotten(whole.forgotten))))
    lost = [finding for finding in findings if finding.asks_for_a_yes]
    if lost and not (options.yes or _says_yes(lost, ask)):
        print("Nothing was written.")
        return NOTHING_WRITTEN
    written = [is_written(finding, lambda each: _write(each, stack)) for finding in lost]
    if not all(written):
        return NOTHING_WRITTEN
    return UNDECIDED if any(finding.undecided for finding in findings) else DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rebuild-ledger",
        description="Rebuild the ledger of a stack out of what AWS shows. Nothing is written "
        "before you say yes.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stack", required=True, help="the stack's name")
    parser.add_argument("--vpc", help="look at this VPC alone")
    parser.add_argument("--yes", action="store_true", help="write without asking")
    return parser


def told(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield the lines that a person reads before the question."""
    quiet = 0
    for finding in findings:
        if not finding.asks_for_a_yes and not finding.undecided:
            quiet += 1
            continue
        yield finding.vpc_id
        for each in finding.proposals:
            yield f"  ours?      {each.id:28} {each.purpose} - {each.because}"
        if finding.is_older and finding.seen.issue:
            generation = finding.seen.issue.generation
            yield f"  generation {generation} was published, the ledger knows {_known(finding)}"
        for lost in finding.undecided:
            cost = f" - about {lost.dollars:.0f} USD a month" if lost.dollars else ""
            yield f"  undecided  {lost.id:28} {lost.because}{cost}"
        if finding.dollars:
            yield f"  what is proposed costs about {finding.dollars:.0f} USD a month"
    yield f"{quiet} other VPCs: the ledger knows everything that looks like the stack's."


def told_of_the_forgotten(vpc_ids: Sequence[str]) -> Iterator[str]:
    """Yield the lines about VPCs that were removed, of which nothing is left to rebuild from."""
    for vpc_id in vpc_ids:
        yield (
            f"{vpc_id} was removed, and its promised addresses and its generation are lost with "
            f"its entry: set the tag {tags.RESOLVER_IPS} before it is connected again, if "
            "on-premises still has its former addresses"
        )


def _known(finding: Finding) -> str:
    return str(finding.seen.entry.highest_generation or "none")


def _says_yes(lost: Sequence[Finding], ask: Callable[[str], str]) -> bool:
    things = sum(len(finding.proposals) for finding in lost)
    print(
        "What is written down counts as made by the stack: it is changed, and removed when a VPC\n"
        "no longer asks for it. Anybody who may tag can make a thing look so: look at each id."
    )
    question = f"Write {things} things of {len(lost)} VPCs into the ledger? [yes/no] "
    try:
        return ask(question).strip().lower() == "yes"
    except EOFError:  # nobody is there to answer
        return False


def is_written(finding: Finding, attempt: Callable[[Finding], bool]) -> bool:
    """Write what was found by `attempt`, which returns False where an execution is at work; say
    what came of it, and return whether it was written. One VPC that AWS refuses keeps no other
    from being written."""
    problem = ""
    try:
        if not attempt(finding):
            problem = "an execution is at work. Run this again when it has ended."
    except aws_errors.RAISED as error:
        problem = aws_errors.told(error)
    except (Waiting, Fact) as error:
        problem = str(error)
    said = f"not written: {problem}" if problem else "written. The next sweep looks at it."
    print(f"{finding.vpc_id}: {said}")
    return not problem


def _write(finding: Finding, stack: Stack) -> bool:
    before = finding.seen.entry
    if before.holder is not None and wiring.executions().is_running(before.holder):
        return False
    return write(before, finding.entry, stack)


if __name__ == "__main__":
    sys.exit(main())
