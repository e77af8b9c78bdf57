"""A real endpoint for clients of topics: librdkafka's own broker stand-in, in a process that outlives whoever is killed.

`python -m tests.connectors.kafka_broker` prints `host:port` and serves until its standard input ends. Topics are made as they are
used, with four partitions; a partition keeps its newest 5 MB.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Producer

ROOT = Path(__file__).resolve().parents[2]
PARTITIONS = 4


@contextmanager
def broker() -> Iterator[str]:
    """Run one and give its address."""
    command = [sys.executable, "-m", "tests.connectors.kafka_broker"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def main() -> None:
    """Serve."""
    cluster = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "replaced"})
    found = next(iter(cluster.list_topics(timeout=10).brokers.values()))
    print(f"{found.host}:{found.port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
