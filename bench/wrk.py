"""`wrk` as the client for answers of some microseconds, where one in Python would be what is measured."""

import json
import shutil
import subprocess
import tempfile
from typing import Final
from urllib.parse import quote

from bench.client import Endpoint, Sample
from bench.mix import REPEATED, Query

_SCRIPT: Final = """
local paths = {{ {paths} }}
local headers = {{ ["Accept"] = "{accept}" }}
local turn = {first}
local repeated = {repeated}
request = function()
  turn = turn + 1
  local path = paths[turn % #paths + 1]
  if not repeated then path = path:gsub("ZNZ", turn) end
  return wrk.format("GET", path, headers)
end
done = function(summary, latency)
  io.write(string.format('\\nRESULT {{"completed": %d, "us": %d, "p50": %f, "p99": %f, "failed": %d, "lost": %d}}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""


def has_wrk() -> bool:
    """Whether the short questions can be asked by `wrk`."""
    return shutil.which("wrk") is not None


def measure_with_wrk(
    endpoint: Endpoint, query: Query, mode: str, turn: int, *, concurrency: int, seconds: float
) -> Sample:
    """One round of one short question, sent by `wrk` with one thread."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_script(endpoint, query, mode, turn))
        script.flush()
        command = ["wrk", "-t1", f"-c{concurrency}", f"-d{max(1, round(seconds))}s", "-s", script.name]
        done = subprocess.run(
            [*command, f"http://{endpoint.host}:{endpoint.port}/"], capture_output=True, text=True, check=True
        )
    said = json.loads(done.stdout.split("RESULT ", 1)[1].splitlines()[0])
    errors = {"status": said["failed"], "connection": said["lost"]}
    return Sample(
        said["completed"] - said["failed"],
        said["us"] / 1e6,
        said["p50"] / 1000,
        said["p99"] / 1000,
        {name: count for name, count in errors.items() if count},
    )


def _script(endpoint: Endpoint, query: Query, mode: str, turn: int) -> str:
    """A script for `wrk` that sends the same texts as `Query.targets`, if in another order."""
    if mode == REPEATED:
        stream = query.targets(mode, turn)
        targets = [next(stream).decode() for _ in range(4096)]
    else:
        head = query.encoded()
        targets = [head.replace("ZAZ", quote(next(iter(one), ""), safe="")) for one in query.constants]
    paths = ",\n".join(f'"{endpoint.address}{one}"' for one in targets)
    repeated = str(mode == REPEATED).lower()
    return _SCRIPT.format(paths=paths, accept=query.accept, first=turn * 1_000_000, repeated=repeated)
