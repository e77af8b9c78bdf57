"""A part of a page that scrolls, with arrows as with the keys of vim."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll


class Pane(VerticalScroll):
    """It."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", False, id="pane.up", tooltip="scroll this pane up"),
        Binding("down,j", "scroll_down", "Down", False, id="pane.down", tooltip="scroll this pane down"),
        Binding("pageup,ctrl+b", "page_up", "Page up", False, id="pane.page_up", tooltip="a page up"),
        Binding("pagedown,ctrl+f", "page_down", "Page down", False, id="pane.page_down", tooltip="a page down"),
        Binding("home", "scroll_home", "First", False, id="pane.first", tooltip="to the top"),
        Binding("end,G", "scroll_end", "Last", False, id="pane.last", tooltip="to the end"),
    ]
