"""A chart is well-formed, holds what is known, and leaves holes where nothing is."""

import math
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.charts import Panel, Series, draw, ticks

NAN = math.nan
SVG = "{http://www.w3.org/2000/svg}"


def points(svg: str) -> list[tuple[float, float]]:
    return [(float(each.attrib["cx"]), float(each.attrib["cy"])) for each in ElementTree.fromstring(svg).iter(f"{SVG}circle")]


def test_a_higher_value_lies_higher_and_a_later_place_further_right() -> None:
    (x1, y1), (x2, y2) = points(draw("chart", [Panel("one", ["a", "b"], [Series("line", [1.0, 3.0])])]))
    assert x1 < x2
    assert y1 > y2


def test_what_is_not_known_leaves_a_hole() -> None:
    svg = draw("chart", [Panel("one", ["a", "b", "c"], [Series("line", [1.0, NAN, 2.0], [0.5, NAN, NAN], [1.5, NAN, 3.0])])])
    assert len(points(svg)) == 2
    assert svg.count('stroke-width="1.5"') == 0
    assert svg.count('stroke="#0072b2"') == 1
    assert "nan" not in svg


def test_names_are_written_as_text() -> None:
    svg = draw("a < b & c", [Panel("<p>", ["&"], [Series("x > 1", [1.0])])])
    texts = [each.text for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    assert {"a < b & c", "<p>", "&", "x > 1"} <= set(texts)


@pytest.mark.parametrize("panels", [[], [Panel("one", [], [])], [Panel("one", ["a"], [Series("line", [NAN])])]])
def test_nothing_is_a_chart_too(panels: list[Panel]) -> None:
    assert points(draw("chart", panels)) == []


@pytest.mark.parametrize("values", [[0.0], [-3.0], [1e-9], [1e9], [5.0, 5.0]])
def test_any_level_can_be_drawn(values: list[float]) -> None:
    svg = draw("chart", [Panel("one", [str(i) for i in range(len(values))], [Series("line", values)])])
    assert len(points(svg)) == len(values)


@settings(max_examples=100, deadline=None)
@given(st.floats(-1e9, 0.0), st.floats(1e-6, 1e9))
def test_marks_are_few_in_order_and_hold_everything(low: float, high: float) -> None:
    marks = ticks(low, high)
    assert marks == sorted(set(marks))
    assert 2 <= len(marks) <= 9
    slack = 1e-9 * (high - low)
    assert marks[0] <= low + slack
    assert marks[-1] >= high - slack
