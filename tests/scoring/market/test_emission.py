"""The order in which rows go out."""

import msgspec

from scoring.market.emission import Emission
from scoring.market.windows import TradeWindow
from scoring.records import TradeMetrics


def row(start_ns: int, end_ns: int) -> TradeMetrics:
    window = TradeWindow(0)
    window.add(0, 1, 1.0, 1.0, False, 1, False)
    return msgspec.structs.replace(window.metrics("BTCUSDT", 1, 0), window_start_ns=start_ns, window_end_ns=end_ns)


def spans(emission: Emission, through_ns: int) -> list[list[tuple[int, int]]]:
    return [
        list(zip(rows.columns["window_start_ns"].tolist(), rows.columns["window_end_ns"].tolist(), strict=True))
        for rows in emission.rows(through_ns)
    ]


def test_rows_that_close_together_are_in_order_of_their_end_and_the_widest_first() -> None:
    emission = Emission("BTCUSDT")
    emission.closed += [row(30, 60), row(60, 90), row(0, 60)]
    assert spans(emission, 90) == [[(0, 60), (30, 60), (60, 90)]]


def test_revisions_go_out_after_what_closed_before_them() -> None:
    emission = Emission("BTCUSDT")
    emission.closed.append(row(30, 60))
    emission.revise([row(10, 20), row(0, 10)], 60)
    emission.closed.append(row(60, 90))
    assert spans(emission, 90) == [[(30, 60)], [(0, 10), (10, 20)], [(60, 90)]]


def test_a_revision_alone_goes_out_alone() -> None:
    emission = Emission("BTCUSDT")
    emission.revise([row(0, 10)], 60)
    assert spans(emission, 90) == [[(0, 10)]]


def test_nothing_goes_out_unless_it_is_due() -> None:
    emission = Emission("BTCUSDT")
    assert emission.rows(50) == []
    emission.is_due = True
    (rows,) = emission.rows(50)
    assert (len(rows), rows.through_ns, rows.provisional) == (0, 50, False)


def test_a_provisional_row_is_told_unless_its_window_has_closed() -> None:
    emission = Emission("BTCUSDT")
    emission.as_of = row(60, 90)
    (rows,) = emission.rows(89)
    assert rows.provisional
    late = Emission("BTCUSDT")
    late.as_of = row(60, 90)
    assert late.rows(90) == []
