"""One run of the complete flow, everything on, in this process: prints events, seconds and peak memory as JSON."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time

from flows import ports
from flows.main import build
from flows.running import RecoverySettings, run


def measure(session: str, form: str) -> dict[str, float]:
    """Replay a session at full speed into archive and warehouse."""
    with tempfile.TemporaryDirectory(prefix="ghosttape-") as folder:
        plugs, shaping = ports.replay(session, "max", 0, form, folder, False)
        flow = build(plugs, shaping)
        started, started_cpu = time.perf_counter(), time.process_time()
        run(flow, RecoverySettings())
        seconds, cpu = time.perf_counter() - started, time.process_time() - started_cpu
    return {"seconds": seconds, "cpu": cpu, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], sys.argv[2])))
