"""Sound in the review: the place or segment at one key, five seconds back or on, in a loop.

Where there is no sound output, the person gets a line to paste on the own machine, or the clip.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.timer import Timer

from omoai_engine.library.edits import word_places
from omoai_engine.library.records import Segment
from omoai_tui import texts_review
from omoai_tui.review_player import ReviewPlayer, Silent, Sounds, Stretch
from omoai_tui.screens.review_doubts import DoubtQueue
from omoai_tui.tasks import start_task

if TYPE_CHECKING:
    from omoai_engine.library import Library
    from omoai_tui.app import OmoaiApp

STEP_SECONDS = 5.0
BESIDE_DOUBT_SECONDS = 1.0
"""A doubtful word is heard with so much before and after it."""
FOLLOW_SECONDS = 0.15
_LONGEST_SECONDS = 600.0


class ReviewSound(DoubtQueue):
    """What the review does with sound."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "space",
            "play",
            texts_review.english(texts_review.DO_PLAY),
            show=False,
            id="review.play",
        ),
        Binding(
            "left",
            "seek(-1)",
            texts_review.english(texts_review.DO_BACK_5),
            show=False,
            id="review.back_5",
        ),
        Binding(
            "right",
            "seek(1)",
            texts_review.english(texts_review.DO_ON_5),
            show=False,
            id="review.on_5",
        ),
        Binding(
            "l", "loop", texts_review.english(texts_review.DO_LOOP), show=False, id="review.loop"
        ),
        Binding(
            "y",
            "copy_command",
            texts_review.english(texts_review.DO_COPY_COMMAND),
            show=False,
            id="review.copy_command",
        ),
        Binding(
            "Y",
            "save_clip",
            texts_review.english(texts_review.DO_SAVE_CLIP),
            show=False,
            id="review.save_clip",
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.player = ReviewPlayer(self.post_message)
        self._sounds: Sounds | None = None
        self._wished: Stretch | None = None
        self._looping = False
        self._ticking: Timer | None = None
        self._starts: list[tuple[float, float, int, int, int]] = []

    def with_sound(self, then: Callable[[Path], object]) -> None:
        """Find the recording's file in the thread; then go on, or say what is missing."""
        document = self.document
        if document is None:
            return
        entry = document.entry.id

        def find(library: Library) -> Path:
            from omoai_engine.library.redoing import sound_of

            return sound_of(library.audio_file(entry))

        self.ask(find, then)

    def stretch(self) -> tuple[float, float] | None:
        """What is heard now: the doubt with a second around it, else the segments chosen."""
        document = self.document
        if document is None:
            return None
        if self.doubt is not None:
            return (
                max(0.0, self.doubt.start - BESIDE_DOUBT_SECONDS),
                self.doubt.end + BESIDE_DOUBT_SECONDS,
            )
        chosen = document.chosen(self.view.cursor)
        if not chosen:
            return None
        return chosen[0].start, max(segment.end for segment in chosen)

    def hear(self, segment: Segment) -> None:
        """Play one segment."""
        self._play(segment.start, segment.end)

    def action_play(self) -> None:
        """Play, or be silent."""
        if self._sounds is not None:
            self.player.play(None)
        elif (span := self.stretch()) is not None:
            self._play(*span)

    def _play(self, start: float, end: float) -> None:
        end = max(end, start + 0.2)
        self.with_sound(lambda path: self._start(Stretch(path, start, end, self._looping)))

    def _start(self, stretch: Stretch) -> None:
        self._wished = stretch
        self.player.play(stretch)

    def action_seek(self, step: int) -> None:
        """Hear from five seconds before or after where it is now."""
        document = self.document
        if document is None:
            return
        if self._sounds is None:
            span = self.stretch()
            if span is None:
                return
            at, end = span
            at = max(0.0, at + step * STEP_SECONDS) if step < 0 else at + step * STEP_SECONDS
        else:
            at = max(0.0, self._position() + step * STEP_SECONDS)
            end = self._sounds.stretch.end
        last = document.segments[-1].end if document.segments else end
        if at >= max(last, end):
            self.player.play(None)
            return
        # Past the stretch that was asked for, go on to the end of what is heard there.
        if at >= end - 0.2:
            end = max(document.segments[document.at_time(at)].end, at + STEP_SECONDS)
        self._play(at, end)

    def action_loop(self) -> None:
        """Again and again, or once."""
        self._looping = not self._looping
        self.say(texts_review.LOOP_ON if self._looping else texts_review.LOOP_OFF, 3)
        if self._sounds is not None:
            stretch = self._sounds.stretch
            self._play(stretch.start, stretch.end)

    def _position(self) -> float:
        sounds = self._sounds
        if sounds is None:
            return 0.0
        at = sounds.stretch.start + time.monotonic() - sounds.since
        return min(at, sounds.stretch.end)

    @on(Sounds)
    def _now_sounds(self, message: Sounds) -> None:
        self._sounds = message
        self._starts = self._words_between(message.stretch.start, message.stretch.end)
        if self._ticking is None:
            self._ticking = self.set_interval(FOLLOW_SECONDS, self._follow_sound)

    @on(Silent)
    def _now_silent(self, message: Silent) -> None:
        self._sounds = None
        if self._ticking is not None:
            self._ticking.stop()
            self._ticking = None
        self.view.mark_sounding(None)
        if message.no_output:
            self.app.notify(
                texts_review.NO_OUTPUT.format(why=message.why),
                severity="warning",
                markup=False,
                timeout=10,
            )
        elif message.why:
            self.app.notify(message.why, severity="error", markup=False, timeout=10)

    def _words_between(self, start: float, end: float) -> list[tuple[float, float, int, int, int]]:
        found = []
        for segment in self.document.segments if self.document else ():
            if segment.end < start or segment.start > end:
                continue
            places = word_places(segment) if segment.words else []
            if places and len(places) == len(segment.words):
                found += [
                    (word.start, word.end, segment.key, a, b)
                    for word, (a, b) in zip(segment.words, places, strict=True)
                ]
            else:
                found.append((segment.start, segment.end, segment.key, 0, len(segment.text)))
        return sorted(found)

    def _follow_sound(self) -> None:
        """Mark the word that is heard."""
        at = self._position()
        number = bisect_right(self._starts, (at, float("inf"), 0, 0, 0)) - 1
        place = None
        if number >= 0 and at <= self._starts[number][1] + 0.3:
            place = self._starts[number][2:]
        self.view.mark_sounding(place)

    # Without a sound output.

    def action_copy_command(self) -> None:
        """Copy the line that plays this on the person's own machine."""
        span = self.stretch()
        if span is not None:
            self.with_sound(lambda path: self._copy_command(path, *span))

    def _copy_command(self, path: Path, start: float, end: float) -> None:
        from omoai_engine.recording.playback import play_command

        cast("OmoaiApp", self.app).copy_text(play_command(path, start, end))
        self.say(texts_review.COMMAND_COPIED)

    def action_save_clip(self) -> None:
        """Write the stretch as a WAV file."""
        span, document = self.stretch(), self.document
        if span is None or document is None:
            return
        start, end = span

        def ask(path: Path) -> None:
            from omoai_tui.screens.review_dialogs import LineDialog

            name = f"{path.stem}-{start:.1f}-{end:.1f}.wav".replace("/", "_")
            first = str(Path.cwd() / name).encode("utf-8", "replace").decode()

            def answered(target: str | None) -> None:
                if target:
                    start_task(lambda: self._write_clip(path, start, end, target), self._post)

            self.app.push_screen(LineDialog(texts_review.CLIP_TITLE, first, ()), answered)

        self.with_sound(ask)

    def _post(self, message: object) -> object:
        return cast("OmoaiApp", self.app).post(message)

    def _write_clip(self, path: Path, start: float, end: float, target: str) -> None:
        """In a thread of its own."""
        from omoai_engine.errors import ExportError
        from omoai_engine.recording.playback import clip
        from omoai_engine.text import shown_path

        place = Path(target.strip()).expanduser()
        content = clip(path, start, end)
        try:
            with place.open("xb") as file:
                file.write(content)
        except FileExistsError:
            raise ExportError(
                "there is a file of this name already",
                where=shown_path(place),
                hint="Choose another",
            ) from None
        except OSError as error:
            raise ExportError(
                f"the clip cannot be written: {error.strerror}",
                where=shown_path(place),
                hint="Choose another place",
            ) from None
        said = texts_review.CLIP_WRITTEN.format(path=shown_path(place))
        self.app.call_from_thread(self.say, said)
