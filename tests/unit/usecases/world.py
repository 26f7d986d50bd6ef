"""The world of the use cases' tests: one account and Region with the VPC of the example in it, and
the steps of the workflow, each with the ports that its handler gives it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any, TypeVar

from connectivity.domain import ledger as ledgers
from connectivity.domain import publication
from connectivity.domain.desired import Desired
from connectivity.domain.errors import Waiting
from connectivity.domain.evidence import Place
from connectivity.domain.ledger import Entry
from connectivity.domain.publication import Issue
from connectivity.domain.status import Status
from connectivity.domain.survey import Limits
from connectivity.domain.wish import Options
from connectivity.usecases import check_preconditions as checks
from connectivity.usecases.ask_names import ask_names
from connectivity.usecases.asked import Wished
from connectivity.usecases.await_acknowledgements import await_acknowledgements
from connectivity.usecases.aws import Aws
from connectivity.usecases.ensure_endpoints import ensure_endpoints, learn_what_was_begun
from connectivity.usecases.ensure_resolver import Resolver, ensure_resolver
from connectivity.usecases.finish import Desk
from connectivity.usecases.keep_record import Archive
from connectivity.usecases.patience import Patience
from connectivity.usecases.private_dns import turn_on_private_dns
from connectivity.usecases.publish import Notes, Published, publish
from connectivity.usecases.read_vpc import Verdict, read_vpc
from connectivity.usecases.remove import remove_everything, remove_surplus
from connectivity.usecases.run import Run
from connectivity.usecases.settings import Settings
from connectivity.usecases.turn_off_private_dns import turn_off_everything, turn_off_surplus
from connectivity.usecases.verify_resolution import verify_resolution
from connectivity.usecases.withdraw import Withdrawn, withdraw

from tests.unit.example import ACCOUNT, OPTIONS, REGION, US, VPC, acknowledgement
from tests.unit.usecases.fakes import (
    START,
    FakeAccount,
    FakeClock,
    FakeEndpoints,
    FakeExecutions,
    FakeGroups,
    FakeHostedZones,
    FakeLedger,
    FakeMetrics,
    FakeNotifications,
    FakeOrganizations,
    FakeParameters,
    FakeProbe,
    FakeRecordStore,
    FakeResolvers,
    FakeSignatures,
    FakeVpcs,
    Weather,
)

SIGNING_KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
SETTINGS = Settings(
    us=US,
    account=ACCOUNT,
    region=REGION,
    defaults=OPTIONS,
    limits=Limits(),
    parameter_path="/ecs-anywhere/private-connectivity",
    signing_key=SIGNING_KEY,
    drain_seconds=60,
    expiry_seconds=360,
)
ACKNOWLEDGEMENTS = f"{publication.folder(SETTINGS.parameter_path, VPC.id)}/acknowledgements"
LIST, DOCUMENT = publication.parameter_names(SETTINGS.parameter_path, VPC.id)
LATER = 600
"""Seconds after which nobody who connected a VPC is in anybody's way."""
_MOST_TRIES = 25
EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{US}:{VPC.id}-17-20261123T120000Z"

_NO_NOTES = Notes()

Result = TypeVar("Result")


class World:
    def __init__(self, signing_key: str = SIGNING_KEY) -> None:
        ids = count(4).__next__
        self.weather = Weather()
        self.vpcs = FakeVpcs(self.weather)
        self.endpoints = FakeEndpoints(self.weather, ids)
        self.groups = FakeGroups(self.weather, ids, self._held_groups, now=lambda: self.seconds)
        self.resolvers = FakeResolvers(self.weather, ids)
        self.hosted_zones = FakeHostedZones()
        self.organizations = FakeOrganizations()
        self.parameters = FakeParameters(self.weather, now=lambda: self.seconds)
        self.signatures = FakeSignatures()
        self.record_store = FakeRecordStore()
        self.signing_key = signing_key
        self.ledger = FakeLedger(now=lambda: self.seconds)
        self.metrics = FakeMetrics()
        self.executions = FakeExecutions()
        self.probe = FakeProbe(self.weather, self.endpoints.answer)
        self.notifications = FakeNotifications(self.weather)
        self.account = FakeAccount(
            self.vpcs, self.endpoints, self.groups, self.resolvers, self.parameters
        )
        self.clock = FakeClock()
        self.idle_days = SETTINGS.idle_days
        self.is_last_try = True
        self.patience_seconds = 24.0
        """Seconds for which a function waits itself; no other time passes than the clock's."""

    def settle(self) -> None:
        """Time goes by: what was being made or removed is made or gone."""
        self.clock.waited += 15
        self.endpoints.settle()
        self.resolvers.settle()
        self.probe.settle()

    def _held_groups(self) -> set[str]:
        """Return the security groups that some network interface holds."""
        return {
            *(group for e in self.endpoints.all.values() for group in e.security_groups),
            *(group for r in self.resolvers.all.values() for group in r.security_groups),
            *([self.probe.group] if self.probe.group else []),
        }

    @property
    def seconds(self) -> float:
        """Return the time of the workflow's clock, in seconds since the epoch; it stands still
        during a call."""
        return START + self.clock.waited

    @property
    def entry(self) -> Entry:
        return self.ledger.read(VPC.id)

    @property
    def issued(self) -> Issue:
        """The document that was issued last."""
        issued = self.entry.issued
        assert issued is not None
        return issued

    @property
    def desk(self) -> Desk:
        """Return the desk to which an execution reports."""
        return Desk(
            self.vpcs, self.ledger, self.notifications, self.seconds, EXECUTION, self.archive
        )

    @property
    def archive(self) -> Archive:
        """Return the archive of records of runs."""
        place = Place(ACCOUNT, REGION, US)
        return Archive(
            place, self.record_store, self.signatures, self.signing_key, self.is_last_try
        )

    @property
    def document(self) -> dict[str, Any]:
        """Return the document that on-premises reads."""
        return dict(json.loads(self.parameters.all[DOCUMENT]))

    @property
    def settings(self) -> Settings:
        return replace(SETTINGS, signing_key=self.signing_key, idle_days=self.idle_days)

    @property
    def aws(self) -> Aws:
        return Aws(
            vpcs=self.vpcs,
            endpoints=self.endpoints,
            groups=self.groups,
            resolvers=self.resolvers,
            hosted_zones=self.hosted_zones,
            organizations=self.organizations,
            parameters=self.parameters,
            signatures=self.signatures,
            probe=self.probe,
            ledger=self.ledger,
            metrics=self.metrics,
            clock=self.clock,
            settings=self.settings,
            patience=Patience(self.clock, self.patience_seconds),
        )

    def run(self, because: str = "tag", tries: int = 0) -> Run:
        """A try of an execution to read the VPC."""
        return Run(VPC.id, EXECUTION, because, self.seconds, tries)

    def read(self, because: str = "tag", tries: int = 0) -> Verdict:
        return read_vpc(self.run(because, tries), self.aws, self.executions)

    def check(
        self,
        options: Options = OPTIONS,
        because: str = "tag",
        only_plan: bool = False,
        tries: int = 0,
    ) -> checks.Check:
        """The check of a VPC whose tags ask for `options`."""
        vpc = self.vpcs.find(VPC.id)
        assert vpc is not None
        wished = Wished(vpc, self.entry, options, because, only_plan)
        return checks.check_preconditions(wished, self.run(because, tries), self.aws)

    def ensure_endpoints(self, desired: Desired) -> tuple[str, ...]:
        return ensure_endpoints(desired, self.seconds, self.aws)

    def ensure_resolver(self, desired: Desired) -> Resolver:
        return ensure_resolver(desired, self.aws)

    def turn_on_private_dns(self, desired: Desired) -> tuple[str, ...]:
        return turn_on_private_dns(desired, self.seconds, self.aws)

    def verify(self, desired: Desired, resolver: Resolver) -> Mapping[str, Any]:
        return verify_resolution(desired, resolver, self.aws).as_json()

    def publish(
        self,
        desired: Desired,
        resolver: Resolver,
        verified: Mapping[str, Any],
        notes: Notes = _NO_NOTES,
    ) -> Published:
        return publish(desired, resolver, verified, notes, self.aws)

    def withdraw(self) -> Withdrawn:
        return withdraw(VPC.id, self.aws)

    def await_acknowledgements(self, waited_seconds: int = 0) -> int:
        return await_acknowledgements(VPC.id, waited_seconds, self.aws)

    def turn_off_all(self) -> int:
        return turn_off_everything(VPC.id, self.seconds, self.aws)

    def turn_off_surplus(self, desired: Desired) -> int:
        return turn_off_surplus(desired, self.seconds, self.aws)

    def acknowledge(
        self, host: str, generation: int, result: str = "applied", **fields: Any
    ) -> str:
        """Write the acknowledgement of a DNS host, and return the parameter's name."""
        issued = json.loads(self.parameters.all.get(DOCUMENT, "{}"))
        is_last = issued.get("generation") == generation
        state = {"state": issued["state"]} if is_last else {}
        said = acknowledgement(host, generation, result) | state | fields
        name = f"{ACKNOWLEDGEMENTS}/{host}"
        self.parameters.all[name] = json.dumps(said)
        return name

    # And the workflow, as its definition orders them: whoever has to wait tries again later.

    def connect(self, options: Options = OPTIONS, because: str = "tag") -> Status:
        """The status that the run ends with."""
        tries = count()
        check = self.patiently(lambda: self.check(options, because, tries=next(tries)))
        if check.to_ask:
            self.ledger.take(self.entry, EXECUTION)
            asked, server = check.to_ask, check.dns_server
            self.patiently(lambda: ask_names(check.desired, asked, server, self.aws))
            check = self.patiently(lambda: self.check(options, because, tries=next(tries)))
        return self._carry_out(check)

    def _carry_out(self, check: checks.Check) -> Status:
        if check.converged:
            return check.status
        resolver = self.patiently(lambda: self._side_by_side(check.desired))
        status = self.patiently(lambda: self._switch_over(check, resolver))
        self.patiently(lambda: self.turn_off_surplus(check.desired))
        self.patiently(lambda: remove_surplus(check.desired, self.aws))
        return status

    def _side_by_side(self, desired: Desired) -> Resolver:
        """One branch does not wait until the other has waited."""
        waiting = None
        try:
            self.ensure_endpoints(desired)
        except Waiting as reason:
            waiting = reason
        resolver = self.ensure_resolver(desired)
        if waiting:
            raise waiting
        return resolver

    def _switch_over(self, check: checks.Check, resolver: Resolver) -> Status:
        self.turn_on_private_dns(check.desired)
        verified = self.verify(check.desired, resolver)
        notes = Notes(check.warnings, check.repairs)
        return self.publish(check.desired, resolver, verified, notes).status

    def disconnect(self, after: float = LATER) -> str:
        """The detail of the status that a teardown ends with, which begins so many seconds
        later."""
        self.clock.waited += after
        if ledgers.begun_endpoints(self.entry):
            self.patiently(lambda: learn_what_was_begun(VPC.id, self.seconds, self.aws))
        withdrawn = self.patiently(self.withdraw)
        if withdrawn.acknowledging:
            self.patiently(self.await_acknowledgements)
        self.patiently(self.turn_off_all)
        return self.patiently(lambda: remove_everything(VPC.id, self.aws)).detail

    def patiently(self, step: Callable[[], Result]) -> Result:
        for _ in range(_MOST_TRIES):
            try:
                return step()
            except Waiting as waiting:
                said = waiting
                self.settle()
        raise said


def connected(options: Options = OPTIONS, signing_key: str = SIGNING_KEY) -> World:
    """A world in which the VPC is connected, and no change counted yet."""
    world = World(signing_key)
    world.connect(options)
    world.clock.waited += LATER
    world.weather.changes.clear()
    return world
