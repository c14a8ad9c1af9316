"""What the review does to segments, and its lists: merging, times, speakers, replacing, history,
differences, the editor, recognising again, the proof."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType

from omoai_engine.control import JobControl
from omoai_engine.library.differences import Difference
from omoai_engine.library.edits import (
    Delete,
    Edit,
    EditText,
    Merge,
    Recognize,
    RenameSpeaker,
    Replace,
    SetSpeaker,
    SetTimes,
    found_in,
)
from omoai_engine.library.records import EditOutcome, HistoryItem, Segment
from omoai_engine.results import ASRSegment
from omoai_engine.text import one_line, shown_path
from omoai_tui import texts_review
from omoai_tui.formats import clock
from omoai_tui.language import plural
from omoai_tui.screens.review_doubts import DoubtQueue
from omoai_tui.widgets.review_details import exact_time

if TYPE_CHECKING:
    from omoai_engine.library import Library
    from omoai_tui.app import OmoaiApp
    from omoai_tui.screens.review_dialogs import AgainWish

_CLOCK = r"(?:(\d+):)?(?:(\d+):)?(\d+(?:[.,]\d+)?)"
_SPAN = re.compile(rf"\s*{_CLOCK}\s*[-–—\s]\s*{_CLOCK}\s*")


def parse_span(text: str) -> tuple[float, float] | None:
    """Return start and end in seconds of `1:02.5 - 1:05`; `None` where it is not that."""
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    times = []
    for first, second, rest in (match.groups()[:3], match.groups()[3:]):
        whole = [int(part) for part in (first, second) if part is not None]
        seconds = 0.0
        for part in whole:
            seconds = seconds * 60 + part
        times.append(seconds * 60 + float(rest.replace(",", ".")))
    return times[0], times[1]


class ReviewTools(DoubtQueue):
    """The part of the review that changes segments and opens lists."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "m",
            "merge(1)",
            texts_review.english(texts_review.DO_MERGE),
            show=False,
            id="review.merge",
        ),
        Binding(
            "M",
            "merge(-1)",
            texts_review.english(texts_review.DO_MERGE_BEFORE),
            show=False,
            id="review.merge_before",
        ),
        Binding(
            "d,delete",
            "delete",
            texts_review.english(texts_review.DO_DELETE),
            show=False,
            id="review.delete",
        ),
        Binding(
            "left_square_bracket",
            "nudge(-0.1, 0)",
            texts_review.english(texts_review.DO_START_EARLIER),
            show=False,
            id="review.start_earlier",
        ),
        Binding(
            "right_square_bracket",
            "nudge(0.1, 0)",
            texts_review.english(texts_review.DO_START_LATER),
            show=False,
            id="review.start_later",
        ),
        Binding(
            "left_curly_bracket",
            "nudge(-1, 0)",
            texts_review.english(texts_review.DO_START_EARLIER_1),
            show=False,
            id="review.start_earlier_1",
        ),
        Binding(
            "right_curly_bracket",
            "nudge(1, 0)",
            texts_review.english(texts_review.DO_START_LATER_1),
            show=False,
            id="review.start_later_1",
        ),
        Binding(
            "comma",
            "nudge(0, -0.1)",
            texts_review.english(texts_review.DO_END_EARLIER),
            show=False,
            id="review.end_earlier",
        ),
        Binding(
            "full_stop",
            "nudge(0, 0.1)",
            texts_review.english(texts_review.DO_END_LATER),
            show=False,
            id="review.end_later",
        ),
        Binding(
            "less_than_sign",
            "nudge(0, -1)",
            texts_review.english(texts_review.DO_END_EARLIER_1),
            show=False,
            id="review.end_earlier_1",
        ),
        Binding(
            "greater_than_sign",
            "nudge(0, 1)",
            texts_review.english(texts_review.DO_END_LATER_1),
            show=False,
            id="review.end_later_1",
        ),
        Binding(
            "T", "times", texts_review.english(texts_review.DO_TIMES), show=False, id="review.times"
        ),
        Binding(
            "S",
            "speaker",
            texts_review.english(texts_review.DO_SPEAKER),
            show=False,
            id="review.speaker",
        ),
        Binding(
            "R",
            "rename_speaker",
            texts_review.english(texts_review.DO_RENAME),
            show=False,
            id="review.rename_speaker",
        ),
        Binding(
            "slash",
            "replace",
            texts_review.english(texts_review.DO_REPLACE),
            show=False,
            id="review.replace",
        ),
        Binding(
            "h",
            "history",
            texts_review.english(texts_review.DO_HISTORY),
            show=False,
            id="review.history",
        ),
        Binding(
            "D",
            "differences",
            texts_review.english(texts_review.DO_DIFF),
            show=False,
            id="review.diff",
        ),
        Binding(
            "O",
            "restore",
            texts_review.english(texts_review.DO_RESTORE),
            show=False,
            id="review.restore",
        ),
        Binding(
            "E",
            "editor",
            texts_review.english(texts_review.DO_EDITOR),
            show=False,
            id="review.editor",
        ),
        Binding(
            "r", "again", texts_review.english(texts_review.DO_AGAIN), show=False, id="review.again"
        ),
        Binding(
            "P", "proof", texts_review.english(texts_review.DO_PROOF), show=False, id="review.proof"
        ),
        Binding(
            "b",
            "bullets",
            texts_review.english(texts_review.DO_BULLETS),
            show=False,
            id="review.bullets",
        ),
        Binding(
            "c",
            "copy_text",
            texts_review.english(texts_review.DO_COPY),
            show=False,
            id="review.copy",
        ),
        Binding(
            "X",
            "export",
            texts_review.english(texts_review.DO_EXPORT),
            show=False,
            id="review.export",
        ),
        Binding(
            "ctrl+d",
            "discard_draft",
            texts_review.english(texts_review.DO_DISCARD),
            show=False,
            id="review.discard",
        ),
    ]

    def chosen(self) -> list[Segment]:
        """The marked segments, else the one under the cursor."""
        return self.document.chosen(self.view.cursor) if self.document else []

    def _marks_done(self, _outcome: EditOutcome | None = None) -> None:
        if self.document and self.document.marked:
            self.document.marked.clear()
            self.view.redraw()
            self.sync()

    # Segments.

    def action_merge(self, step: int) -> None:
        """Make one segment of the marked ones, or of this and the next (or the one before)."""
        document, chosen = self.document, self.chosen()
        if document is None or not chosen:
            return
        if len(chosen) == 1:
            at = document.index[chosen[0].key] + step
            if not 0 <= at < len(document.segments):
                self.say(texts_review.NOTHING_TO_MERGE)
                return
            chosen = sorted([*chosen, document.segments[at]], key=lambda one: one.position)
        keys = tuple(segment.key for segment in chosen)

        def merged(outcome: EditOutcome) -> None:
            self._marks_done(outcome)
            if document is self.document and (at := document.index.get(keys[0])) is not None:
                self.view.show_block(at)

        self.make([Merge(keys)], then=merged)

    def action_delete(self) -> None:
        """Take the segments out; `u` brings them back."""
        keys = tuple(segment.key for segment in self.chosen())
        if keys:
            self.make([Delete(keys)], then=self._marks_done)
            self.say(texts_review.DELETED.format(count=len(keys)), 3)

    def action_nudge(self, start: float, end: float) -> None:
        """Let the segment begin or end a little earlier or later."""
        if (segment := self.current()) is not None:
            wanted = SetTimes(
                segment.key,
                round(max(0.0, segment.start + start), 3),
                round(segment.end + end, 3),
            )
            self.make([wanted])

    def action_times(self) -> None:
        """Ask for start and end."""
        from omoai_tui.screens.review_dialogs import LineDialog

        segment = self.current()
        if segment is None:
            return

        def answered(text: str | None) -> None:
            if text is None:
                return
            if (span := parse_span(text)) is None:
                self.say(texts_review.NO_TIMES)
                return
            self.make([SetTimes(segment.key, *span)])

        first = f"{exact_time(segment.start)} - {exact_time(segment.end)}"
        self.app.push_screen(LineDialog(texts_review.TIMES_TITLE, first, ()), answered)

    def action_speaker(self) -> None:
        """Say who speaks in the segments."""
        from omoai_tui.screens.review_dialogs import LineDialog

        document, chosen = self.document, self.chosen()
        if document is None or not chosen:
            return
        keys = tuple(segment.key for segment in chosen)

        def answered(name: str | None) -> None:
            if name is not None:
                self.make([SetSpeaker(keys, name or None)], then=self._marks_done)

        dialog = LineDialog(
            texts_review.SPEAKER_TITLE.format(count=len(keys)),
            chosen[0].speaker or "",
            document.speakers(),
            keys=texts_review.SPEAKER_KEYS,
            empty=True,
        )
        self.app.push_screen(dialog, answered)

    def action_rename_speaker(self) -> None:
        """Give the speaker of this segment another name everywhere."""
        from omoai_tui.screens.review_dialogs import LineDialog

        segment, document = self.current(), self.document
        if segment is None or document is None:
            return
        if not segment.speaker:
            self.say(texts_review.NO_SPEAKER)
            return
        old = segment.speaker

        def answered(name: str | None) -> None:
            if name and name != old:
                self.make([RenameSpeaker(old, name)])

        title = texts_review.RENAME_TITLE.format(name=old)
        self.app.push_screen(LineDialog(title, old, document.speakers()), answered)

    # Replacing.

    def action_replace(self) -> None:
        """Ask what to replace by what."""
        from omoai_tui.screens.review_dialogs import ReplaceDialog

        if self.document is None:
            return
        first = self.doubt.text.strip(".,;:!?…") if self.doubt else ""

        def everywhere(wish: Replace | None) -> None:
            if wish is None:
                return

            def done(outcome: EditOutcome) -> None:
                count = sum(len(step.added) for step in outcome.steps)
                self.say(
                    texts_review.FIXED_ALL.format(count=count, find=wish.find, by=wish.replacement)
                )

            self.make([wish], then=done)

        dialog = ReplaceDialog(first, self._count_places, self._replace_one, self._seek_one)
        self.app.push_screen(dialog, everywhere)

    def _count_places(self, wish: Replace, then: Callable[[int], object]) -> None:
        segments = [segment.text for segment in self.document.segments] if self.document else []
        self.ask(lambda _: sum(len(found_in(wish, text)) for text in segments), then)

    def _next_found(self, wish: Replace) -> tuple[Segment, int, int] | None:
        document = self.document
        if document is None:
            return None
        at, count = max(self.view.cursor, 0), len(document.segments)
        begin = self._found_from if self._found_from[0] == at else (at, 0)
        for number in range(count + 1):
            index = (at + number) % count
            segment = document.segments[index]
            for first, last in found_in(wish, segment.text):
                if number or first >= begin[1]:
                    return segment, first, last
        return None

    _found_from: tuple[int, int] = (-1, 0)

    def _seek_one(self, wish: Replace, then: Callable[[str], object]) -> None:
        found = self._next_found(wish)
        document = self.document
        if found is None or document is None:
            then(texts_review.REPLACE_COUNT.format(count=0))
            return
        segment, first, last = found
        at = document.index[segment.key]
        self.view.show_block(at)
        self._found_from = (at, last)
        self.view.mark_sounding((segment.key, first, last))
        then(f"{clock(segment.start)}  {segment.text}")

    def _replace_one(self, wish: Replace, then: Callable[[str], object]) -> None:
        found = self._next_found(wish)
        document = self.document
        if found is None or document is None:
            then(texts_review.REPLACE_COUNT.format(count=0))
            return
        segment, first, last = found
        text = segment.text[:first] + wish.replacement + segment.text[last:]
        at = document.index[segment.key]
        self.view.show_block(at)
        self._found_from = (at, first + len(wish.replacement))
        self.view.mark_sounding(None)

        def done(_outcome: EditOutcome) -> None:
            then(texts_review.REPLACED_ONE.format(time=clock(segment.start)))

        self.make([EditText(segment.key, text)], then=done, failed=then)

    # Lists.

    def jump(self, key: int) -> None:
        """Put the cursor on a segment, if it is still there."""
        at = self.document.index.get(key) if self.document else None
        if at is None:
            self.say(texts_review.GONE)
        else:
            self.view.show_block(at)
            self.sync()

    def action_history(self) -> None:
        """Show every edit; go back (or on) to one."""
        from omoai_tui.screens.review_dialogs import ListDialog, Row

        document = self.document
        if document is None:
            return
        entry = document.entry.id

        def show(items: list[HistoryItem]) -> None:
            rows = [Row("", texts_review.AS_RECOGNIZED)]
            for item in items:
                when = datetime.fromtimestamp(item.created).strftime("%d.%m. %H:%M:%S")
                said = texts_review.LABELS.get(item.label, item.label)
                rows.append(Row(when, said, "muted" if item.undone else ""))
            now = sum(not item.undone for item in items)

            def chosen(index: int | None) -> None:
                if index is not None and index != now:
                    self.ask(
                        lambda library: _travel(library, entry, index - now),
                        self._took_all,
                    )

            self.app.push_screen(
                ListDialog(
                    texts_review.HISTORY_TITLE, rows, keys=texts_review.HISTORY_KEYS, at=now
                ),
                chosen,
            )

        self.ask(lambda library: library.history(entry), show)

    def _took_all(self, outcomes: list[EditOutcome]) -> None:
        for outcome in outcomes:
            self.took(outcome)

    def action_differences(self) -> None:
        """Show what differs from the original recognition."""
        from omoai_tui.screens.review_dialogs import ListDialog, Row

        document = self.document
        if document is None:
            return

        def show(found: tuple[Difference, ...]) -> None:
            rows = [
                Row(clock(one.start), f"{one.before or '∅'} → {one.after or '∅'}") for one in found
            ]

            def chosen(index: int | None) -> None:
                if index is not None and self.document:
                    self.view.show_block(self.document.at_time(found[index].start))

            title = plural(len(rows), texts_review.DIFF_TITLE)
            self.app.push_screen(
                ListDialog(title, rows, keys=texts_review.DIFF_KEYS, empty=texts_review.DIFF_NONE),
                chosen,
            )

        self.ask(lambda library: library.diff(document.entry.id), show)

    def action_restore(self) -> None:
        """Bring the original recognition back; `u` takes that back."""
        document = self.document
        if document is None:
            return
        entry = document.entry.id

        def done(outcome: EditOutcome) -> None:
            self.took(outcome)
            self.say(texts_review.RESTORED)

        self.ask(lambda library: library.restore_original(entry), done)

    def proof_note(self) -> str:
        """What the language model did to the words: counted, not assumed."""
        document = self.document
        if document is None:
            return ""
        figures = document.entry.metadata.get("postprocess")
        changed = figures.get("words_changed") if isinstance(figures, dict) else None
        if not isinstance(changed, int):
            return ""
        return plural(changed, texts_review.WORDS_CHANGED)

    def action_proof(self) -> None:
        """Show every suggestion of the language model and what became of it."""
        from omoai_tui.screens.review_dialogs import ListDialog, Row

        document = self.document
        if document is None:
            return
        suggestions = list(document.suggestions)
        rows = []
        for one in suggestions:
            at = document.index.get(one.key)
            time = clock(document.segments[at].start) if at is not None else "–"
            state = texts_review.SUGGESTION[one.state]
            rows.append(Row(time, f"{state}: {one.words} → {one.text}"))
        accepted = sum(one.state == "accepted" for one in suggestions)
        note = self.proof_note() or texts_review.NOT_COUNTED
        title = texts_review.PROOF_TITLE.format(note=note, count=len(rows), accepted=accepted)

        def chosen(index: int | None) -> None:
            if index is None or document is not self.document:
                return
            one = suggestions[index]
            self.jump(one.key)
            for doubt in document.doubts_in(one.key):
                if doubt.suggestion == one.id:
                    self._go(doubt)
                    self.sync()

        self.app.push_screen(
            ListDialog(title, rows, keys=texts_review.JUMP_KEYS, empty=texts_review.NO_SUGGESTIONS),
            chosen,
        )

    def action_bullets(self) -> None:
        """Show the summary; every point with its segments, what has none is marked."""
        from omoai_tui.screens.review_dialogs import ListDialog, Row

        document = self.document
        if document is None:
            return
        rows: list[Row] = []
        keys: list[int | None] = []
        if document.summary.abstract:
            rows.append(Row("", document.summary.abstract, "muted"))
            keys.append(None)
        supports = document.bullet_keys
        for at, bullet in enumerate(document.summary.bullets):
            there = [k for k in (supports[at] if at < len(supports) else ()) if k in document.index]
            if not there:
                rows.append(Row("!", f"{bullet} ({texts_review.NO_SUPPORT})", "low"))
                keys.append(None)
                continue
            times = ", ".join(clock(document.segments[document.index[k]].start) for k in there)
            rows.append(Row("•", f"{bullet} [{times}]"))
            keys.append(there[0])

        def chosen(index: int | None) -> None:
            if index is not None and (key := keys[index]) is not None:
                self.jump(key)

        title = one_line(document.summary.title) or texts_review.SUMMARY_TITLE
        self.app.push_screen(
            ListDialog(title, rows, keys=texts_review.JUMP_KEYS, empty=texts_review.NO_SUMMARY),
            chosen,
        )

    def action_copy_text(self) -> None:
        """Copy the segments."""
        chosen = self.chosen()
        if chosen:
            cast("OmoaiApp", self.app).copy_text("\n".join(one.text for one in chosen))
            self.say(texts_review.COPIED.format(count=len(chosen)), 3)

    def action_export(self) -> None:
        """Write this transcript for other programs."""
        if self.document is not None:
            cast("OmoaiApp", self.app).export_entry(self.document.entry.id)

    # The editor.

    def action_editor(self) -> None:
        """The whole transcript in the person's own editor."""
        document = self.document
        if document is None:
            return
        entry = document.entry.id

        def write(library: Library) -> tuple[Path, str]:
            from omoai_engine.library.editor import to_text

            text = to_text(library.transcript(entry))
            folder = Path(tempfile.mkdtemp(prefix="omoai-"))
            path = folder / f"{entry}.txt"
            path.write_text(text, "utf-8")
            path.chmod(0o600)
            return path, text

        self.ask(write, lambda made: self._edit_file(entry, *made))

    def _edit_file(self, entry: int, path: Path, before: str) -> None:
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        try:
            with self.app.suspend():
                code = subprocess.run([*shlex.split(editor), str(path)], check=False).returncode
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            self._editor_failed(
                texts_review.EDITOR_NOT.format(editor=editor, why=one_line(reason)), path
            )
            return
        self.app.refresh(layout=True)
        if code != 0:
            self._editor_failed(texts_review.EDITOR_BROKE.format(editor=editor, code=code), path)
            return

        def read(library: Library) -> tuple[EditOutcome | None, list[str]]:
            from omoai_engine.library.editor import from_text

            after = path.read_text("utf-8-sig")
            if after == before:
                return None, []
            back = from_text(library.transcript(entry), after)
            notes = [f"{note.line}: {note.text[:60]} ({note.why})" for note in back.notes]
            if not back.edits:
                return None, notes
            return library.edit(entry, *back.edits, label="Edit in an editor"), notes

        def done(both: tuple[EditOutcome | None, list[str]]) -> None:
            outcome, notes = both
            if outcome is not None:
                self.took(outcome)
            if notes:
                from omoai_tui.screens.review_dialogs import ListDialog, Row

                rows = [Row("", note) for note in notes]
                title = texts_review.EDITOR_NOTES.format(path=shown_path(path))
                self.app.push_screen(ListDialog(title, rows, keys=texts_review.CLOSE_KEYS))
                return
            path.unlink(missing_ok=True)
            path.parent.rmdir()
            self.say(texts_review.EDITOR_DONE if outcome else texts_review.EDITOR_SAME)

        self.ask(read, done, lambda sentence: self._editor_failed(sentence, path))

    def _editor_failed(self, sentence: str, path: Path) -> None:
        self.app.refresh(layout=True)
        said = f"{sentence} {texts_review.EDITOR_KEPT.format(path=shown_path(path))}"
        self.app.notify(said, severity="error", markup=False, timeout=15)

    # Recognising again.

    def action_again(self) -> None:
        """Recognise the segments again, with other settings or another model."""
        document, chosen = self.document, self.chosen()
        if document is None or not chosen:
            return
        entry = document.entry.id
        overrides = cast("OmoaiApp", self.app).conductor.overrides

        def look(library: Library) -> tuple[Path, list[str], AgainWish]:
            from omoai_engine.config import load_config
            from omoai_engine.library.redoing import sound_of
            from omoai_engine.models import list_installed
            from omoai_tui.screens.review_dialogs import AgainWish

            path = sound_of(library.audio_file(entry))
            config = load_config(**overrides)
            names = [one.name for one in list_installed(config) if one.engine != "llm"]
            asr = config.asr
            models = list(dict.fromkeys((asr.model, "auto", *names)))
            return path, models, AgainWish(asr.model, asr.language, "best")

        def ask(found: tuple[Path, list[str], AgainWish]) -> None:
            from omoai_tui.screens.review_dialogs import AgainDialog

            path, models, now = found
            span = f"{exact_time(chosen[0].start)} – {exact_time(max(one.end for one in chosen))}"

            def answered(wish: AgainWish | None) -> None:
                if wish is not None:
                    self._again_with(wish, path, chosen)

            self.app.push_screen(AgainDialog(span, models, now), answered)

        self.ask(look, ask)

    def _again_with(self, wish: AgainWish, path: Path, chosen: list[Segment]) -> None:
        from omoai_tui.screens.review_dialogs import ProgressDialog
        from omoai_tui.tasks import start_task

        app = cast("OmoaiApp", self.app)
        overrides = dict(app.conductor.overrides)
        overrides["asr"] = {
            **overrides.get("asr", {}),
            "model": wish.model,
            "language": wish.language,
            "quality": wish.quality,
        }
        control = JobControl()
        dialog = ProgressDialog(texts_review.AGAIN_GOING, control.cancel)
        start, end = chosen[0].start, max(one.end for one in chosen)

        def work() -> None:
            from omoai_engine.config import load_config
            from omoai_engine.errors import CancelledError
            from omoai_engine.library.redoing import recognize_again

            try:
                heard = recognize_again(
                    path,
                    start,
                    end,
                    load_config(**overrides),
                    control=control,
                    progress=lambda part: self._later(lambda: dialog.show(part)),
                )
            except CancelledError:
                self._later(dialog.dismiss)
                return
            except BaseException:
                self._later(dialog.dismiss)
                raise
            self._later(lambda: self._heard_again(dialog, chosen, heard))

        app.push_screen(dialog)
        start_task(work, app.post)

    def _later(self, call: Callable[[], object]) -> None:
        from omoai_tui.review_desk import DeskAnswered

        self.post_message(DeskAnswered(call))

    def _heard_again(
        self, dialog: object, chosen: list[Segment], heard: tuple[ASRSegment, ...]
    ) -> None:
        from omoai_tui.screens.review_dialogs import CompareDialog, ProgressDialog

        cast(ProgressDialog, dialog).dismiss()
        if not heard:
            self.say(texts_review.NOTHING_HEARD)
            return
        before = " ".join(one.text for one in chosen)
        after = " ".join(one.text for one in heard)
        keys = tuple(one.key for one in chosen)

        def answered(take: bool | None) -> None:
            if take:
                self.make([_taken(keys, chosen, heard)], then=self._marks_done)

        self.app.push_screen(CompareDialog(before, after), answered)


def _taken(keys: tuple[int, ...], chosen: list[Segment], heard: tuple[ASRSegment, ...]) -> Edit:
    """Return the edit; one segment that stays one keeps its times."""
    if len(chosen) == len(heard) == 1:
        one = replace(heard[0], start=chosen[0].start, end=chosen[0].end)
        return Recognize(keys, (one,))
    return Recognize(keys, heard)


def _travel(library: Library, entry: int, steps: int) -> list[EditOutcome]:
    """Undo (or redo) so many edits."""
    outcomes = []
    for _ in range(abs(steps)):
        outcome = library.undo(entry) if steps < 0 else library.redo(entry)
        if outcome is None:
            break
        outcomes.append(outcome)
    return outcomes
