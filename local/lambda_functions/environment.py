"""One execution environment: a process that runs one deployment, and how it is started."""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.clock import Clock
from local.engine import EmbeddedAws
from local.lambda_functions.deployment import LAYER_ROOT, TASK_ROOT, Deployment, Unpacked
from local.lambda_functions.forks import Forks, Process
from local.lambda_functions.runtime_api import Invocation, Outcome, RuntimeApi, failure

INIT_SECONDS = 30.0
"""Real seconds for the init phase. AWS gives 10; a slow machine with busy cores needs more."""
KILL_SECONDS = 10.0
"""Real seconds within which a killed process must be gone."""

AWS_TIME = Path(__file__).with_name("aws_time")
"""The folder of the sitecustomize.py that makes a function's sleeps take AWS time."""

RUNTIME_VARIABLES = {
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
}
"""The variables that Lambda sets for every function alike."""

# The task root as working directory and the log as both outputs, whoever starts the process.
_ENTRYPOINT = 'cd "$LAMBDA_TASK_ROOT" && unset OLDPWD && exec "$@" >>"$0" 2>&1'

_EXITED = Outcome(b"", function_error=True, environment_lost=True)


class ExecutionEnvironment:
    """One process that runs one deployment, one invocation at a time."""

    def __init__(
        self,
        deployment: Deployment,
        api: RuntimeApi,
        process: Process,
        folder: Path,
        stream: str,
        clock: Clock,
    ) -> None:
        self.deployment = deployment
        self.log_stream = stream
        self._clock = clock
        self._time_scale = clock.time_scale
        self._api = api
        self._process = process
        self._folder = folder
        self._read = 0
        self._lost = False
        self._trace = ""
        threading.Thread(target=self._watch, name="lambda-exit", daemon=True).start()

    @property
    def usable(self) -> bool:
        """Tell whether the process lives, and its sleeps still take AWS time."""
        keeps_time = self._time_scale == self._clock.time_scale
        return keeps_time and not self._lost and self._process.poll() is None

    def invoke(self, invocation: Invocation) -> Outcome:
        self._trace = invocation.trace
        initialised = self._api.initialised.wait(INIT_SECONDS)
        outcome = self._api.call(invocation) if initialised else None
        if outcome is None:
            outcome = failure(
                "Sandbox.Timedout",
                f"RequestId: {invocation.request_id} Error: "
                f"Task timed out after {invocation.timeout:.2f} seconds",
            )
        elif outcome == _EXITED:
            outcome = failure(
                "Runtime.ExitError",
                f"RequestId: {invocation.request_id} Error: {self._exit_reason()}",
            )
        self._lost = outcome.environment_lost
        return outcome

    def new_log(self) -> str:
        """Return the output of the function since the last call."""
        log = self._folder / "log"
        if not log.exists():
            return ""
        with log.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        self._read += len(text)
        return text.decode(errors="replace")

    def runs(self, trace: str) -> bool:
        """Tell whether the environment runs the invocation with that trace id."""
        return self._trace == trace

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self.kill()
        self._process.wait(timeout=KILL_SECONDS)
        self._api.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _watch(self) -> None:
        self._process.wait()
        self._api.report(_EXITED)

    def _exit_reason(self) -> str:
        code = self._process.wait(timeout=KILL_SECONDS)
        if code == 0:
            return "Runtime exited without providing a reason"
        status = f"exit status {code}" if code > 0 else f"signal: {signal.strsignal(-code)}"
        return f"Runtime exited with error: {status.lower()}"


class Launcher:
    """The launcher of environments' processes, of which none outlives the engine. Those outside of
    VPCs are forks of one process; those inside are started in the VPC's network. An engine that is
    killed takes them along: Linux sends them SIGKILL (the parent-death signal, set by `setpriv`).
    Where there is no `setpriv`, the Runtime API's connection breaks, which ends an idle process at
    once and a busy one when its handler returns."""

    def __init__(self, aws: EmbeddedAws, folder: Path) -> None:
        self._aws = aws
        self._folder = folder
        self._unpacked = Unpacked(Path(tempfile.mkdtemp(prefix="code-", dir=folder)))
        # The parent-death signal comes when the *thread* that started the process ends, so
        # all are started by one thread that lives as long as the engine.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lambda-launcher")
        setpriv = shutil.which("setpriv")
        self._prefix = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
        self._forks: Forks | None = None

    def start(self, deployment: Deployment) -> ExecutionEnvironment:
        folder = Path(tempfile.mkdtemp(prefix="environment-", dir=self._folder))
        stream = f"{time.strftime('%Y/%m/%d')}/[{deployment.version}]{uuid.uuid4().hex}"
        api = RuntimeApi()
        try:
            variables = self._variables(deployment, stream, folder, api.address)
            process = self._thread.submit(self._run, deployment, folder, variables).result()
        except BaseException:
            api.close()
            raise
        return ExecutionEnvironment(deployment, api, process, folder, stream, self._aws.clock)

    def _run(self, deployment: Deployment, folder: Path, variables: Mapping[str, str]) -> Process:
        log = folder / "log"
        if deployment.vpc is None:
            return self._forking().start(deployment.handler, log, variables)
        runtime = [str(self._aws.settings.lambda_python), "-m", "awslambdaric", deployment.handler]
        return self._aws.networks.run_inside(
            deployment.vpc.vpc_id,
            deployment.vpc.cidrs,
            ["/bin/sh", "-c", _ENTRYPOINT, str(log), *self._prefix, *runtime],
            variables,
            variables["AWS_LAMBDA_RUNTIME_API"],
        )

    def _forking(self) -> Forks:
        """Return the process that forks environments, made when the first is needed."""
        if self._forks is None:
            python = self._aws.settings.lambda_python
            self._forks = Forks(python, self._prefix, RUNTIME_VARIABLES)
        return self._forks

    def _variables(
        self, deployment: Deployment, stream: str, folder: Path, runtime_api: str
    ) -> dict[str, str]:
        """Return every variable of the process's environment; nothing of the engine's own is among
        them.

        HOME and TMPDIR stand for Lambda's /tmp and its having no AWS configuration files.
        """
        task_root = self._unpacked.path(deployment.code, TASK_ROOT)
        layers = [self._unpacked.path(each, LAYER_ROOT) for each in reversed(deployment.layers)]
        paths = [task_root, *(layer / "python" for layer in layers), AWS_TIME]
        credentials = self._aws.principals.credentials_for(deployment.role_arn, deployment.name)
        overridable = {
            **RUNTIME_VARIABLES,
            "PYTHONPATH": ":".join(map(str, paths)),
            "EMBEDDED_AWS_TIME_SCALE": str(self._aws.clock.time_scale),
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "AWS_ENDPOINT_URL": self._aws.url,
            **getattr(self._aws, "lambda_environment", {}),
        }
        reserved = {
            "_HANDLER": deployment.handler,
            "AWS_REGION": deployment.region,
            "AWS_DEFAULT_REGION": deployment.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{deployment.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": deployment.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(deployment.memory),
            "AWS_LAMBDA_FUNCTION_VERSION": deployment.version,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{deployment.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_LAMBDA_RUNTIME_API": runtime_api,
            "LAMBDA_TASK_ROOT": str(task_root),
        }
        return {
            **overridable,
            **dict(deployment.variables),
            **reserved,
            **credentials.as_environment(),
        }

    def close(self) -> None:
        if self._forks is not None:
            self._forks.close()
        self._thread.shutdown(cancel_futures=True)
