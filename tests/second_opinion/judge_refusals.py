"""Read a JSON list of {service, code, protocol} from stdin and write, for each, the HTTP status
with which microburst would send that error.

Runs under the readers' own Python (requirements-tools.lock), by itself.
"""

from __future__ import annotations

import json
import sys

from microburst.models import error_http_status  # type: ignore[import-not-found]

if __name__ == "__main__":
    json.dump(
        [
            error_http_status(each["service"], each["code"], 400, each["protocol"])
            for each in json.load(sys.stdin)
        ],
        sys.stdout,
    )
