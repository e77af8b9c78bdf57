"""A feed of lines, `python -m tests.bench.live_posts RATE SECONDS`: real posts, each a little different, each about bitcoin."""

from __future__ import annotations

import itertools
import json
import socket
import sys
import time

from tests.bench.scoring_speed import posts

POSTS = 20_000
TICK_S = 0.005


def main(rate: float, seconds: float) -> None:
    """Serve one receiver: as many posts a second as asked for, spread over every second."""
    texts = posts(POSTS, repeated=False)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
        peer, _ = listening.accept()
    peer.recv(4_096)  # which feed it is, and how much of it there is
    began, sent = time.monotonic(), 0
    for number in itertools.count():
        passed = time.monotonic() - began
        if passed > seconds:
            break
        due = int(passed * rate)
        peer.sendall(b"".join(post(at, texts[at % POSTS]) for at in range(sent, due)))
        sent = max(sent, due)
        time.sleep(max(0.0, began + (number + 1) * TICK_S - time.monotonic()))
    print(json.dumps({"sent": sent}), flush=True)
    peer.recv(4_096)  # until the receiver goes


def post(number: int, text: str) -> bytes:
    """Write a post as the recorder does."""
    told = {"channel": f"calls{number % 8}", "message_id": number, "date": time.time(), "author": None, "text": f"bitcoin {number} {text}"}
    return json.dumps(told).encode() + b"\n"


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]))
