"""What can be set about bars."""

from __future__ import annotations

import msgspec

from scoring.duration import Duration


class BarSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How trades are put into windows."""

    widths: tuple[Duration, ...] = (Duration.parse("1m"),)
    """Widths of the tumbling windows; provisional rows are shown for the first."""
    lateness: Duration = Duration.parse("10s")
    """How long a window waits for trades that are out of order, before its row is out and can only be revised."""
    idle: Duration = Duration.parse("5s")
    """How far event time stays behind the recorder's clock while nothing arrives: clock skew plus the slowest path."""
    spike_windows: int = 20
    """Windows with trades whose mean volume `volume_spike` compares with."""
    retained_windows: int = 60
    """How many windows back, per width, a repaired or late trade or a change of a gap still revises a row."""
    runs: int = 256
    """Stretches of trade ids with holes between them kept per window; above that the lowest two are taken for one, and what is then
    fetched to fill the hole between them counts as if it came last: in full, but its fall below the peak may be that of another order."""
    gaps: int = 256
    """Gaps without repair kept per symbol."""
    columnar_rows: int = 50
    """From how many rows on a batch is taken as columns; changes the speed only."""

    def __post_init__(self) -> None:
        """Refuse what cannot be a set of windows."""
        if not self.widths or min(self.widths) <= 0 or len(set(self.widths)) < len(self.widths):
            raise ValueError("widths: expected one or more different lengths of time above 0")
        if self.runs < 1:
            raise ValueError(f"runs: expected 1 or more, not {self.runs}")
