"""A storm as it is written: what happens to which VPC when, and which events get there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Any

from hypothesis import strategies as st

from local.example_vpc import ONPREM_CIDR
from tests.story.app import ONPREM_CIDRS, SERVICES, WISH

MOST_VPCS = 3
"""The account has room for four inbound resolvers."""
FEWEST_MOMENTS, MOST_MOMENTS = 4, 10


class Action(StrEnum):
    ENABLE = "tag enabled"
    DISABLE = "tag disabled"
    UNTAG = "tag removed"
    ASK_FOR_LOGS = "tag services = logs"
    ASK_FOR_STS = "tag services = sts"
    ASK_FOR_LESS = "tag services removed"
    WIDEN = "tag onprem-cidrs = two networks"
    NARROW = "tag onprem-cidrs removed"
    REQUEST = "request Enable"
    REQUEST_LOGS = "request Enable with logs"
    REQUEST_END = "request Delete"
    SWEEP = "sweep"
    STOP = "execution stopped"


TAGGED: Mapping[Action, tuple[str, str]] = {
    Action.ENABLE: (WISH, "enabled"),
    Action.DISABLE: (WISH, "disabled"),
    Action.ASK_FOR_LOGS: (SERVICES, "logs"),
    Action.ASK_FOR_STS: (SERVICES, "sts"),
    Action.WIDEN: (ONPREM_CIDRS, f"{ONPREM_CIDR} 10.65.0.0/16"),
}
UNTAGGED: Mapping[Action, str] = {
    Action.UNTAG: WISH,
    Action.ASK_FOR_LESS: SERVICES,
    Action.NARROW: ONPREM_CIDRS,
}
REQUESTED: Mapping[Action, tuple[str, Mapping[str, Any]]] = {
    Action.REQUEST: ("Enable", {}),
    Action.REQUEST_LOGS: ("Enable", {"services": ["logs"], "onprem-cidrs": [ONPREM_CIDR]}),
    Action.REQUEST_END: ("Delete", {}),
}
OFTEN = (Action.ENABLE, Action.UNTAG, Action.ENABLE, Action.ASK_FOR_LOGS)
"""Actions that come often: without a tag that says enabled nothing else matters."""


@dataclass(frozen=True)
class Moment:
    after: int
    """AWS seconds since the moment before."""
    vpc: int
    """The how-manyeth VPC, from 0."""
    action: Action
    deliveries: tuple[int, ...] = (0,)
    """AWS seconds by which each delivery of the event is late; none if it is lost."""

    @property
    def makes_deaf(self) -> bool:
        """Tell whether this VPC may need a sweep: the execution that heard of a wish is stopped, or
        none heard."""
        return self.action is Action.STOP or not self.deliveries

    def __str__(self) -> str:
        vpc = "" if self.action is Action.SWEEP else f"vpc-{self.vpc} "
        return f"{vpc}{self.action}{_fate(self.deliveries)}"


def _fate(deliveries: tuple[int, ...]) -> str:
    match deliveries:
        case ():
            return ", its event lost"
        case (0,):
            return ""
        case (late,):
            return f", its event {late} s late"
    return f", its event twice, {deliveries[-1]} s apart"


@dataclass(frozen=True)
class Script:
    moments: tuple[Moment, ...]

    @property
    def vpcs(self) -> int:
        return 1 + max((moment.vpc for moment in self.moments), default=0)

    def timed(self) -> Iterator[tuple[int, Moment]]:
        times = accumulate(moment.after for moment in self.moments)
        return zip(times, self.moments, strict=True)

    def is_deaf(self, vpc: int) -> bool:
        return any(moment.makes_deaf for moment in self.moments if moment.vpc == vpc)

    def __str__(self) -> str:
        return "\n".join(f"at second {at:4}: {moment}" for at, moment in self.timed())

    def _repr_pretty_(self, printer: Any, _is_cycle: bool) -> None:
        """Print the script as Hypothesis shows it."""
        printer.text(f"\n{self}\n")


# An execution takes some hundred AWS seconds here, because its functions take real time.
_PAUSES = st.sampled_from([0, 0, 3, 20, 60, 150, 300, 600])
_DELAYS = st.sampled_from([0, 2, 30, 150, 400])
_ONCE_OR_TWICE: st.SearchStrategy[tuple[int, ...]] = st.one_of(
    st.just((0,)), st.just((0,)), st.tuples(st.just(0), _DELAYS), st.tuples(_DELAYS)
)
_AT_ALL: st.SearchStrategy[tuple[int, ...]] = st.one_of(_ONCE_OR_TWICE, _ONCE_OR_TWICE, st.just(()))


@st.composite
def _moments(draw: st.DrawFn) -> Moment:
    action = draw(st.sampled_from([*OFTEN, *Action]))
    # Tag events are best effort; whoever puts events has them delivered at least once.
    if action in REQUESTED:
        fate = _ONCE_OR_TWICE
    else:
        fate = _AT_ALL if action in {*TAGGED, *UNTAGGED} else st.just((0,))
    return Moment(draw(_PAUSES), draw(st.integers(0, MOST_VPCS - 1)), action, draw(fate))


def scripts() -> st.SearchStrategy[Script]:
    moments = st.lists(_moments(), min_size=FEWEST_MOMENTS, max_size=MOST_MOMENTS)
    return st.builds(lambda drawn: Script(tuple(drawn)), moments)
