"""The rules and a language model are chosen, asked, cancelled and closed in the same way."""

from __future__ import annotations

import pytest
from model_doubles import DoubleModel, asked_words
from postprocess_samples import spoken

from omoai_engine.config import PostprocessSettings, load_config
from omoai_engine.control import JobControl
from omoai_engine.errors import CancelledError
from omoai_engine.postprocess.backend import LanguageModels, ModelEngine, RulesEngine
from omoai_engine.postprocess.llm.contract import Completion
from omoai_engine.postprocess.stage import TextBackend, TextEngine
from omoai_engine.postprocess.words import words_unchanged


def rules() -> TextEngine:
    return LanguageModels(load_config(llm={"backend": "rules"})).chosen()


def model() -> TextEngine:
    echo = DoubleModel(lambda asked: Completion(" ".join(asked_words(asked)), "stop"))
    return ModelEngine(TextBackend("server", "double", "for the test"), echo)


ENGINES = pytest.mark.parametrize(("make", "name"), [(rules, "rules"), (model, "server")])


@ENGINES
def test_one_engine_serves_recording_after_recording(make: type[TextEngine], name: str) -> None:
    engine = make()
    assert engine.chosen.backend == name
    assert engine.chosen.reason
    for text in ("xin chào các bạn | hôm nay trời đẹp", "một hai ba"):
        stage = engine.stage(
            PostprocessSettings(summary=False),
            writes_punctuation=False,
            language="vi",
            control=JobControl(),
            tell=lambda _: None,
        )
        assert stage.backend == engine.chosen
        given = [part for segment in spoken(text) for part in stage.push(segment)]
        given += stage.finish()
        stage.close()
        assert words_unchanged(
            text.replace("|", ""), " ".join(part.paragraph.text for part in given)
        )
        metadata = stage.result().metadata
        assert metadata["backend"] == name
        assert metadata["words_changed"] == 0
        assert metadata["coverage"] == 1.0
        assert metadata["pieces"] >= 1
    engine.close()
    engine.close()


@ENGINES
def test_a_cancelled_recording_still_gives_every_word_and_no_summary(
    make: type[TextEngine], name: str
) -> None:
    control = JobControl()
    engine = make()
    stage = engine.stage(
        PostprocessSettings(),
        writes_punctuation=False,
        language="vi",
        control=control,
        tell=lambda _: None,
    )
    text = " ".join(["xin chào các bạn"] * 1000)
    control.cancel()
    given = [part for segment in spoken(text) for part in stage.push(segment)] + stage.finish()
    assert words_unchanged(text, " ".join(part.paragraph.text for part in given))
    with pytest.raises(CancelledError):
        stage.summary()
    stage.close()
    engine.close()


def test_marks_stop_soon_after_the_cancellation_of_an_endless_paragraph() -> None:
    control = JobControl()
    stage = RulesEngine(TextBackend()).stage(
        PostprocessSettings(summary=False),
        writes_punctuation=False,
        language="vi",
        control=control,
        tell=lambda _: None,
    )
    control.cancel()
    (segment,) = spoken(" ".join(["xin chào các bạn"] * 1000))
    (closed,) = [*stage.push(segment), *stage.finish()]
    words = closed.paragraph.text.split()
    assert any(word.endswith(".") for word in words[:600])
    assert not any(word.endswith((".", ",")) for word in words[600:])


def test_a_model_that_has_nothing_to_do_leaves_the_work_to_the_rules() -> None:
    stage = model().stage(
        PostprocessSettings(summary=False),
        writes_punctuation=True,
        language="vi",
        control=JobControl(),
        tell=lambda _: None,
    )
    assert stage.backend.backend == "rules"
    assert "kept" in stage.backend.reason
