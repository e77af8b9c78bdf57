"""Brings back what the socket missed: one thread that asks the exchange's REST interface, and puts the answers on the tape.

Nothing is decided here about what is missing. The flow sees ids jump and says so as gaps; they come to this feed, which fetches
the trades and puts them on the tape, where the flow finds them like everything else and fills its gaps, in id order. After each
connect a probe asks for the newest trade of every symbol: put on the tape, its id alone shows the flow what a quiet symbol, or a
night without the program, has missed. If the socket brings the same trades, before or after, one of the two is a duplicate.

Small things first (newest trades, books), then pages of the oldest gap, then candles. An answer is on the tape before it counts as
fetched, and what is still wanted is in the snapshot of the flow, so that a kill costs a page asked for twice and no trade.
"""

from __future__ import annotations

import enum
import pickle
import threading
import time
from collections.abc import Iterable, Sequence

import msgspec

from connectors.inputs.backoff import Backoff
from connectors.inputs.binance_rest import BinanceRest, NotServed, Refused, RestError, Stopped, Throttled, Unreachable
from connectors.inputs.repair_queue import Page, RepairQueue
from connectors.inputs.repair_settings import LARGEST_PAGE, RepairSettings
from connectors.inputs.rest_frames import book_frame, candle_frames, trade_frames
from connectors.tape.recorder import Recorder
from connectors.wire.binance import BINANCE_FEED
from connectors.wire.binance_routes import Primary
from scoring.errors import ResourceError
from scoring.records import NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_SECOND, Gap, SourceHealth

_JOIN_SECONDS = 1.0


class Ask(enum.IntEnum):
    """What may be asked about a symbol, most urgent first."""

    NEWEST_TRADE = 0
    BOOK = 1
    PAGE = 2
    CANDLES = 3


class RepairFeed:
    """Fetches what is missing, in a thread of its own; `probe`, `take` and `health` are called from others and never wait for it."""

    def __init__(
        self, rest: BinanceRest, settings: RepairSettings | None = None, primary: Primary = "trade", has_depth: bool = False
    ) -> None:
        """Take whom to ask, which trade stream counts, and whether books are followed."""
        self._rest, self._settings = rest, settings or RepairSettings()
        self._primary, self._has_depth = primary, has_depth
        self._queue = RepairQueue(self._settings.queue)
        self._errands: dict[tuple[Ask, str], float] = {}
        """What else is to be asked, and from when on (monotonic seconds)."""
        self._paused: dict[str, float] = {}
        """Symbols whose gaps wait, and until when."""
        self._book_tries: dict[str, int] = {}
        self._candles_from: dict[str, int] = {}
        """Start of the first minute not fetched yet, ns."""
        self._changed = threading.Condition()
        self._closing = False
        self._gate = threading.Lock()
        self._recorder: Recorder | None = None
        self._thread: threading.Thread | None = None
        most_s = self._settings.longest_retry.seconds
        self._backoff = Backoff(min(1.0, most_s), most_s)
        self._next_try_ns = self._last_ns = self._frames = self._rejects = 0
        self._last_error = ""

    # --- what others call ------------------------------------------------------------------------------------------------------------

    def start(self, recorder: Recorder) -> None:
        """Begin to ask."""
        self._recorder = recorder
        self._thread = threading.Thread(target=self._run, args=(recorder,), name="repair", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop asking; an answer that is still on its way does not go on the tape."""
        with self._gate, self._changed:
            self._closing = True
            self._changed.notify_all()
        self._rest.close()
        if self._thread is not None:
            self._thread.join(_JOIN_SECONDS)

    def probe(self, symbols: Iterable[str]) -> None:
        """Find out what was missed of these symbols (upper case): call it once their streams have (re)connected."""
        now = time.monotonic()
        with self._changed:
            for symbol in symbols:
                self._errands[Ask.NEWEST_TRADE, symbol] = now
                if self._has_depth:
                    self._errands[Ask.BOOK, symbol] = now + self._settings.depth_delay.seconds
                if self._settings.warm_minutes:
                    self._errands[Ask.CANDLES, symbol] = now
            self._changed.notify_all()

    def take(self, gaps: Iterable[Gap]) -> None:
        """Take news of gaps, in the order the flow gives them."""
        now = time.monotonic()
        with self._changed:
            for gap in gaps:
                is_new = not self._queue.wanted(gap.symbol)
                was_broken = self._queue.is_broken(gap.symbol)
                self._queue.take(gap)
                if is_new and self._queue.wanted(gap.symbol):
                    self._paused[gap.symbol] = max(self._paused.get(gap.symbol, 0.0), now + self._settings.settle.seconds)
                if self._queue.is_broken(gap.symbol) and not was_broken:
                    self._book_tries[gap.symbol] = 0
                    self._errands[Ask.BOOK, gap.symbol] = now
            self._changed.notify_all()

    def snapshot(self) -> bytes:
        """Give what is wanted and what is known of it."""
        with self._changed:
            return pickle.dumps(self._queue, protocol=pickle.HIGHEST_PROTOCOL)

    def resume(self, snapshot: bytes) -> None:
        """Want again what a snapshot says."""
        queue: RepairQueue = pickle.loads(snapshot)
        now = time.monotonic()
        with self._changed:
            self._queue = msgspec.structs.replace(queue, settings=self._settings.queue)
            self._paused = dict.fromkeys(queue.symbols, now + self._settings.settle.seconds)
            self._errands |= {(Ask.BOOK, symbol): now for symbol in queue.breaks if queue.is_broken(symbol)}
            self._changed.notify_all()

    def health(self) -> Sequence[SourceHealth]:
        """Say how it is doing."""
        recorder = self._recorder
        if recorder is None:
            return ()
        with self._changed:
            is_busy = bool(self._errands) or self._queue.is_wanting()
            state = "down" if self._next_try_ns else "repairing" if is_busy else "live"
            return (
                SourceHealth(
                    "binance repair",
                    recorder.now(),
                    state,
                    self._last_ns,
                    self._frames,
                    gaps_open=self._queue.open_gaps(),
                    gaps_repaired=self._queue.repaired,
                    rejects=self._rejects,
                    next_try_ns=self._next_try_ns,
                    last_error=self._last_error,
                ),
            )

    # --- what its thread does --------------------------------------------------------------------------------------------------------

    def _run(self, recorder: Recorder) -> None:
        while (errand := self._next()) is not None:
            try:
                self._go(*errand, recorder)
            except (Stopped, ResourceError):
                return  # closing, or the tape cannot be written any more: who reads it is told the same, and ends the flow
            except (RestError, ValueError) as error:
                self._fail(*errand, error, recorder)
            else:
                self._backoff.reset()
                self._next_try_ns = 0

    def _next(self) -> tuple[Ask, str, Page | None] | None:
        """Wait for something to ask; None when closing."""
        with self._changed:
            while not self._closing:
                now = time.monotonic()
                self._paused = {symbol: until for symbol, until in self._paused.items() if until > now}
                due = [key for key, at in self._errands.items() if at <= now]
                page = self._queue.next_page(self._settings.page_limit, self._paused)
                if page:
                    due.append((Ask.PAGE, page.symbol))
                if due:
                    ask, symbol = min(due)
                    return ask, symbol, page if ask is Ask.PAGE else None
                waits = [*self._errands.values(), *self._paused.values()]
                self._changed.wait(min(waits) - now if waits else None)
        return None

    def _go(self, ask: Ask, symbol: str, page: Page | None, recorder: Recorder) -> None:
        """Ask, and put the answer on the tape."""
        if page:
            self._fetch_page(page, recorder)
            return
        if ask is Ask.NEWEST_TRADE:
            body = self._rest.trades(symbol, 1) if self._primary == "trade" else self._rest.aggregates(symbol, 1)
            self._put(list(trade_frames(symbol, self._primary, body).values())[-1:], recorder)
        elif ask is Ask.BOOK:
            self._put([book_frame(symbol, self._rest.depth(symbol, self._settings.depth_limit))], recorder)
        else:
            self._fetch_candles(symbol, recorder)
        self._done(ask, symbol)

    def _done(self, ask: Ask, symbol: str) -> None:
        """Strike it off; a book that waits for a snapshot is asked for again, in case this one was too old."""
        with self._changed:
            self._errands.pop((ask, symbol), None)
            tries = self._book_tries.get(symbol, 0)
            if ask is Ask.BOOK and self._queue.is_broken(symbol) and tries < self._settings.queue.tries:
                self._book_tries[symbol] = tries + 1
                self._errands[ask, symbol] = time.monotonic() + self._pause(tries)

    def _fetch_page(self, page: Page, recorder: Recorder) -> None:
        """Ask for trades from an id on; where nobody has old ones, for the newest, which may hold them."""
        if self._primary == "aggTrade":
            body, is_old = self._rest.aggregates(page.symbol, page.limit, page.from_id), True
        else:
            try:
                body, is_old = self._rest.old_trades(page.symbol, page.from_id, page.limit), True
            except NotServed:
                body, is_old = self._rest.trades(page.symbol, LARGEST_PAGE), False
        frames = trade_frames(page.symbol, self._primary, body)
        with self._changed:
            kept = self._queue.wants(page.symbol, frames)
        self._put([frames[trade_id] for trade_id in kept], recorder)
        if is_old or not frames:
            self._settle_page(page, kept)
        else:  # what is older than these will not come either, unless a host serves old trades again
            self._settle_page(
                msgspec.structs.replace(page, to_id=max(page.to_id, min(frames) - 1)), kept, self._settings.longest_retry.seconds
            )

    def _settle_page(self, page: Page, kept: Sequence[int], least_s: float = 0.0) -> None:
        """Strike off what is on the tape; wait a little before asking again for what did not come."""
        with self._changed:
            given_up = self._queue.answered(page, kept)
            if given_up:
                spans = ", ".join(f"{low} to {high}" for low, high in given_up)
                self._last_error = f"{page.symbol}: trades {spans} are not served any more: their gap stays open"
            elif tried := self._queue.tried(page.symbol):
                self._paused[page.symbol] = time.monotonic() + max(least_s, self._pause(tried - 1))

    def _fetch_candles(self, symbol: str, recorder: Recorder) -> None:
        """Ask for the candles since the newest one fetched, at the start for some to warm up with."""
        this_minute_ns = recorder.now() // NANOSECONDS_PER_MINUTE * NANOSECONDS_PER_MINUTE
        oldest_ns = this_minute_ns - LARGEST_PAGE * NANOSECONDS_PER_MINUTE
        from_ns = max(oldest_ns, self._candles_from.get(symbol, this_minute_ns - self._settings.warm_minutes * NANOSECONDS_PER_MINUTE))
        if from_ns >= this_minute_ns:
            return
        body = self._rest.candles(symbol, from_ns // NANOSECONDS_PER_MILLISECOND, (this_minute_ns - from_ns) // NANOSECONDS_PER_MINUTE)
        frames = candle_frames(symbol, body, recorder.now())
        self._put(list(frames.values()), recorder)
        if frames:
            self._candles_from[symbol] = max(frames) + NANOSECONDS_PER_MINUTE

    def _put(self, payloads: Sequence[bytes], recorder: Recorder) -> None:
        """Put frames on the tape, and wait until they are there."""
        if not payloads:
            return
        received_ns = recorder.now()
        with self._gate:
            if self._closing:
                raise Stopped("stopped")
            recorder.put_many(received_ns, BINANCE_FEED, payloads)
        recorder.flush()
        with self._changed:
            self._last_ns, self._frames = received_ns, self._frames + len(payloads)

    def _fail(self, ask: Ask, symbol: str, page: Page | None, error: RestError | ValueError, recorder: Recorder) -> None:
        """Note what went wrong; what is wrong in itself is dropped, everything else is asked again, after a wait."""
        with self._changed:
            self._last_error = str(error)
            self._rejects += not isinstance(error, RestError)
        if isinstance(error, Refused):
            if page:
                self._settle_page(page, ())
            else:
                self._done(ask, symbol)
            return
        seconds = self._wait_after(error)
        with self._changed:
            self._next_try_ns = recorder.now() + int(seconds * NANOSECONDS_PER_SECOND)
            if page:
                self._paused[symbol] = time.monotonic() + seconds
            else:
                self._errands[ask, symbol] = time.monotonic() + seconds
            if isinstance(error, Unreachable | Throttled):  # whatever else is to be asked would fare the same
                self._changed.wait_for(lambda: self._closing, seconds)

    def _wait_after(self, error: RestError | ValueError) -> float:
        """Give how many seconds to wait after a failure."""
        if isinstance(error, Throttled):
            return error.seconds
        if isinstance(error, Unreachable):
            return self._backoff.next()
        return (self._settings.longest_retry if isinstance(error, NotServed) else self._settings.retry).seconds

    def _pause(self, tries: int) -> float:
        """Give how many seconds to wait after so many tries in vain."""
        return min(self._settings.retry.seconds * 2.0**tries, self._settings.longest_retry.seconds)
