"""`just join TAPE… --to SESSION`: the tapes of a Kafka group's members as one session, each event once, in the order of a single reader."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from connectors.inputs.kafka_join import Joined, join
from connectors.tape.manifest import MANIFEST, Form, PartitionInfo, load, refresh, save
from flows.commands.arguments import Arguments
from flows.feeds import LIVE_PARTITION
from flows.running import refusing_in_one_line
from flows.sessions import new_manifest, shaping_of
from scoring.errors import SessionError


def join_sessions(sessions: Sequence[Path], into: Path) -> Joined:
    """Write a new session of what the members' sessions hold; its settings are those of the first.

    Raises:
        SessionError: members were set differently, or there is a session already.
    """
    if (into / MANIFEST).exists():
        raise SessionError(f"{into}: there is a session already, expected a new folder: give another")
    manifests = [load(session) for session in sessions]
    for session, manifest in zip(sessions, manifests, strict=True):
        if LIVE_PARTITION not in manifest.partitions:
            raise SessionError(f"{session}: no partition {LIVE_PARTITION}, expected the tape of a live run")
        if manifest.settings != manifests[0].settings:
            raise SessionError(f"{session}: other settings than {sessions[0]}, expected members of one group to be set alike")
    infos = [manifest.partitions[LIVE_PARTITION] for manifest in manifests]
    symbols = tuple(dict.fromkeys(symbol for info in infos for symbol in info.symbols))
    channels = tuple(dict.fromkeys(channel for info in infos for channel in info.channels))
    joined = join([session / Form.FRAMES / LIVE_PARTITION for session in sessions], into / Form.FRAMES / LIVE_PARTITION)
    origin = f"joined from {', '.join(session.name for session in sessions)}"
    partitions = {LIVE_PARTITION: PartitionInfo(symbols=symbols, channels=channels)}
    manifest = new_manifest(into.name, partitions, shaping_of(manifests[0], sessions[0]), origin)
    save(into, replace(manifest, model=manifests[0].model))
    refresh(into)
    return joined


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = Arguments("join", __doc__)
    parser.add_argument("sessions", nargs="+", type=Path, help="the members' tapes, e.g. one/tape two/tape")
    parser.add_argument("--to", required=True, type=Path, help="folder of the new session")
    given = parser.parse_args(arguments)
    with refusing_in_one_line():
        joined = join_sessions(given.sessions, given.to)
        print(f"{given.to}: {joined.events:,} events, of which {joined.doubled:,} stood on more than one tape")


if __name__ == "__main__":
    main()
