"""From segments to a punctuated transcript and a summary.

`RulesPostprocessor` needs no model: paragraphs, marks and capitals as segments arrive, and an
extractive summary at the end. `words_unchanged` is the judge that no word was touched.
"""

from __future__ import annotations

from omoai_engine.postprocess.rules import RulesPostprocessor
from omoai_engine.postprocess.stage import PunctuatedParagraph
from omoai_engine.postprocess.summary import summarize
from omoai_engine.postprocess.words import words_unchanged

__all__ = ["PunctuatedParagraph", "RulesPostprocessor", "summarize", "words_unchanged"]
