"""Which text engine a configuration gets: a language model's or the rules'.

In: the configuration. Out: the engine with its reason, before any work; it makes a stage for each
recording once the recogniser is known. What is asked for by name and cannot be had is an error
here, before a second of sound is decoded; what fails later is a notice, and the rules go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omoai_engine.control import JobControl
from omoai_engine.events import OnEvent
from omoai_engine.postprocess.rules import RulesPostprocessor
from omoai_engine.postprocess.stage import TextBackend, TextEngine, TextStage
from omoai_engine.postprocess.templates import find_template

if TYPE_CHECKING:
    from omoai_engine.config import OmoAIConfig, PostprocessSettings
    from omoai_engine.postprocess.llm.choice import LanguageModelChoice
    from omoai_engine.postprocess.llm.contract import LanguageModel

__all__ = ["LanguageModels", "ModelEngine", "RulesEngine"]

NOTHING_FOR_A_MODEL = "the settings ask for nothing that needs a model"


class LanguageModels:
    """The language model of a configuration: chosen anew for every job, loaded once.

    `chosen` is for one thread at a time, `close` for any.
    """

    def __init__(self, config: OmoAIConfig) -> None:
        self._config = config
        self._choice: LanguageModelChoice | None = None
        self._engine: TextEngine | None = None

    def chosen(self) -> TextEngine:
        """Return what does the text work; a model is not loaded by this.

        Raises `LanguageModelError` or `ModelNotFoundError` where a backend is asked for by name
        and cannot be had, `ConfigError` where the template cannot be used.
        """
        settings = self._config.postprocess
        if not settings.summary and settings.punctuation in ("rules", "off"):
            return RulesEngine(TextBackend(reason=NOTHING_FOR_A_MODEL))
        from omoai_engine.postprocess.llm.choice import (
            build_language_model,
            choose_language_model,
        )

        if settings.summary:
            for language in ("en", "vi"):
                find_template(settings.template, language)
        choice = choose_language_model(self._config)
        if self._engine is None or choice != self._choice:
            self.close()
            chosen = TextBackend(choice.backend, choice.model, choice.reason)
            model = build_language_model(choice)
            self._choice = choice
            self._engine = RulesEngine(chosen) if model is None else ModelEngine(chosen, model)
        return self._engine

    def close(self) -> None:
        """End the model's process or connections. Idempotent."""
        engine, self._engine, self._choice = self._engine, None, None
        if engine is not None:
            engine.close()


class RulesEngine:
    """The rules as a text engine: nothing to load, nothing to free."""

    def __init__(self, chosen: TextBackend) -> None:
        self.chosen = chosen

    def stage(
        self,
        settings: PostprocessSettings,
        *,
        writes_punctuation: bool,
        language: str | None,
        control: JobControl,
        tell: OnEvent,
    ) -> TextStage:
        """Return the work on one recording."""
        return RulesPostprocessor(
            settings,
            writes_punctuation=writes_punctuation,
            language=language,
            backend=self.chosen,
            control=control,
        )

    def close(self) -> None:
        """Do nothing: the rules hold nothing open."""


class ModelEngine:
    """A language model as a text engine; it is loaded by the first stage that needs it."""

    def __init__(self, chosen: TextBackend, model: LanguageModel) -> None:
        self.chosen = chosen
        self._model = model

    def stage(
        self,
        settings: PostprocessSettings,
        *,
        writes_punctuation: bool,
        language: str | None,
        control: JobControl,
        tell: OnEvent,
    ) -> TextStage:
        """Return the work on one recording; the model begins to load at once.

        Where neither marks nor a summary are wanted of it, the rules do the work.
        """
        anew = settings.punctuation == "model"
        punctuates = anew or (settings.punctuation == "auto" and not writes_punctuation)
        if not punctuates and not settings.summary:
            reason = "the recogniser's own punctuation is kept, without a summary"
            if settings.punctuation in ("rules", "off"):
                reason = NOTHING_FOR_A_MODEL
            return RulesEngine(TextBackend(reason=reason)).stage(
                settings,
                writes_punctuation=writes_punctuation,
                language=language,
                control=control,
                tell=tell,
            )
        from omoai_engine.postprocess.model_stage import ModelPostprocessor

        return ModelPostprocessor(
            settings,
            self._model,
            self.chosen,
            punctuates=punctuates,
            writes_punctuation=writes_punctuation,
            language=language,
            control=control,
            tell=tell,
        )

    def close(self) -> None:
        """End the model's process or connections. Idempotent."""
        self._model.close()
