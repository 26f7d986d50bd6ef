"""Lambda without Docker: functions really run, under AWS's own runtime client.

Gap of moto: it needs Docker, and without it answers an invocation with its own request.
Here each execution environment is a process `python -m awslambdaric <handler>` on the
deployed code, with the environment and the role credentials that Lambda would give it; outside of
VPCs it is a fork of one that has the runtime's SDK imported.
Not emulated: memory limits, a read-only /var/task, Amazon Linux, reserved concurrency,
changing the VPC of a function that exists.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from local.lambda_functions import moto_lambda
from local.lambda_functions.service import LambdaService

if TYPE_CHECKING:
    from local.engine import EmbeddedAws


def install(aws: EmbeddedAws) -> None:
    service = LambdaService(aws)
    aws.lambdas = service
    aws.weather.kill = service.kill
    moto_lambda.answer_with(service)
    # Closed first, and refusing: stock moto would look for Docker with what is invoked meanwhile.
    aws.closers += [partial(moto_lambda.stop_answering, service), service.close]
