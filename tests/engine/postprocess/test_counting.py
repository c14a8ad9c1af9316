"""What is said of a text without a reference is counted, also where it is bad news."""

from __future__ import annotations

import pytest
from postprocess_samples import spoken

from omoai_engine.control import JobControl
from omoai_engine.postprocess.counting import TextCounts, counted
from omoai_engine.postprocess.given_out import GivenOut
from omoai_engine.postprocess.stage import PunctuatedParagraph
from omoai_engine.results import Paragraph, SummaryResult


@pytest.mark.parametrize(
    ("recognized", "given", "kept", "changed", "marks"),
    [
        ("luôn luôn đi", "Luôn luôn, đi.", 3, 0, 2),
        ("luôn luôn đi", "Luôn đi.", 2, 1, 1),
        ("xin chào anh", "xin chào em", 2, 1, 0),
        ("a b", "a b c d", 2, 2, 0),
        ("a b c", "", 0, 3, 0),
        ("3.5 và 4", "3.5 và 4!", 3, 0, 1),
        ("", "", 0, 0, 0),
    ],
)
def test_changed_words_and_marks_are_counted(
    recognized: str, given: str, kept: int, changed: int, marks: int
) -> None:
    counts = counted(recognized, given)
    assert (counts.kept, counts.changed, counts.marks) == (kept, changed, marks)


def test_figures_follow_from_the_counts() -> None:
    figures = (counted("a b c d", "A x c.") + counted("e f g h", "E f, g h.")).figures()
    assert figures == {
        "words": 7,
        "words_changed": 2,
        "coverage": 0.75,
        "marks_per_100_words": pytest.approx(42.86),
    }
    assert TextCounts().figures()["coverage"] is None


def test_a_stage_that_breaks_its_promise_says_so_in_its_metadata() -> None:
    class Careless(GivenOut):
        def summary(self, *, control: JobControl | None = None) -> SummaryResult:
            return SummaryResult("", (), "")

    segments = spoken("xin chào các bạn")
    stage = Careless()
    text = "Xin chào bạn bè."
    closed = PunctuatedParagraph(Paragraph(0.0, 1.0, text, 0, 0), tuple(segments))
    stage._give(closed, segments, "vi")
    assert stage.metadata["words_changed"] == 2
    assert stage.metadata["coverage"] == 0.75
    assert stage.result().metadata["marks_per_100_words"] == 25.0
