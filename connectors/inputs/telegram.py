"""Groups of Telegram as a feed: what people post goes on the tape, also what they posted while nobody was connected.

One thread with an event loop of its own holds at most one connection. Live messages are put at once. Because the messenger loses
updates without a word, the history is asked, oldest first, for what is newer than what is known: after every connect, from time
to time, and when a number is missing among the ids of a channel. After a restart what is known is read from the end of the tape.
Every failure is shown in `health` and tried again; being told to wait is obeyed to the second.

Deletions name their channel only in channels and large groups. In small groups, which share one sequence of ids with private
conversations, a deletion is placed by the ids this feed has put; one it cannot place is not about a message on the tape. What
happens in chats that are not in the settings is never looked at. Edits made while disconnected are found among the newest
messages of each group (`overlap`) after a restart; deletions then are not.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from connectors.inputs.backoff import Backoff
from connectors.inputs.telegram_client import Client, event_types, flood_seconds, open_client, sole_use
from connectors.inputs.telegram_connection import Connection, Status
from connectors.inputs.telegram_ledger import Ledger
from connectors.inputs.telegram_scribe import Scribe, read_ledger
from connectors.inputs.telegram_settings import TelegramSettings, channel_name, check_credentials, session_path
from connectors.tape.recorder import Recorder
from scoring.errors import ResourceError
from scoring.records import NANOSECONDS_PER_SECOND, SourceHealth

__all__ = ["TelegramFeed", "TelegramSettings"]

_FAREWELL_SECONDS: Final = 0.1
"""How long a connection may take to close once the feed is stopped."""

Opener: TypeAlias = Callable[[Path, int, str, float], Client]
"""Opens a client: session file, api id, api hash, seconds it may wait."""


class TelegramFeed:
    """Listens to groups in a thread of its own."""

    def __init__(
        self,
        settings: TelegramSettings,
        folder: Path,
        open_client: Opener = open_client,
        backoff: Backoff | None = None,
    ) -> None:
        """Take what to listen to, and the folder of the tape partition, whose end says what is known.

        Raises:
            SettingError: the session lies inside the repository, or there is nothing to log in with.
        """
        check_credentials(settings)
        self._settings, self._folder = settings, folder
        self._session = session_path(settings)
        self._open = open_client
        self._backoff = backoff or Backoff()
        self._status = Status()
        self._scribe: Scribe | None = None
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread: threading.Thread | None = None
        self._clock: Callable[[], int] | None = None

    def start(self, recorder: Recorder) -> None:
        """Begin to listen."""
        self._clock = recorder.now
        self._status.whole_ns = recorder.now()
        key = self._settings.api_hash if self._settings.authors else ""
        scribe = Scribe(recorder, Ledger(self._settings.remembered), self._folder.name, key)
        self._scribe = scribe
        self._thread = threading.Thread(target=self._run, args=(recorder, scribe), name="telegram", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and wait for the thread."""
        if self._thread is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
        self._loop.close()

    def health(self) -> Sequence[SourceHealth]:
        """Say how it is doing."""
        clock, scribe, status = self._clock, self._scribe, self._status
        if clock is None or scribe is None:
            return ()
        now = clock()
        return (
            SourceHealth(
                "telegram",
                now,
                status.state,
                status.last_ns,
                scribe.frames,
                status.rate(now),
                status.skew_ms,
                reconnects=status.reconnects,
                gaps_open=int(scribe.outage is not None),
                gaps_repaired=scribe.gaps_repaired,
                next_try_ns=status.next_try_ns,
                last_error=status.last_error,
            ),
        )

    def _run(self, recorder: Recorder, scribe: Scribe) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._until_stopped(recorder, scribe))
        except ResourceError as error:
            # The tape cannot be written any more: who reads it is told the same, and ends the flow.
            self._status.rest("down", str(error), 0)
        finally:
            self._loop.run_until_complete(_cancel_all())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())

    async def _until_stopped(self, recorder: Recorder, scribe: Scribe) -> None:
        stopped, work = asyncio.ensure_future(self._stop.wait()), asyncio.ensure_future(self._work(recorder, scribe))
        await asyncio.wait({stopped, work}, return_when=asyncio.FIRST_COMPLETED)
        for task in (stopped, work):
            task.cancel()
        await asyncio.wait({stopped, work})
        if not work.cancelled():
            work.result()

    async def _work(self, recorder: Recorder, scribe: Scribe) -> None:
        """Connect again and again, and wait longer each time it fails."""
        channels = [channel_name(group) for group in self._settings.groups]
        scribe.ledger = read_ledger(self._folder, channels, self._settings.overlap, self._settings.remembered)
        scribe.resume(self._folder)
        while True:
            error = await self._one_connection(recorder, scribe)
            if isinstance(error, ResourceError) and scribe.is_broken:
                raise error
            scribe.tell_outage(self._status.whole_ns, "disconnected")
            flood_s = flood_seconds(error)
            wait_s = self._backoff.next() if flood_s is None else flood_s
            state = "down" if flood_s is None else "stale"
            self._status.rest(state, self._reason(error), recorder.now() + round(wait_s * NANOSECONDS_PER_SECOND))
            await asyncio.sleep(wait_s)
            self._status.reconnects += 1
            self._status.rest("connecting", self._status.last_error, 0)

    def _reason(self, error: BaseException) -> str:
        if isinstance(error, TimeoutError) and not str(error):
            return f"no answer within {self._settings.timeout}"
        return str(error) or type(error).__name__

    async def _one_connection(self, recorder: Recorder, scribe: Scribe) -> BaseException:
        """Connect, listen until it is over, and say why it is.

        Whatever the library raises belongs to this connection, which is given up; so does a request that it cancels when the
        connection is lost.
        """
        task = asyncio.ensure_future(self._connection(recorder, scribe))
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
            raise
        lost = ConnectionError("the connection was lost")
        return lost if task.cancelled() else task.exception() or lost

    async def _connection(self, recorder: Recorder, scribe: Scribe) -> None:
        if not self._session.exists():
            raise ResourceError(f"{self._session}: missing, expected a session that is logged in: run just telegram-login")
        with sole_use(self._session):
            client = self._open(self._session, self._settings.api_id, self._settings.api_hash, self._settings.timeout.seconds)
            connection = Connection(client, self._settings, scribe, self._status, recorder.now, self._backoff.reset)
            try:
                await connection.serve(event_types())
            finally:
                connection.forget()
                farewell_s = _FAREWELL_SECONDS if self._stop.is_set() else self._settings.timeout.seconds
                with contextlib.suppress(TimeoutError):  # what has not closed by then is closed with the process
                    await asyncio.wait_for(client.disconnect(), farewell_s)


async def _cancel_all() -> None:
    """End what the library has left running."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=_FAREWELL_SECONDS)
