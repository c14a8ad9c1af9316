"""Questions and lists over the review: a line of text, rows to read, replacing, redoing a span."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, Static

from omoai_engine.library.edits import Replace
from omoai_tui import texts_review
from omoai_tui.cells import Span, wrap
from omoai_tui.screens.dialogs import Rows, label
from omoai_tui.widgets.block_view import BlockView, Pieces
from omoai_tui.widgets.text_input import TextInput


class LineDialog(ModalScreen[str | None]):
    """Asks for one line; `choices` stand below to be taken instead. Gives the text, or `None`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False, id="line.back"),
        Binding("down", "choices", show=False, id="line.choices"),
    ]

    def __init__(
        self, title: str, first: str, choices: Sequence[str], *, keys: str = "", empty: bool = False
    ) -> None:
        super().__init__()
        self._title, self._first, self._choices = title, first, list(choices)
        self._keys = keys or texts_review.LINE_KEYS
        self._empty = empty

    def compose(self) -> ComposeResult:
        """Title, input, choices, keys."""
        with Vertical(classes="dialog"):
            yield label(self._title, "dialog-title")
            yield TextInput(self._first, id="line")
            if self._choices:
                yield Rows(self._choices)
            yield label(self._keys, "dialog-keys")

    def on_mount(self) -> None:
        """Draw the choices."""
        for rows in self.query(Rows):
            rows.reset()

    def action_choices(self) -> None:
        """Go to the choices."""
        for rows in self.query(Rows):
            self.set_focus(rows)
            rows.show_block(0)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed."""
        text = event.value.strip()
        if text or self._empty:
            self.dismiss(text)

    def on_block_view_chosen(self, message: BlockView.Chosen) -> None:
        """Take a choice."""
        self.dismiss(self._choices[message.index])


@dataclass(frozen=True, slots=True)
class Row:
    """A row to read: what stands before it, its text, and the style of the text."""

    head: str
    text: str
    style: str = ""


class WrappedRows(BlockView):
    """Rows of any length."""

    def __init__(self, rows: Sequence[Row], empty: str) -> None:
        super().__init__()
        self.rows = list(rows)
        self._empty = empty
        self._indent = max((len(row.head) for row in self.rows), default=0) + 2

    def _spans(self, index: int, width: int) -> list[Span]:
        return wrap(self.rows[index].text, max(8, width - self._indent - 1))

    def block_count(self) -> int:
        """One block a row."""
        return len(self.rows)

    def block_height(self, index: int, width: int) -> int:
        """Lines of the wrapped text."""
        return len(self._spans(index, width))

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """Head on the first line, text beside it."""
        row = self.rows[index]
        lines: list[Pieces] = []
        for number, (a, b) in enumerate(self._spans(index, width)):
            head = f" {row.head}" if number == 0 else ""
            lines.append([(head.ljust(self._indent), "time"), (row.text[a:b], row.style)])
        return lines

    def empty_lines(self) -> tuple[str, ...]:
        """Say why there is none."""
        return (self._empty,)


class ListDialog(ModalScreen[int | None]):
    """Shows rows; gives the number of the one chosen, or `None`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", show=False, id="rows.back"),
    ]

    def __init__(
        self, title: str, rows: Sequence[Row], *, keys: str, empty: str = "", at: int = 0
    ) -> None:
        super().__init__()
        self._title, self._rows, self._keys = title, rows, keys
        self._empty, self._at = empty, at

    def compose(self) -> ComposeResult:
        """Title, rows, keys."""
        with Vertical(classes="dialog review-rows"):
            yield label(self._title, "dialog-title")
            yield WrappedRows(self._rows, self._empty)
            yield label(self._keys, "dialog-keys")

    def on_mount(self) -> None:
        """Stand on the row that holds now."""
        rows = self.query_one(WrappedRows)
        rows.reset()
        rows.call_after_refresh(rows.show_block, self._at)

    def on_block_view_chosen(self, message: BlockView.Chosen) -> None:
        """Close with it."""
        self.dismiss(message.index)


Count = Callable[[Replace, Callable[[int], object]], object]
Once = Callable[[Replace, Callable[[str], object]], object]


class ReplaceDialog(ModalScreen[Replace | None]):
    """Asks what to replace by what; counts while one types, replaces one after another. Gives what
    to replace everywhere, or `None`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False, id="replace.back"),
        Binding("f2", "turn('marks')", show=False, id="replace.marks"),
        Binding("f3", "turn('case')", show=False, id="replace.case"),
        Binding("f4", "turn('words')", show=False, id="replace.words"),
        Binding("f6", "one", show=False, id="replace.one"),
        Binding("f7", "find", show=False, id="replace.find"),
    ]

    def __init__(self, find: str, count: Count, once: Once, seek: Once) -> None:
        super().__init__()
        self._find, self._count, self._once, self._seek = find, count, once, seek
        self._turned = {"marks": False, "case": False, "words": True}
        self._later: Timer | None = None

    def compose(self) -> ComposeResult:
        """What to find, what to write, the switches, how many."""
        with Vertical(classes="dialog"):
            yield label(texts_review.REPLACE_TITLE, "dialog-title")
            yield TextInput(self._find, placeholder=texts_review.REPLACE_FIND, id="find")
            yield TextInput(placeholder=texts_review.REPLACE_BY, id="by")
            yield Static(id="switches", markup=False)
            yield Static(id="count", classes="dialog-complaint", markup=False)
            yield label(texts_review.REPLACE_KEYS, "dialog-keys")

    def on_mount(self) -> None:
        """Show the switches."""
        self._show_switches()
        self._recount()

    def _wish(self) -> Replace:
        return Replace(
            self.query_one("#find", Input).value,
            self.query_one("#by", Input).value,
            marks_count=self._turned["marks"],
            case_counts=self._turned["case"],
            whole_words=self._turned["words"],
        )

    def _show_switches(self) -> None:
        boxes = [
            f"{key} [{'x' if self._turned[name] else ' '}] {said}"
            for key, name, said in (
                ("F2", "marks", texts_review.REPLACE_MARKS),
                ("F3", "case", texts_review.REPLACE_CASE),
                ("F4", "words", texts_review.REPLACE_WORDS),
            )
        ]
        self.query_one("#switches", Static).update(Content("   ".join(boxes)))

    def action_turn(self, name: str) -> None:
        """Turn a switch."""
        self._turned[name] = not self._turned[name]
        self._show_switches()
        self._recount()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Count again, a moment after the last key."""
        if event.input.id == "find":
            if self._later is not None:
                self._later.stop()
            self._later = self.set_timer(0.2, self._recount)

    def _recount(self) -> None:
        wish = self._wish()
        if not wish.find.strip():
            self._say("")
            return

        def counted(number: int) -> None:
            if self.is_mounted and self._wish().find == wish.find:
                self._say(texts_review.REPLACE_COUNT.format(count=number))

        self._count(wish, counted)

    def _say(self, sentence: str) -> None:
        self.query_one("#count", Static).update(Content(sentence))

    def _told(self, sentence: str) -> None:
        if self.is_mounted:
            self._say(sentence)

    def action_one(self) -> None:
        """Replace the next one and stay."""
        if self._wish().find.strip():
            self._once(self._wish(), self._told)

    def action_find(self) -> None:
        """Go to the next one and stay."""
        if self._wish().find.strip():
            self._seek(self._wish(), self._told)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the first goes to the second, in the second it replaces everywhere."""
        if event.input.id == "find":
            self.set_focus(self.query_one("#by"))
        elif self._wish().find.strip():
            self.dismiss(self._wish())


@dataclass(frozen=True, slots=True)
class AgainWish:
    """Recognise again with this model (`auto`: as usual), language and quality."""

    model: str
    language: str
    quality: str


class AgainDialog(ModalScreen[AgainWish | None]):
    """Asks with what a span shall be recognised again; left and right change a row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False, id="again.back"),
        Binding("left", "turn(-1)", show=False, id="again.before"),
        Binding("right,space", "turn(1)", show=False, id="again.next"),
    ]

    def __init__(self, span: str, models: Sequence[str], now: AgainWish) -> None:
        super().__init__()
        self._span = span
        languages = dict.fromkeys((now.language, "auto", "vi", "en"))
        self._all = [list(models), list(languages), ["fast", "balanced", "best"]]
        self._at = [
            options.index(value) if value in options else 0
            for options, value in zip(
                self._all, (now.model, now.language, now.quality), strict=True
            )
        ]

    def _labels(self) -> list[str]:
        names = (texts_review.AGAIN_MODEL, texts_review.AGAIN_LANGUAGE, texts_review.AGAIN_QUALITY)
        return [
            f"{name:<10} ‹ {options[at]} ›"
            for name, options, at in zip(names, self._all, self._at, strict=True)
        ]

    def compose(self) -> ComposeResult:
        """Title, three rows, keys."""
        with Vertical(classes="dialog"):
            yield label(texts_review.AGAIN_TITLE.format(span=self._span), "dialog-title")
            yield Rows(self._labels())
            yield label(texts_review.AGAIN_KEYS, "dialog-keys")

    def on_mount(self) -> None:
        """Stand on the first row."""
        rows = self.query_one(Rows)
        rows.reset()
        rows.call_after_refresh(rows.show_block, 0)

    def action_turn(self, step: int) -> None:
        """Take the next value of the row under the cursor."""
        rows = self.query_one(Rows)
        at = max(rows.cursor, 0)
        self._at[at] = (self._at[at] + step) % len(self._all[at])
        rows.labels = self._labels()
        rows.revise(at, at)

    def on_block_view_chosen(self, _message: BlockView.Chosen) -> None:
        """Begin."""
        self.dismiss(AgainWish(*(some[at] for some, at in zip(self._all, self._at, strict=True))))


class ProgressDialog(ModalScreen[None]):
    """Says how far something is; Esc stops it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,x", "stop", show=False, id="progress.stop"),
    ]

    def __init__(self, title: str, stop: Callable[[], object]) -> None:
        super().__init__()
        self._title, self._stop = title, stop

    def compose(self) -> ComposeResult:
        """Title, how far, keys."""
        with Vertical(classes="dialog"):
            yield label(self._title, "dialog-title")
            yield Static(Content(texts_review.LOADING), id="how-far", markup=False)
            yield label(texts_review.PROGRESS_KEYS, "dialog-keys")

    def show(self, part: float) -> None:
        """Say how far, 0 to 1."""
        if self.is_mounted:
            done = Content(f"{'━' * round(part * 40)}{'─' * (40 - round(part * 40))} {part:.0%}")
            self.query_one("#how-far", Static).update(done)

    def action_stop(self) -> None:
        """Stop it; whoever began it closes this."""
        self._stop()


class CompareDialog(ModalScreen[bool]):
    """Shows two texts side by side, word by word; gives whether the new one is taken."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "dismiss(True)", show=False, id="compare.take"),
        Binding("escape,n,q", "dismiss(False)", show=False, id="compare.leave"),
    ]

    def __init__(self, before: str, after: str) -> None:
        super().__init__()
        self._before, self._after = before, after

    def compose(self) -> ComposeResult:
        """Title, both, keys."""
        with Vertical(classes="dialog review-rows"):
            yield label(texts_review.COMPARE_TITLE, "dialog-title")
            yield Sides(self._before, self._after)
            yield label(texts_review.COMPARE_KEYS, "dialog-keys")

    def on_mount(self) -> None:
        """Draw."""
        self.query_one(Sides).reset()

    def on_block_view_chosen(self, _message: BlockView.Chosen) -> None:
        """Enter in the list takes it, too."""
        self.dismiss(True)


class Sides(BlockView):
    """Two texts in two columns; words that differ are marked, and stand beside each other."""

    def __init__(self, before: str, after: str) -> None:
        super().__init__()
        from difflib import SequenceMatcher

        old, new = before.split(), after.split()
        keys = [[word.strip(".,;:!?…").lower() for word in words] for words in (old, new)]
        matcher = SequenceMatcher(None, keys[0], keys[1], autojunk=False)
        self._pairs: list[tuple[str, str, bool]] = []
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            if tag == "equal":
                self._pairs += [(a, b, False) for a, b in zip(old[i1:i2], new[j1:j2], strict=True)]
            else:
                self._pairs.append((" ".join(old[i1:i2]), " ".join(new[j1:j2]), True))
        self._made: tuple[int, list[Pieces]] = (0, [])

    def _rows(self, width: int) -> list[Pieces]:
        from omoai_tui.cells import pad

        if self._made[0] == width:
            return self._made[1]
        half = max(8, (width - 5) // 2)
        rows: list[Pieces] = [
            [(pad(f" {texts_review.BEFORE}", half + 3), "muted"), (texts_review.AFTER, "muted")]
        ]
        line: list[tuple[str, str, bool]] = []

        def flush() -> None:
            left: Pieces = [(" ", "")]
            right: Pieces = []
            for before, after, differs in line:
                left.append((f"{before} " if before else "", "doubt" if differs else ""))
                right.append((f"{after} " if after else "", "good" if differs else ""))
            used = sum(_cells(text) for text, _ in left) - 1
            left.append((" " * max(0, half - used), ""))
            rows.append([*left, (" │ ", "rule"), *right])
            line.clear()

        for before, after, differs in self._pairs:
            for a, b in _folded(before, after, half - 1):
                left = sum(_cells(pair[0]) + 1 for pair in line) + _cells(a) + 1
                right = sum(_cells(pair[1]) + 1 for pair in line) + _cells(b) + 1
                if line and max(left, right) > half:
                    flush()
                line.append((a, b, differs))
        if line:
            flush()
        self._made = (width, rows)
        return rows

    def action_choose(self) -> None:
        """Enter, wherever the cursor is."""
        self.post_message(self.Chosen(self, 0))

    def action_cursor(self, step: int) -> None:
        """Move by a line: there is one block only."""
        self._go_to(max(0, min(self.scroll_offset.y + step, self.max_scroll_y)))

    def block_count(self) -> int:
        """One block: all."""
        return 1

    def block_height(self, index: int, width: int) -> int:
        """Its rows."""
        return len(self._rows(width))

    def block_lines(self, index: int, width: int) -> list[Pieces]:
        """Both columns."""
        return self._rows(width)


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _folded(before: str, after: str, width: int) -> list[tuple[str, str]]:
    """Return two runs of words cut so that none is wider than a column."""
    a = [before[x:y] for x, y in wrap(before, width)]
    b = [after[x:y] for x, y in wrap(after, width)]
    count = max(len(a), len(b))
    a += [""] * (count - len(a))
    b += [""] * (count - len(b))
    return list(zip(a, b, strict=True))
