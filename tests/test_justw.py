"""The wrapper that sets everything up: run as a script, as on a machine that has nothing yet."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
JUSTW = ROOT / "justw"

PRETENDING = """
import sys
sys.version_info = {version}
module = {{"__file__": {file!r}, "__name__": "justw"}}
exec(compile(open({file!r}).read(), "justw", "exec"), module)
module["list"] = list
print(module[{function!r}]({arguments}))
"""


def ask(
    function: str, arguments: str = "", version: tuple[int, int] = (3, 11), path: str = "", file: Path = JUSTW
) -> subprocess.CompletedProcess[str]:
    """Call one function of the script under a Python that says it is of this version."""
    script = PRETENDING.format(version=version, file=str(file), function=function, arguments=arguments)
    return subprocess.run([sys.executable, "-c", script], env={"PATH": path}, capture_output=True, text=True, check=False, timeout=60)


def executable(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def needs_a_ready_environment() -> None:
    if ask("is_ready", "'run'").stdout != "True\n":
        pytest.skip("this environment was not made by justw: it would be made again")


@pytest.mark.parametrize("version", [(3, 9), (3, 10), (3, 13), (3, 14)])
def test_a_python_without_wheels_is_told_in_one_line(version: tuple[int, int], tmp_path: Path) -> None:
    done = ask("find_python", version=version, path=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"justw: found Python {version[0]}.{version[1]}, but Bytewax 0.21.1 has wheels for 3.11 and 3.12 only: "
        "install one of them (it may stand beside this one) and run this again"
    ]


@pytest.mark.parametrize("version", [(3, 11), (3, 12)])
def test_a_python_with_wheels_is_taken(version: tuple[int, int]) -> None:
    assert ask("find_python", version=version).stdout.strip() == sys.executable


def test_another_python_on_the_path_is_taken_unless_it_does_not_run(tmp_path: Path) -> None:
    executable(tmp_path / "python3.12", "exit 1")
    working = executable(tmp_path / "python3.11", "exit 0")
    assert ask("find_python", version=(3, 14), path=str(tmp_path)).stdout.strip() == str(working)


def test_an_environment_that_is_missing_or_broken_is_not_ready(tmp_path: Path) -> None:
    copy = tmp_path / "justw"
    for name in ("justw", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    assert ask("is_ready", "'run'", file=copy).stdout == "False\n"
    executable(tmp_path / ".venv" / "bin" / "python", "exit 1")
    (tmp_path / ".venv" / "ghosttape-run").write_text("of another lock")
    assert ask("is_ready", "'run'", file=copy).stdout == "False\n"


def test_an_environment_of_another_lock_is_not_ready(tmp_path: Path) -> None:
    copy = tmp_path / "justw"
    shutil.copy(JUSTW, copy)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    for name in ("run", "dev"):
        (tmp_path / f"requirements{'' if name == 'run' else '-dev'}.lock").write_text(f"{name} as it was")
        python = str(tmp_path / ".venv" / "bin" / "python")
        (tmp_path / ".venv" / f"ghosttape-{name}").write_text(ask("checksum", f"{python!r}, {name!r}", file=copy).stdout.strip())
    assert ask("is_ready", "'run'", file=copy).stdout == "True\n"
    (tmp_path / "requirements.lock").write_text("run as it is now")
    assert ask("is_ready", "'run'", file=copy).stdout == "True\n"  # the larger set serves for the smaller
    (tmp_path / "requirements-dev.lock").write_text("dev as it is now")
    assert ask("is_ready", "'run'", file=copy).stdout == "False\n"


def test_what_cannot_be_installed_is_told_in_one_line(tmp_path: Path) -> None:
    shutil.copy(JUSTW, tmp_path / "justw")
    (tmp_path / "requirements.lock").write_text(f"no-such-thing==1 --hash=sha256:{'0' * 64}\n")
    (tmp_path / "requirements-dev.lock").write_text("")
    offline = {**os.environ, "PIP_NO_INDEX": "1"}
    done = subprocess.run(
        [sys.executable, "justw", "--prepare", "run"],
        cwd=tmp_path,
        env=offline,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    announced, refused = done.stderr.splitlines()
    assert announced == "justw: setting up .venv from requirements.lock (once, a minute or two)"
    assert refused.startswith("justw: could not install what requirements.lock names; the first start needs the network: ERROR: ")
    assert not (tmp_path / ".venv" / "ghosttape-run").exists()


def test_preparing_what_is_ready_takes_no_time() -> None:
    needs_a_ready_environment()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(JUSTW), "--prepare", "run"], check=True, capture_output=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1


def test_a_recipe_runs_through_it() -> None:
    needs_a_ready_environment()
    done = subprocess.run([str(JUSTW), "--summary"], timeout=120, check=True, capture_output=True, text=True, cwd="/")
    assert {"demo", "replay", "test", "verify"} <= set(done.stdout.split())


def test_a_recipe_that_comes_through_it_does_not_look_again(tmp_path: Path) -> None:
    shutil.copy(ROOT / "justfile", tmp_path / "justfile")
    executable(tmp_path / "justw", "echo looked")
    shown = [
        subprocess.run(
            [Path(sys.executable).parent / "just", "--justfile", tmp_path / "justfile", "run"],
            env={"PATH": os.environ["PATH"], "JUSTW_READY": ready},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for ready in ("", "/another/clone", str(tmp_path))
    ]
    assert shown == ["looked\n", "looked\n", ""]


def test_whoever_looks_is_told_how_far_it_is() -> None:
    said = [
        "Ignoring colorama: markers\n",
        "Collecting aiohttp==3 (from -r x)\n",
        "  Downloading y.whl\n",
        "Installing collected packages: z\n",
    ]
    # Read as text, what goes back to the beginning of the line begins one.
    looking = ask("list", f"(setattr(sys.stderr, 'isatty', lambda: True), *module['told']({said!r}, 2))")
    assert looking.stderr.split("\n\x1b[K") == ["", "justw:   2 of 2 packages fetched", "justw: installing them; nearly done", ""]
    away = ask("list", f"module['told']({said!r}, 2)")
    assert (away.stderr, away.stdout) == ("", f"{said}\n")
