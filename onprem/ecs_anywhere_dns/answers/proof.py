"""The proof that this host's DNS server answers as published, asked until trouble on the way has
settled.

Right after a reload a server tries its forwarders anew, and a silent one costs it up to 1.5 seconds
(measured), as long as a question is waited for: that is asked again. So is what was lost because
all questions came at once, as to a server that answers few at a time: the names that were answered
right are not asked for again, so that each round has fewer questions. A wrong answer is not asked
for again: each second of it is a second of wrong answers for a whole site.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ecs_anywhere_dns.answers.judgement import TRANSPORT_TROUBLE, Verdict
from ecs_anywhere_dns.answers.questions import Asks
from ecs_anywhere_dns.answers.verification import raise_unless_right, verify
from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.forwarding import Forwarding
from ecs_anywhere_dns.settings import Settings

ROUNDS = 5
LONGEST = 20.0
"""Seconds after which no further round begins, however many names there are: until the end of the
last one a whole site has what is being proven."""
PAUSE = 0.5
"""Seconds between two rounds; each round is bounded by the asker's own patience, some 3 s."""
SETTLES = {*TRANSPORT_TROUBLE, "servfail"}


@dataclass(frozen=True)
class Proof:
    """The last verdict on each question; none where nothing is forwarded."""

    verdicts: tuple[Verdict, ...]

    @property
    def right(self) -> int:
        return sum(verdict.ok for verdict in self.verdicts)

    @property
    def all_right(self) -> bool:
        return self.right == len(self.verdicts)

    @property
    def may_settle(self) -> bool:
        wrong = [verdict.code for verdict in self.verdicts if not verdict.ok]
        return bool(wrong) and all(code in SETTLES for code in wrong)

    @property
    def troubled(self) -> frozenset[str]:
        """Return the names that have a verdict that is not right."""
        return frozenset(v.question.name for v in self.verdicts if not v.ok)

    def renewed(self, verdicts: Iterable[Verdict]) -> Proof:
        """Return the proof with these verdicts in the place of those on the same questions."""
        newer = {verdict.question: verdict for verdict in verdicts}
        return Proof(tuple(newer.get(each.question, each) for each in self.verdicts))

    def raise_unless_right(self) -> None:
        """Check that every verdict is right. Raises NotResolving."""
        raise_unless_right(self.verdicts)


def prove(
    document: Document,
    forwarding: Forwarding,
    settings: Settings,
    asks: Asks,
    longest: float = LONGEST,
) -> Proof:
    """Ask in rounds until all is right, or no more can settle: for every name, then for those in
    trouble. At most ROUNDS are asked, and none begins after `longest` seconds."""
    deadline = time.monotonic() + longest
    zones, address, port = forwarding.zones, settings.address, settings.port
    proof = Proof(verify(document, zones, address, port, asks))
    for _ in range(ROUNDS - 1):
        if not proof.may_settle or time.monotonic() > deadline:
            break
        time.sleep(PAUSE)
        names = {name: document.names[name] for name in sorted(proof.troubled)}
        again = replace(document, names=names)
        proof = proof.renewed(verify(again, zones, address, port, asks))
    return proof
