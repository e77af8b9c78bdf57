"""`python -m tests.bench.screen`: what the screen costs, as one table. Nothing here fails for being slow, but a screen that
ends, hears nothing or draws no key is no measurement, and that does.

Every row is measured from outside, in a pty of 200x60, beside what anyone would write with the same library in the same run. The
first row says how fast this machine is: a laptop of today parses some 600,000 of these documents a second on one core.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.table import Table as Grid

from tests.bench.screen_terminal import Terminal

FRESH: Final = 5
"""Processes for a median."""
SECONDS: Final = 20.0
"""Measured of CPU."""
PRESSES: Final = 200
SYMBOLS: Final = 200
ROWS_PER_SECOND: Final = 5_000
_LETTERS: Final = [chr(code) for code in range(0x400, 0x530) if chr(code).isalpha()]
"""Typed, and written nowhere else on the screen."""
_IMPORT: Final = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
_END, _HOME = "\x1b[F", "\x1b[H"


def parses_per_second() -> float:
    """Say how fast this machine is."""
    text = json.dumps({"stream": "btcusdt@trade", "data": {"p": "61234.50", "q": "0.012", "t": 123456789, "m": True}})
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < 1:
        for _ in range(1_000):
            json.loads(text)
        count += 1_000
    return count / (time.perf_counter() - began)


def import_seconds(module: str) -> list[float]:
    """Import in fresh processes."""
    command = [sys.executable, "-c", _IMPORT.format(module)]
    subprocess.run(command, capture_output=True, check=True)  # the first writes and reads what the others find
    return [float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(FRESH)]


@contextmanager
def feed(symbols: int, rows_per_second: int) -> Iterator[int]:
    """Run a feed server in a process of its own; give its port."""
    command = [sys.executable, "-m", "tests.bench.screen_feed", str(symbols), str(rows_per_second)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        yield int(server.stdout.readline())
        server.stdin.close()


def screen(port: int) -> list[str]:
    """Give the command of the screen."""
    return [sys.executable, "-m", "tui", "--url", f"ws://127.0.0.1:{port}"]


def plain(*arguments: str) -> list[str]:
    """Give the command of what anyone would write."""
    return [sys.executable, "-m", "tests.bench.screen_plain", *arguments]


def paint_seconds(command: Sequence[str], word: str) -> tuple[list[float], list[float]]:
    """Start in fresh processes; give the seconds until a word is painted, and the seconds of CPU that took."""
    found, cpu = [], []
    for _ in range(FRESH):
        with Terminal(command) as terminal:
            found.append(terminal.wait_for(word) - terminal.started)
            cpu.append(terminal.cpu_seconds())
    return found, cpu


def sent(port: int) -> int:
    """Ask the feed how many messages it has sent."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    return next(int(line.split()[-1]) for line in text.splitlines() if line.startswith("ghosttape_feed_messages_total "))


def cpu(terminal: Terminal, port: int, seconds: float) -> tuple[float, float]:
    """Give the share of a core, and how many messages a second came in meanwhile."""
    began, before, messages = time.perf_counter(), terminal.cpu_seconds(), sent(port)
    time.sleep(seconds)
    took = time.perf_counter() - began
    used, heard = terminal.cpu_seconds() - before, sent(port) - messages
    if not heard:
        raise SystemExit(f"the feed sent nothing to the screen in {took:.0f} s: there is no load to measure under")
    return used / took, heard / took


def presses(press: Callable[[int], float], count: int) -> list[float]:
    """Press keys, never in step with the drawing."""
    found = []
    for number in range(count):
        time.sleep(0.05 + number % 7 / 100)
        found.append(press(number))
    return found


def lists(terminal: Terminal) -> Callable[[int], float]:
    """From one end of the list to the other: every line is another."""
    last = f"S{SYMBOLS - 1:03}USDT"
    return lambda number: terminal.key_to_paint(_HOME, "S000USDT") if number % 2 else terminal.key_to_paint(_END, last)


def letters(terminal: Terminal) -> Callable[[int], float]:
    """A letter into the prompt, another each time: none is taken back, which may overtake the next in Textual."""
    return lambda number: terminal.key_to_paint(_LETTERS[number], _LETTERS[number])


def milliseconds(found: Sequence[float]) -> str:
    """Write the middle, the slowest of a hundred and the slowest."""
    ordered = sorted(found)
    return " / ".join(f"{1000 * each:,.0f}" for each in (statistics.median(ordered), ordered[int(len(ordered) * 0.99)], ordered[-1]))


def seconds(found: Sequence[float]) -> str:
    """Write the middle and the range."""
    return f"{statistics.median(found):.2f} ({min(found):.2f}-{max(found):.2f})"


def start(grid: Grid) -> None:
    """Measure imports and starts."""
    grid.add_row("import tui.app, s", seconds(import_seconds("tui.app")), "0.40", f"{seconds(import_seconds('textual.app'))}: textual.app")
    with feed(3, 30) as port:
        ours, bare = paint_seconds(screen(port), "S000USDT"), paint_seconds(plain(), "ready now")
    for number, what in enumerate(("process to first numbers painted, s", "  of it CPU, s")):
        grid.add_row(what, seconds(ours[number]), "" if number else "0.80", f"{seconds(bare[number])}: a Textual app of one label")


def load(grid: Grid, span: float, count: int) -> None:
    """Measure under the load of a whole market."""
    with feed(SYMBOLS, ROWS_PER_SECOND) as port:
        with Terminal(screen(port)) as terminal:
            terminal.wait_for("S000USDT")
            time.sleep(3)
            share, rate = cpu(terminal, port, span)
            in_list = presses(lists(terminal), count)
            terminal.press(":")
            time.sleep(1)
            in_prompt = presses(letters(terminal), min(count, len(_LETTERS)))
            memory = terminal.memory_mb()
        with Terminal(plain(f"ws://127.0.0.1:{port}")) as terminal:
            terminal.wait_for("USDT", patience_s=60)
            plain_share, plain_rate = cpu(terminal, port, span)
    grid.add_row(
        f"CPU at {rate:,.0f} messages/s of {SYMBOLS} symbols ({ROWS_PER_SECOND:,} rows/s said), of a core",
        f"{share:.0%}",
        "25 %",
        f"{plain_share:.0%} at {plain_rate:,.0f} rows/s: a DataTable",
    )
    grid.add_row("  a key that changes every line, p50 / p99 / most, ms", milliseconds(in_list), "p99 50", "")
    grid.add_row("  a letter typed, p50 / p99 / most, ms", milliseconds(in_prompt), "p99 50", "")
    grid.add_row("  memory, MB", f"{memory:.0f}", "", "")


def memory(grid: Grid, hours: int) -> None:
    """Measure a day."""
    command = [sys.executable, "-m", "tests.bench.screen_day", str(hours)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    grid.add_row(
        f"memory after 1, 2, {hours} hours of {found['messages'] / 1e6:.1f} M messages, MB",
        f"{found['mb_1']:.0f}, {found['mb_2']:.0f}, {found[f'mb_{hours}']:.0f}",
        "flat",
        f"taken in at {found['messages'] / found['seconds']:,.0f} messages/s",
    )


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.screen", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="measured of CPU (%(default)s)")
    parser.add_argument("--presses", type=int, default=PRESSES, help=f"keys of each kind, at most {len(_LETTERS)} (%(default)s)")
    parser.add_argument("--hours", type=int, default=24, help="of the simulated day (%(default)s)")
    parser.add_argument("--only", choices=("start", "load", "memory"), help="measure one part")
    given = parser.parse_args()
    load_average = " ".join(f"{each:.1f}" for each in os.getloadavg())
    grid = Grid("what", "measured", "aim", "beside it, the same run", title="the screen", title_justify="left")
    grid.add_row(
        "this machine: JSON documents parsed, 1/s", f"{parses_per_second():,.0f}", "", f"load {load_average} on {os.cpu_count()} cores"
    )
    if given.only in (None, "start"):
        start(grid)
    if given.only in (None, "load"):
        load(grid, given.seconds, given.presses)
    if given.only in (None, "memory"):
        memory(grid, given.hours)
    Console(width=150).print(grid)


if __name__ == "__main__":
    main()
