"""The shared state of the turns of one run: the owners of zones, and the forwarding in force."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from ecs_anywhere_dns.document import Document
from ecs_anywhere_dns.following.claims import Claim, Settled, claim_of, settle, takes, zone_of
from ecs_anywhere_dns.following.kept_back import kept_back, with_zones
from ecs_anywhere_dns.following.places import in_their_places
from ecs_anywhere_dns.following.run import Run
from ecs_anywhere_dns.following.standby import (
    after_look,
    gone_back,
    gone_over,
    is_enough,
    rests,
    way_back_failed,
)
from ecs_anywhere_dns.following.switchover import RolledBack, check_running
from ecs_anywhere_dns.forwarding import NOTHING, Forwarding
from ecs_anywhere_dns.memory.records import FOUND, Applied, Duty
from ecs_anywhere_dns.outcome import BadUsage, RollbackFailed, Stop


@dataclass
class Shared:
    """One run over all VPCs that this host follows."""

    runs: Sequence[Run]
    down: set[str] = field(default_factory=set)
    """VPCs of a pair, of whom none of the resolver IPs answered."""
    in_force: Forwarding | None = None
    """The forwarding that was seen to be on the disk and in the running server."""
    is_running: bool = False
    duties: dict[str, Duty] = field(default_factory=dict)
    """The duty of each standby, as it was read or noted last; a dry run writes none of it."""
    damaged: set[str] = field(default_factory=set)
    """Standbys whose file cannot be read: their duty is seen by what is forwarded."""

    def check_running(self, run: Run) -> None:
        """Ask the server once. Raises what `switchover.check_running` does."""
        if not self.is_running:
            check_running(run.host)
            self.is_running = True

    def standby_of(self, vpc: str) -> Run | None:
        return next((run for run in self.runs if run.host.settings.standby_for == vpc), None)

    def settled(self, run: Run) -> Settled:
        """Return what this VPC may have. Raises Refused where another one claims it, too."""
        applied = run.host.state.applied()
        serving = {
            each.vpc: each.host.settings.standby_for
            for each in self.runs
            if self.serves_in_place(each)
        }
        claims = [_claim(each, applied) for each in self.runs]
        settled = settle(in_their_places(claims, serving))[run.vpc]
        if settled.refused is not None:
            raise settled.refused
        return settled

    def parts(self, run: Run, document: Document, wished: Forwarding) -> Mapping[str, Forwarding]:
        """Return what is forwarded for each VPC, once this one has what it may have of `wished`.
        Raises Refused."""
        settled, applied = self.settled(run), run.host.state.applied()
        held = applied.of(run.vpc).forwarding.zones
        # What another one comes first for is left to it once it has it: nobody's names in between.
        still = [zone for zone in settled.to_others if zone in held]
        part = wished.restricted_to((*settled.zones, *still))
        own = [name for name in document.names if zone_of(name, wished.zones) in part.zones]
        others = {
            vpc: last.forwarding if vpc in settled.first else _without(last.forwarding, part, own)
            for vpc, last in applied.vpcs.items()
        }
        parts = {**others, run.vpc: part}
        given_up = {zone for zone in held if zone not in part.zones}
        parts |= self._kept_back(run, given_up, parts)
        # What nobody is left with is no part any more.
        return {
            vpc: part
            for vpc, part in sorted(parts.items())
            if part.zones or not vpc.startswith(FOUND)
        }

    def left_alone(self, applied: Applied) -> Mapping[str, Forwarding]:
        """Return what is forwarded for each VPC that is followed, without those that are not."""
        followed = {run.vpc for run in self.runs}
        return {vpc: last.forwarding for vpc, last in applied.vpcs.items() if vpc in followed}

    def duty(self, standby: Run) -> Duty:
        """Return what a standby does. That it serves counts only for the VPC that the settings
        name, and while something that this one claims is forwarded to the standby."""
        first = self._first_of(standby)
        if first is None:
            return Duty()
        duty = self._noted(standby).for_vpc(first.vpc)
        return duty if not duty.serving or self._has_names_of(first, standby) else gone_back(duty)

    def end_old_duties(self) -> None:
        """Forget the duties that do not count any more, and write a damaged one anew. Where that
        cannot be written they do not count either, and the next run tries again."""
        standbys = [run for run in self.runs if self._first_of(run) is not None]
        with suppress(Stop):
            self.runs[0].host.state.end_duties([run.vpc for run in standbys])
        for run in standbys:
            duty = self.duty(run)
            if duty != self._noted(run) or run.vpc in self.damaged:
                with suppress(Stop):
                    self._note(run, duty)

    def serves_in_place(self, run: Run) -> bool:
        """Return whether this standby is to serve the names of the VPC that it stands by for."""
        first = self._first_of(run)
        if first is None or first.latest is None or first.latest.state == "withdrawn":
            return False
        duty = self.duty(run)
        if first.vpc in self.down:
            return duty.serving or (run.believed is not None and not _rests(run))
        if not duty.serving:
            return False
        is_waited_for = not is_enough(duty, run.host.now()) and run.vpc not in self.down
        return is_waited_for or _rests(first)

    def is_needed_at_once(self, run: Run) -> bool:
        """Return whether a VPC or its standby is to take over names that no resolver IP answers."""
        if self.serves_in_place(run):
            return not self.duty(run).serving
        standby = self.standby_of(run.vpc)
        if standby is None or standby.vpc not in self.down or run.vpc in self.down:
            return False
        return self.duty(standby).serving and not self.serves_in_place(standby)

    def note_look(self, run: Run, *, is_fit: bool) -> None:
        """Note whether a VPC that has a standby answers."""
        standby = self.standby_of(run.vpc)
        if standby is None:
            return
        if not is_fit:
            self.down.add(run.vpc)
        duty = self.duty(standby)
        looked = after_look(duty, run.host.now(), is_fit=is_fit) if duty.serving else duty
        if looked != duty:
            self._note(standby, looked)

    def note_service(self, run: Run) -> None:
        """Note that a VPC has all zones that it may have, and which VPC served in the place of
        which."""
        first, duty = self._first_of(run), self.duty(run)
        is_over = self.serves_in_place(run) and not duty.serving
        if first is not None and is_over and self._has_names_of(first, run):
            self._note_done(run, gone_over(duty, run.host.now(), first.vpc))
        standby = self.standby_of(run.vpc)
        said = self._noted(standby) if standby else Duty()
        if standby and said.serving and not self.serves_in_place(standby):
            self._note_done(standby, gone_back(self.duty(standby)))

    def note_failure(self, run: Run, problem: Stop) -> None:
        """Note that the way back to a VPC failed after the reload: each try changes the answers of
        a whole site for seconds, so the next one waits longer."""
        standby = self.standby_of(run.vpc)
        if standby is None or not isinstance(problem, RolledBack | RollbackFailed):
            return
        duty = self.duty(standby)
        if duty.serving and not self.serves_in_place(standby):
            self._note(standby, way_back_failed(duty, run.host.now()))

    def _noted(self, standby: Run) -> Duty:
        """Return what was noted of a standby's duty, now or by an earlier run. Where the file
        cannot be read, a standby serves that names of its first VPC are forwarded to: so it goes on
        with what it does, and goes back as any other."""
        if standby.vpc not in self.duties:
            try:
                self.duties[standby.vpc] = standby.host.state.duty()
            except BadUsage as problem:
                self.damaged.add(standby.vpc)
                self.duties[standby.vpc] = self._duty_seen(standby)
                standby.hint(
                    f"{problem.message}: whether it serves was seen by what is forwarded, and "
                    "how often it did today is not known"
                )
        return self.duties[standby.vpc]

    def _duty_seen(self, standby: Run) -> Duty:
        first = self._first_of(standby)
        if first is None or not self._has_names_of(first, standby):
            return Duty()
        return Duty(True, standby.host.timestamp(), first=first.vpc)

    def _note_done(self, standby: Run, duty: Duty) -> None:
        """Note the duty after its switch, which stays also where that cannot be written."""
        try:
            self._note(standby, duty)
        except Stop as problem:
            self.duties[standby.vpc] = duty
            standby.hint(f"whether it serves is not written down: {problem.message}", problem.cure)

    def _note(self, standby: Run, duty: Duty) -> None:
        """Note the duty of a standby, for the next run as well where this one is not dry. Raises
        CheckFailed."""
        if not standby.dry:
            standby.host.state.write_duty(duty)
        self.duties[standby.vpc] = duty

    def _kept_back(
        self, run: Run, given_up: Collection[str], parts: Mapping[str, Forwarding]
    ) -> Mapping[str, Forwarding]:
        """Return what is forwarded for the VPCs that claim what this one gives up, and do not have
        it yet."""
        applied = run.host.state.applied()
        others = {each.vpc: each for each in self.runs if each.vpc != run.vpc and each.believed}
        claims = [_claim(each, applied) for each in others.values()]
        forwarded = [zone for part in parts.values() for zone in part.zones]
        return {
            vpc: with_zones(
                parts.get(vpc, NOTHING), zones, document, other.host.settings.resolver_port
            )
            for vpc, zones in kept_back(given_up, claims, forwarded).items()
            if (other := others[vpc]) and (document := other.believed)
        }

    def _has_names_of(self, first: Run, standby: Run) -> bool:
        """Return whether something that the first VPC claims is forwarded to its standby."""
        applied = standby.host.state.applied()
        claim, held = (
            _claim_of_latest(first, applied),
            _claim_of_latest(standby, applied).as_it_is(),
        )
        return bool(claim.loses_to(held) or held.loses_to(claim))

    def _first_of(self, standby: Run) -> Run | None:
        wanted = standby.host.settings.standby_for
        return next((run for run in self.runs if run.vpc == wanted), None)


def _rests(run: Run) -> bool:
    """Return whether the switch to what is believed of a VPC failed, and is not tried yet."""
    document, distrust = run.believed, run.distrust()
    if document is None or run.force or distrust.checksum != document.checksum:
        return False
    return rests(distrust, run.host.now())


def _claim(run: Run, applied: Applied) -> Claim:
    """Return the claim of a VPC: of no more than it holds, where its document is in doubt."""
    claim = _claim_of_latest(run, applied)
    return claim if run.believed is not None else claim.as_it_is()


def _claim_of_latest(run: Run, applied: Applied) -> Claim:
    return claim_of(run.host.settings, run.latest, applied.of(run.vpc).forwarding)


def _without(forwarding: Forwarding, part: Forwarding, names: Collection[str]) -> Forwarding:
    """Return what is left to another VPC."""
    return forwarding.restricted_to(
        [zone for zone in forwarding.zones if not takes(zone, part.zones, names)]
    )
