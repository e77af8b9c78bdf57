"""A live run gives back what it has freed. Each in a process of its own: allocators are told once and for all."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from tests.conftest import ROOT

GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are not told anything")
RESIDENT = """
import resource
from flows.allocation import give_back_freed, keep_little_freed

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20
"""


def said(code: str) -> list[str]:
    command = [sys.executable, "-c", RESIDENT + code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout.split()


def test_arrow_is_told_before_a_live_run_loads_it() -> None:
    code = "import sys\nimport flows.commands.live\nprint('pyarrow' in sys.modules)\nkeep_little_freed()\n"
    code += "import pyarrow\nprint(pyarrow.default_memory_pool().backend_name)"
    assert said(code) == ["False", "system"]


@GLIBC
def test_what_lies_free_below_what_is_in_use_goes_back_when_it_is_asked_for() -> None:
    code = """
keep_little_freed()
blocks = [bytearray(4_000) for _ in range(25_000)]
kept = blocks[-1]
del blocks
before = resident_mb()
give_back_freed()
print(before - resident_mb())
"""
    assert float(said(code)[0]) > 50


@GLIBC
def test_a_large_block_goes_back_at_once_whatever_was_freed_before() -> None:
    code = """
keep_little_freed()
for _ in range(3):
    bytearray(30 << 20)  # else the limit would rise to this size
blocks = [bytearray(1 << 20) for _ in range(100)]
kept = blocks[-1]
before = resident_mb()
del blocks
print(before - resident_mb())
"""
    assert float(said(code)[0]) > 80
