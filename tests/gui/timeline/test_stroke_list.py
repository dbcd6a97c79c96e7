"""The list says to its views exactly what edits did: another model of Qt's, which trusts it, keeps up."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PyQt6.QtCore import QSortFilterProxyModel, Qt
from PyQt6.QtWidgets import QApplication

from gui.session.edits import Edit, Put, apply
from gui.timeline.stroke_list import StrokeList
from tests.gui.session.strokes import edits, stroke, strokes


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_views_see_what_there_is_after_any_edits(qapp: QApplication, data: st.DataObject) -> None:
    now = strokes(data.draw(st.integers(0, 5)))
    model = StrokeList()
    mirror = QSortFilterProxyModel()  # keeps its own account of rows that come and go
    mirror.setSourceModel(model)
    model.show(now)
    for _ in range(data.draw(st.integers(1, 4))):
        some: list[Edit] = []
        for _ in range(data.draw(st.integers(1, 3))):
            some.append(data.draw(edits(len(now))))
            apply(now, some[-1])
        model.follow(tuple(some))
        assert model.rowCount() == mirror.rowCount() == len(now)
        for row, one in enumerate(now):
            color = mirror.index(row, 0).data(Qt.ItemDataRole.DecorationRole)
            assert (color.red(), color.blue()) == tuple(round(255 * one.color[i]) for i in (0, 2))


def test_strokes_on_top_are_rows_that_come_not_a_new_list(qapp: QApplication) -> None:
    now = strokes(3)
    model = StrokeList()
    model.show(now)
    resets, grown = [], []
    model.modelReset.connect(lambda: resets.append(1))
    model.rowsInserted.connect(lambda _, first, last: grown.append((first, last)))
    new: list[Edit] = [Put(((3 + i, stroke(50 + i)),)) for i in range(4)]
    for edit in new:
        apply(now, edit)
    model.follow(tuple(new))
    assert (resets, grown) == ([], [(place, place) for place in (3, 4, 5, 6)])
