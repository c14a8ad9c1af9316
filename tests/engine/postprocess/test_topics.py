"""Where nobody pauses, a paragraph ends where the topic changes; a pause stays the first rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omoai_engine.config import PostprocessSettings
from omoai_engine.postprocess import RulesPostprocessor
from omoai_engine.results import ASRSegment, Paragraph

BREAD = (
    "the dough needs strong flour and warm water",
    "knead the dough until the flour is smooth",
    "let the dough rest in a warm bowl",
    "the yeast makes the dough rise slowly",
    "shape the dough and heat the oven well",
    "bake the bread until the crust is brown",
    "a good crust needs steam in the oven",
    "cut the bread when the crust is cool",
)
SHIPS = (
    "the harbour opened for ships last spring",
    "large ships bring containers to the harbour",
    "cranes lift the containers from every ship",
    "the harbour pilots guide ships at night",
    "storms keep the ships outside the harbour",
    "customs officers open some of the containers",
    "the captain of the ship signs the papers",
    "tugs pull the ship out of the harbour",
)
RAU = (
    "vườn rau cần đất tơi và nước sạch",
    "gieo hạt rau cải xuống luống đất ẩm",
    "tưới nước cho luống rau mỗi buổi sáng",
    "nhổ cỏ dại để rau cải mau lớn",
    "bón phân cho đất sau mỗi vụ rau",
    "thu hoạch rau cải khi lá còn non",
)
TAU = (
    "đoàn tàu rời ga lúc sáu giờ",
    "hành khách mua vé tàu tại quầy ga",
    "tàu nhanh chỉ dừng ở các ga lớn",
    "nhân viên soát vé đi dọc toa tàu",
    "toa tàu cuối cùng dành cho hành lý",
    "khách xuống ga phải giữ vé tàu",
)


def spoken(lines: tuple[str, ...], start: float = 0.0, mark: str = ".") -> list[ASRSegment]:
    """Return a segment for each line, 0.4 s apart."""
    return [
        ASRSegment(start + 3.0 * at, start + 3.0 * at + 2.6, line.capitalize() + mark)
        for at, line in enumerate(lines)
    ]


def paragraphs(
    segments: list[ASRSegment], language: str, *, writes: bool = True, **settings: object
) -> tuple[Paragraph, ...]:
    rules = RulesPostprocessor(
        PostprocessSettings(**{"paragraph_max_words": 60, **settings}),  # type: ignore[arg-type]
        writes_punctuation=writes,
        language=language,
    )
    given = [part.paragraph for segment in segments for part in rules.push(segment)]
    given += [part.paragraph for part in rules.finish()]
    assert tuple(given) == rules.paragraphs
    return rules.paragraphs


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [("en", BREAD, SHIPS), ("en", SHIPS, BREAD), ("vi", RAU, TAU), ("vi", TAU, RAU)],
)
@pytest.mark.parametrize("writes", [True, False])
def test_a_paragraph_ends_where_the_topic_changes(
    language: str, first: tuple[str, ...], second: tuple[str, ...], writes: bool
) -> None:
    made = paragraphs(spoken(first + second), language, writes=writes)
    assert made[0].last == len(first) - 1


def test_the_setting_switches_it_off() -> None:
    lines = spoken(BREAD + SHIPS)
    cut = paragraphs(lines, "en", paragraph_topics=False, paragraph_max_words=40)[0].last
    assert cut != len(BREAD) - 1


def test_a_pause_ends_a_paragraph_whatever_is_spoken_of() -> None:
    segments = spoken(BREAD[:3]) + spoken(BREAD[3:] + SHIPS, start=15.0)
    first, second, *_ = paragraphs(segments, "en")
    assert first.last == 2
    assert second.last == len(BREAD) - 1


def test_short_stretches_are_left_whole() -> None:
    assert len(paragraphs(spoken(BREAD[:3] + SHIPS[:3]), "en")) == 1


lines = st.lists(st.sampled_from([*BREAD, *SHIPS, *RAU, "", "a", " ".join(BREAD * 3)]), max_size=40)


@given(lines, st.booleans(), st.sampled_from(["en", "vi", "zh", None]))
def test_paragraphs_hold_every_segment_once_and_none_is_too_long(
    said: list[str], writes: bool, language: str
) -> None:
    segments = spoken(tuple(said), mark="")
    made = paragraphs(segments, language, writes=writes)
    numbers = [at for part in made for at in range(part.first, part.last + 1)]
    assert numbers == list(range(len(segments)))
    for part in made:
        without_last = segments[part.first : part.last]
        assert sum(len(one.text.split()) for one in without_last) < 90
    assert paragraphs(segments, language, writes=writes) == made
