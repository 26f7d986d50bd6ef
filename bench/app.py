"""The app, put into the model: its doors, its functions and their environments, its workflow."""

from __future__ import annotations

import datetime as datetimes
import importlib
import json
import logging
import os
import pkgutil
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest import mock

import connectivity
from connectivity.domain.tags import WISH, WISH_TAGS

from bench import expressions
from bench.amazon.account import REGION, Account, NotModelled
from bench.amazon.clients import answered_by, calling_as
from bench.amazon.compute import Compute, Network
from bench.amazon.others import ParameterStore, Probes, add_executions, add_signatures
from bench.amazon.resolution import Resolution
from bench.amazon.tables import Tables
from bench.clock import Clock, Resume, Wait
from bench.lifecycles import Lifecycles
from bench.template import STACK, Function, Template, template
from bench.workflow import Execution, Failed, Machine, failure_of

COLD_SECONDS = 0.9
"""A cold start: the figure of docs/performance.md."""
WARM_SECONDS = 600
"""Seconds for which an idle environment is kept; AWS keeps it for minutes and promises nothing."""
OWN_STATE = ("dynamodb:", "states:")
MOST_VPCS = 10_000
"""The quota of resolvers of the model's account: nobody's fleet fails for it."""


@dataclass(frozen=True)
class Design:
    """A design: the app as it is deployed, or with differences to try, by figures."""

    name: str = "as deployed"
    one_function: bool = False
    """True where all steps share the environments of one function."""
    cold_seconds: float = COLD_SECONDS
    reads_at_once: int = 1


AS_DEPLOYED = Design()


@dataclass
class Spent:
    """The cost of an app's invocations: their number, their cold starts, their seconds."""

    invocations: int = 0
    cold: int = 0
    seconds: float = 0


@dataclass
class App:
    """The app in an account of its own. Use it as a context: clients and clocks are the model's."""

    seed: int = 0
    throttles: bool = True
    design: Design = AS_DEPLOYED
    call_seconds: float = 0.08
    transition_seconds: float = 0.03
    spent: Spent = field(default_factory=Spent)

    def __post_init__(self) -> None:
        self.clock = Clock()
        self.template: Template = template()
        self.account = Account(
            self.clock,
            self.seed,
            self.throttles,
            self.call_seconds,
            self.design.reads_at_once,
        )
        self.compute = Compute(self.account)
        self.resolution = Resolution(self.account, self.compute)
        self.tables = Tables(self.account)
        self.parameters = ParameterStore(self.account)
        self.probes = Probes(self.account, self.compute, self.resolution)
        add_signatures(self.account)
        add_executions(self.account, lambda: self.machine)
        self.machine = Machine(
            self.clock,
            self.template.definition,
            self._invoke,
            f"arn:aws:states:{REGION}:123456789012:stateMachine:{STACK}",
            self.seed,
            self.transition_seconds,
        )
        self._free: defaultdict[str, list[float]] = defaultdict(list)
        """Function -> since when its idle environments are idle."""
        self._handlers: dict[str, Callable[[Any, Any], Any]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> App:
        # And a fleet that is removed on purpose: nobody has to say yes.
        quota = {"RESOLVER_ENDPOINT_QUOTA": str(MOST_VPCS), "REMOVAL_SHARE": "100"}
        environment = {
            **self.template.environment,
            "POWERTOOLS_METRICS_DISABLED": "true",  # they would stand between the tables
            **quota,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "POWERTOOLS_LOG_LEVEL": "CRITICAL",
        }
        self._stack.enter_context(mock.patch.dict(os.environ, environment))
        self._handlers = {
            name: importlib.import_module(function.handler.rpartition(".")[0]).handler
            for name, function in self.template.functions.items()
            if function.handler.startswith("handlers.")
        }
        logging.getLogger("private-connectivity").setLevel(logging.CRITICAL)
        logging.getLogger("connectivity").setLevel(logging.CRITICAL)
        self._stack.enter_context(answered_by(self.account))
        self._stack.enter_context(_on_virtual_time(self.clock))
        expressions.install(self.clock)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self.clock.close()

    # doors

    def add_vpc(self, number: int, lifecycles: Lifecycles) -> Network:
        return self.compute.add_vpc(f"vpc-{number:017x}", lifecycles)

    def tag(self, network: Network) -> None:
        """Tag the VPC, so that it is to be connected."""
        network.tags[WISH] = "enabled"
        self._tell(network)

    def untag(self, network: Network) -> None:
        network.tags.pop(WISH, None)
        self._tell(network)

    def touch(self, network: Network) -> None:
        """Write the tag that is there already: there is nothing to do."""
        self._tell(network)

    def sweep(self, told: Resume | None = None) -> None:
        """Run a sweep, as the schedule does."""
        self.invoke_by_handler("handlers.sweep.handler", {}, told or _ignored)

    def _tell(self, network: Network) -> None:
        tags = {key: value for key, value in network.tags.items() if key in WISH_TAGS}
        event = {
            "source": "aws.tag",
            "resources": [f"arn:aws:ec2:{REGION}:123456789012:vpc/{network.id}"],
            "detail": {"tags": tags, "changed-tag-keys": [WISH]},
        }
        self.invoke_by_handler("handlers.knock.handler", event, _ignored)

    def invoke_by_handler(self, handler: str, event: Any, told: Resume) -> None:
        [name] = [n for n, each in self.template.functions.items() if each.handler == handler]
        self._invoke(name, event)(told)

    # functions

    def _invoke(self, name: str, event: Any) -> Wait:
        function = self.template.functions[name]
        return lambda resume: self.clock.call(lambda: self._run(function, event), resume)

    def _run(self, function: Function, event: Any) -> Any:
        """Run the handler in an environment, on a thread of the clock; return its answer as
        JSON."""
        began = self.clock.now
        pool = "all" if self.design.one_function else function.name
        self._start(pool)
        self.spent.invocations += 1
        self.account.begin(function.name)
        try:
            with calling_as(function.name):
                return self._handle(function, json.loads(json.dumps(event)), began)
        except NotModelled:
            raise
        except Exception as error:
            raise failure_of(error) from error
        finally:
            self.spent.seconds += self.clock.now - began
            self._free[pool].append(self.clock.now)

    def _start(self, pool: str) -> None:
        """Take an idle environment, or begin a new one."""
        free = self._free[pool]
        while free:
            if self.clock.now - free.pop() <= WARM_SECONDS:
                return
        self.spent.cold += 1
        self.clock.sleep(self.design.cold_seconds)

    def _handle(self, function: Function, event: Any, began: float) -> Any:
        context = SimpleNamespace(aws_request_id="1", function_name=function.name)
        handler = self._handlers[function.name]
        answer = handler(event, context)
        if self.clock.now - began > function.timeout:
            raise Failed("Sandbox.Timedout", f"{function.name} took too long")
        return json.loads(json.dumps(answer))

    # what became of it

    @property
    def executions(self) -> list[Execution]:
        return [*self.machine.executions.values()]

    def counts(self, since: int = 0) -> Counter[str]:
        """Return how often each action was called, from the call of that number on."""
        return Counter(call.name for call in self.account.calls[since:])


def _ignored(_: Any, error: BaseException | None) -> None:
    if error is not None and not isinstance(error, Failed):
        raise error


@contextmanager
def _on_virtual_time(clock: Clock) -> Iterator[None]:
    """Let the functions' own modules read virtual time, wherever they read a clock."""

    class VirtualDatetime(datetimes.datetime):
        @classmethod
        def now(cls, tz: datetimes.tzinfo | None = None) -> VirtualDatetime:
            return cls.fromtimestamp(clock.epoch(), tz)

    for found in pkgutil.walk_packages(connectivity.__path__, "connectivity."):
        importlib.import_module(found.name)  # one that came later would read the real clock
    virtual = SimpleNamespace(**{**vars(time), "time": clock.epoch, "sleep": clock.sleep})
    with ExitStack() as stack:
        for name, module in [*sys.modules.items()]:
            if name.split(".")[0] not in {"connectivity", "handlers"}:
                continue
            if getattr(module, "datetime", None) is datetimes.datetime:
                stack.enter_context(mock.patch.object(module, "datetime", VirtualDatetime))
            if getattr(module, "time", None) is time:
                stack.enter_context(mock.patch.object(module, "time", virtual))
        yield
