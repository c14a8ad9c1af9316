"""Which text stage a recording gets: a language model's or the rules'.

In: the configuration. Out: the choice with its reason, before any work, and the stage made from
it once the recogniser is known. What is asked for by name and cannot be had is an error here,
before a second of sound is decoded; what fails later is a notice, and the rules go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omoai_engine.control import JobControl
from omoai_engine.events import OnEvent
from omoai_engine.postprocess.rules import RulesPostprocessor
from omoai_engine.postprocess.stage import TextBackend, TextStage
from omoai_engine.postprocess.templates import find_template

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig, PostprocessSettings
    from omoai_engine.postprocess.llm.choice import LanguageModelChoice
    from omoai_engine.postprocess.llm.contract import LanguageModel

__all__ = ["LanguageModels", "new_text_stage"]


class LanguageModels:
    """The language model of a configuration: chosen anew for every job, loaded once.

    `chosen` is for one thread at a time, `close` for any.
    """

    def __init__(self, config: OmoAIConfig) -> None:
        self._config = config
        self._choice: LanguageModelChoice | None = None
        self._model: LanguageModel | None = None

    def chosen(self) -> tuple[TextBackend, LanguageModel | None]:
        """Return what does the text work, and the model (not loaded by this), if it is one.

        Raises `LanguageModelError` or `ModelNotFoundError` where a backend is asked for by name
        and cannot be had, `ConfigError` where the template cannot be used.
        """
        settings = self._config.postprocess
        if not settings.summary and settings.punctuation in ("rules", "off"):
            return TextBackend(reason="the settings ask for nothing that needs a model"), None
        from omoai_engine.postprocess.llm.choice import (
            build_language_model,
            choose_language_model,
        )

        if settings.summary:
            for language in ("en", "vi"):
                find_template(settings.template, language)
        choice = choose_language_model(self._config)
        if choice != self._choice:
            self.close()
            self._choice, self._model = choice, build_language_model(choice)
        return TextBackend(choice.backend, choice.model, choice.reason), self._model

    def close(self) -> None:
        """End the model's process or connections. Idempotent."""
        model, self._model, self._choice = self._model, None, None
        if model is not None:
            model.close()


def new_text_stage(
    settings: PostprocessSettings,
    chosen: TextBackend,
    model: LanguageModel | None,
    *,
    writes_punctuation: bool,
    language: str | None,
    control: JobControl,
    tell: OnEvent,
) -> tuple[TextStage, TextBackend]:
    """Return the stage for one recording, and what it is; a model begins to load at once."""
    anew = settings.punctuation == "model"
    punctuates = anew or (settings.punctuation == "auto" and not writes_punctuation)
    if model is not None and (punctuates or settings.summary):
        from omoai_engine.postprocess.model_stage import ModelPostprocessor

        stage = ModelPostprocessor(
            settings,
            model,
            chosen,
            punctuates=punctuates,
            writes_punctuation=writes_punctuation,
            language=language,
            control=control,
            tell=tell,
        )
        return stage, chosen
    if model is not None:
        chosen = TextBackend(reason="the recogniser's own punctuation is kept, without a summary")
    rules = RulesPostprocessor(
        settings, writes_punctuation=writes_punctuation, language=language, backend=chosen
    )
    return rules, chosen
