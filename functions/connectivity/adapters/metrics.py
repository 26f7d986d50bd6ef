"""Usage of a connection, from Amazon CloudWatch.

AWS/Route53Resolver InboundQueryVolume, by EndpointId (Route 53 developer guide, "Monitoring VPC
Resolver endpoints with Amazon CloudWatch"); AWS/PrivateLinkEndpoints BytesProcessed, by these four
dimensions (AWS PrivateLink guide, "CloudWatch metrics for AWS PrivateLink"). A metric without a
value is one of which nothing was counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from connectivity.adapters.aws import call, client
from connectivity.adapters.refusals import is_answer
from connectivity.domain.model import InterfaceEndpoint
from connectivity.domain.usage import DAY, Usage


class CloudWatchMetrics:
    """The port `Metrics` on AWS."""

    def usage(
        self, vpc_id: str, resolver_id: str, endpoints: Iterable[InterfaceEndpoint], days: int
    ) -> Usage | None:
        asked = [
            _sum(
                "queries", "AWS/Route53Resolver", "InboundQueryVolume", {"EndpointId": resolver_id}
            )
        ]
        for number, endpoint in enumerate(endpoints):
            dimensions = {
                "Endpoint Type": "Interface",
                "Service Name": endpoint.service_name,
                "VPC Endpoint Id": endpoint.id,
                "VPC Id": vpc_id,
            }
            asked.append(
                _sum(f"bytes{number}", "AWS/PrivateLinkEndpoints", "BytesProcessed", dimensions)
            )
        now = datetime.now(UTC)
        try:
            found = call(
                client("cloudwatch").get_metric_data,
                MetricDataQueries=asked,
                StartTime=now - timedelta(days=days),
                EndTime=now,
            )["MetricDataResults"]
        except ClientError as error:
            if is_answer(error):
                return None
            raise
        sums = {result["Id"]: sum(result["Values"]) for result in found}
        queries = sums.pop("queries", 0.0)
        return Usage(queries, sum(sums.values()))


def _sum(id_: str, namespace: str, name: str, dimensions: Mapping[str, str]) -> dict[str, Any]:
    """Return the query for a metric's sum, day by day."""
    return {
        "Id": id_,
        "MetricStat": {
            "Metric": {
                "Namespace": namespace,
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            },
            "Period": DAY,
            "Stat": "Sum",
        },
    }
