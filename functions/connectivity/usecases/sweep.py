"""Sweep: look at the whole account at once, and start executions where something differs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connectivity.domain import ledger as ledgers
from connectivity.domain.differences import View
from connectivity.domain.doubt import VERIFICATION
from connectivity.domain.errors import (
    SigningRefused,
    Throttled,
    Unavailable,
    UnreadableOption,
    Waiting,
)
from connectivity.domain.ledger import Entry
from connectivity.domain.measured import of_the_account
from connectivity.domain.measures import UNUSABLE_SIGNING_KEYS, Measure
from connectivity.domain.model import Vpc
from connectivity.domain.needs_a_look import SWEEP, Need, need_of, wish_of
from connectivity.domain.orphans import Orphans, orphans
from connectivity.domain.printable import first_lines
from connectivity.domain.verification_clock import VerificationClock
from connectivity.domain.whole_account import WholeAccount
from connectivity.domain.wish import Options, Wish, read_options
from connectivity.usecases.finish import Desk
from connectivity.usecases.orphans import tell_orphans
from connectivity.usecases.ports import Account, Executions, Ledger, Signatures
from connectivity.usecases.settings import Settings

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 200
"""Executions that one sweep starts. Each reads its VPC with three calls of Route 53 Resolver, which
takes five a second of an account; a throttled one tries again for some minutes."""
MOST_THROTTLES = 3
"""Throttled knocks in a row after which the sweep leaves the rest to the next one."""


@dataclass(frozen=True)
class Sweep:
    """The ports and values that a sweep works with."""

    account: Account
    ledger: Ledger
    executions: Executions
    settings: Settings
    clock: VerificationClock
    desk: Desk
    """The desk that tells a person of orphans; its `now` is in seconds since the epoch."""
    signatures: Signatures | None = None
    """The signatures; None where nothing is signed."""

    @property
    def now(self) -> float:
        return self.desk.now


@dataclass(frozen=True)
class Swept:
    """The result of a sweep."""

    looked_at: int
    """VPCs that ask for something, or of which the ledger knows."""
    knocked: Mapping[str, tuple[str, ...]]
    """VPC -> why an execution looks at it now."""
    left: tuple[str, ...]
    """VPCs that need a look and are left to the next sweep, which begins with them."""
    orphans: tuple[Orphans, ...] = ()
    """The orphans: resources that look like ours in VPCs that ask for nothing."""
    measures: tuple[Measure, ...] = field(default=(), compare=False)
    """The measures for an operator; no part of the answer."""

    def as_json(self) -> dict[str, Any]:
        return {
            "looked_at": self.looked_at,
            "knocked": {vpc_id: list(why) for vpc_id, why in self.knocked.items()},
            "left": list(self.left),
            "orphans": [each.line for each in self.orphans],
        }


def sweep(tools: Sweep) -> Swept:
    """Start an execution for each VPC that needs a look, those first for which a sweep has started
    none for longest. Raises Unavailable where some could not be knocked on, which keeps no other
    from it, and Throttled where AWS takes no more calls: the next sweep begins with them."""
    entries = {entry.vpc_id: entry for entry in tools.ledger.entries()}
    at_work = tools.executions.all_running()
    seen = tools.account.look(_adopted(entries.values()))
    found = _tell_orphans(seen, entries, tools)
    vpc_ids = sorted(entries.keys() | seen.vpcs.keys())
    views = (_view(entries.get(id_, Entry(id_)), seen, tools.settings) for id_ in vpc_ids)
    needs = [need for view in views if (need := _need(view, at_work, tools))]
    connected = sum(bool(entry.served.wish) for entry in entries.values())
    due, later = _bounded(needs, tools.clock.most_at_once(connected))
    left = tuple(need.vpc_id for need in later)
    measures = of_the_account(entries.values(), seen.resolvers, tools.clock, tools.now)
    measures = (*measures, *_of_the_key(tools.signatures))
    return Swept(len(vpc_ids), _knock_on_all(due, tools), left, found, measures)


def _of_the_key(signatures: Signatures | None) -> tuple[Measure, ...]:
    """Return whether the signing key is unusable; nothing where AWS KMS does not tell now."""
    if signatures is None:
        return ()
    try:
        usable = signatures.is_usable()
    except SigningRefused:
        usable = False
    except Waiting:
        return ()
    return (Measure(UNUSABLE_SIGNING_KEYS, not usable),)


def _tell_orphans(
    seen: WholeAccount, entries: Mapping[str, Entry], tools: Sweep
) -> tuple[Orphans, ...]:
    """Return the orphans, of which a person was told. A mail that cannot be sent now keeps no VPC
    from being looked at: the next sweep tries again."""
    asking = (id_ for id_, vpc in seen.vpcs.items() if wish_of(vpc) is not Wish.DISABLED)
    found = orphans(seen, entries, asking, tools.settings.us)
    try:
        tell_orphans(found, tools.settings.us, tools.desk)
    except Waiting as why:
        logger.warning("nobody could be told of orphans, %s: %s", type(why).__name__, why)
    return found


def _adopted(entries: Iterable[Entry]) -> frozenset[str]:
    """Return the ids of VPC endpoints that are used and not ours."""
    return frozenset(
        id_
        for entry in entries
        for purpose, id_ in entry.served.adopted.items()
        if purpose.startswith(ledgers.ENDPOINT_PURPOSES)
    )


def _view(entry: Entry, seen: WholeAccount, settings: Settings) -> View:
    view = View(entry, seen, settings.us, settings.parameter_path)
    return replace(view, options=_options(view.vpc, settings)) if view.vpc else view


def _options(vpc: Vpc, settings: Settings) -> Options | None:
    try:
        return read_options(vpc.tags, settings.defaults, settings.bounds)
    except UnreadableOption:
        return None


def _need(view: View, at_work: frozenset[str], tools: Sweep) -> Need | None:
    """Return why the VPC needs a look; None, too, if an execution is at work on it: that one looks
    at everything before it ends, and whoever asks for something else knocks."""
    names = (execution.rpartition(":")[2] for execution in at_work)
    if view.entry.holder in at_work or any(name.startswith(f"{view.vpc_id}-") for name in names):
        return None
    tags = view.vpc.tags if view.vpc else {}
    return need_of(view, tools.settings.fingerprint(tags), tools.now, tools.clock)


def _bounded(needs: Iterable[Need], verifications: int) -> tuple[list[Need], list[Need]]:
    """Return what one sweep begins, and what is left to the next ones. A verification too many is
    left, unless there are other reasons to look at the VPC: then it is looked at."""
    begun: list[Need] = []
    left: list[Need] = []
    for need in sorted(needs, key=lambda need: (need.entry.swept_at, need.vpc_id)):
        verifies = need.because == VERIFICATION
        if len(begun) == MOST_AT_ONCE or (verifies and not verifications and not need.reasons):
            left.append(need)
        elif verifies and not verifications:
            begun.append(replace(need, because=SWEEP))
        else:
            begun.append(need)
            verifications -= verifies
    return begun, left


def _knock_on_all(needs: Iterable[Need], tools: Sweep) -> dict[str, tuple[str, ...]]:
    """Return VPC -> why an execution looks at it now. Raises Unavailable and Throttled when all
    that can be knocked on are."""
    knocked: dict[str, tuple[str, ...]] = {}
    missed: dict[str, Waiting] = {}
    throttles = 0
    for need in needs:
        if throttles == MOST_THROTTLES:
            raise Throttled(f"{len(knocked)} executions were started; {_said(missed)}")
        try:
            if _knock(need, tools):
                knocked[need.vpc_id] = need.told
            throttles = 0
        except Waiting as reason:
            missed[need.vpc_id] = reason
            throttles = throttles + 1 if isinstance(reason, Throttled) else 0
    if missed:
        raise Unavailable(f"{len(knocked)} executions were started; {_said(missed)}")
    return knocked


def _knock(need: Need, tools: Sweep) -> bool:
    """Write down why, then start an execution. Return False if somebody has begun meanwhile."""
    holder = need.entry.holder
    if holder is not None and tools.executions.is_running(holder):
        return False
    if not tools.ledger.hand_over(need.entry, need.differences, tools.now):
        return False
    tools.executions.start(need.vpc_id, need.entry.knocks, need.because)
    return True


def _said(missed: Mapping[str, Waiting]) -> str:
    lines = [f"{vpc_id}: {type(why).__name__}: {why}" for vpc_id, why in missed.items()]
    return f"{len(missed)} could not be: {'; '.join(first_lines(lines))}"
