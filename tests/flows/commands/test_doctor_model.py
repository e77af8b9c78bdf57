"""The bundled model, none at all, and one that says the opposite."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.commands import doctor_model
from flows.commands.doctor_checks import Mark
from flows.commands.doctor_model import model
from scoring.crowd.sentiment import ScoringSettings, SentimentSettings
from scoring.errors import SettingError


def test_the_bundled_model_says_what_it_should() -> None:
    (found,) = model(SentimentSettings(), ScoringSettings())
    assert found.mark is Mark.OK
    assert "'Stocks rallied and the British pound gained.' +0.9" in found.found


def test_no_model_is_refused_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"crowd\.sentiment\.model"):
        list(model(SentimentSettings(model=str(tmp_path / "none")), ScoringSettings()))


def test_a_model_that_says_something_else_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_model, "_CLEARLY", 0.999)
    (found,) = model(SentimentSettings(), ScoringSettings())
    assert found.mark is Mark.FAILED
    assert "expected above +1.0" in found.found
