"""Panes are hidden, resized and brought back; whatever was wished, the window is filled."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from samples import QuietApp, events, screen_text
from textual.geometry import Size

from omoai_tui import state
from omoai_tui.layout import (
    COLUMNS,
    GAP,
    LEAST_HEIGHT,
    LEAST_WIDTH,
    PANES,
    Wishes,
    plan,
)

SIZES = st.builds(Size, st.integers(110, 300), st.integers(30, 120))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("hide"), st.sampled_from(PANES), st.just(0)),
        st.tuples(st.just("widen"), st.sampled_from(PANES), st.integers(-300, 300)),
        st.tuples(st.just("heighten"), st.just(""), st.integers(-200, 200)),
    ),
    max_size=12,
)


@given(SIZES, STEPS)
def test_every_plan_fills_the_window_and_shows_what_is_not_hidden(
    size: Size, steps: list[tuple[str, str, int]]
) -> None:
    wishes = Wishes()
    for what, pane, amount in steps:
        if what == "hide":
            wishes = wishes.hide(pane)
        elif what == "widen":
            wishes = wishes.widen(pane, amount)
        else:
            wishes = wishes.heighten(amount)
    found = plan(size, wishes, None)
    assert found.panes == frozenset(PANES) - wishes.hidden
    assert found.panes
    seen = [n for n, column in enumerate(COLUMNS) if found.panes & set(column)]
    assert [n for n in range(3) if found.widths[n] != 0] == seen
    assert [found.widths[n] for n in seen].count(None) == 1
    fixed = sum(found.widths[n] or 0 for n in seen) + GAP * (len(seen) - 1)
    assert size.width - fixed >= LEAST_WIDTH
    assert LEAST_HEIGHT <= found.lower <= size.height - LEAST_HEIGHT


def test_one_pane_alone_has_it_all() -> None:
    found = plan(Size(80, 24), Wishes(hidden=frozenset({"queue"})), "queue")
    assert found.panes == {"queue"}
    assert found.widths == (None, 0, 0)


async def test_panes_are_hidden_and_brought_back_by_their_number(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        app.tell_events(app.begin(), events())
        await pilot.press("4", "minus")
        await pilot.pause()
        text = screen_text(app)
        assert "4 Queue" not in text
        assert "1 Files" in text
        height = app.bench.query_one("#files").size.height
        await pilot.press("1", "minus")
        await pilot.pause()
        assert "1 Files" not in screen_text(app)
        assert app.bench.query_one("#segments").size.width > 55, "the others take the room"
        await pilot.press("1")
        await pilot.pause()
        assert app.bench.query_one("#files").size.height == height
        await pilot.press("equals_sign")
        await pilot.pause()
        assert "4 Queue" in screen_text(app)


async def test_borders_are_moved_by_keys(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        app.tell_events(app.begin(), events())
        await pilot.press("2")
        await pilot.pause()
        before = app.bench.query_one("#segments").size
        await pilot.press("greater_than_sign", "right_curly_bracket")
        await pilot.pause()
        after = app.bench.query_one("#segments").size
        assert (after.width, after.height) == (before.width + 4, before.height + 2)
        await pilot.press("less_than_sign", "left_curly_bracket")
        await pilot.pause()
        assert app.bench.query_one("#segments").size == before
        await pilot.press(*["less_than_sign"] * 30)
        await pilot.pause()
        assert app.bench.query_one("#segments").size.width >= LEAST_WIDTH - 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(
    JSON
    | st.fixed_dictionaries({"hidden": JSON, "moved": JSON})
    | st.fixed_dictionaries(
        {"hidden": st.lists(st.sampled_from([*PANES, "other"])), "moved": st.lists(st.integers())}
    )
)
def test_a_remembered_layout_that_is_nonsense_gives_a_window_that_works(document: object) -> None:
    wishes = Wishes.from_document(document)
    assert len(wishes.hidden) < len(PANES)
    assert plan(Size(120, 36), wishes, None).panes == frozenset(PANES) - wishes.hidden
    assert Wishes.from_document(wishes.document()) == wishes


async def test_hidden_panes_and_moved_borders_are_kept_for_the_next_sitting(tmp_path: Path) -> None:
    app = QuietApp(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("4", "minus", "3", "greater_than_sign", "left_curly_bracket")
        before = app.bench.query_one("#transcript").size
        app.leave_now()
    assert state.read().layout is not None
    again = QuietApp(tmp_path)
    async with again.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        assert "4 Queue" not in screen_text(again)
        assert again.bench.query_one("#transcript").size == before
        await pilot.press("equals_sign")
        await pilot.pause()
        assert "4 Queue" in screen_text(again)
        again.leave_now()
    third = QuietApp(tmp_path)
    async with third.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        assert "4 Queue" in screen_text(third)
