"""The closed vocabulary and the random sentences made of it.

In: a random generator. Out: token tables and sentences as word lists with the text to be spoken.
Sentences are drawn word by word without any grammar, so that the model can only listen: it never
learns which word is likely after which. Doubled words are frequent on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_VIETNAMESE = """
    không một hai ba bốn năm sáu bảy tám chín mười trăm nghìn triệu
    bật tắt đèn mở đóng cửa lên xuống trái phải dừng chạy tiếp lùi
    xóa gửi lưu tìm nhạc quạt xanh đỏ trắng vàng xin chào luôn ngày cảm ơn
"""

# A hyphen cuts a word into two pieces, so that tests see words of more than one token.
_ENGLISH = """
    ze-ro one two three four five six se-ven eight nine ten
    yes no stop go o-pen close start left right up down on off
    play pause save del-ete send light mu-sic hel-lo thanks comp-uter
    please turn very good
"""

PIECES = {w.replace("-", ""): w.split("-") for w in (_VIETNAMESE + _ENGLISH).split()}
WORDS = {
    "vi": _VIETNAMESE.replace("-", "").split(),
    "en": _ENGLISH.replace("-", "").split(),
}

TOKENS = [
    "<blank>",
    "<unk>",
    *(("▁" if k == 0 else "") + p for ps in PIECES.values() for k, p in enumerate(ps)),
    "<sos/eos>",
]
_ID = {token: i for i, token in enumerate(TOKENS)}
if len(_ID) != len(TOKENS):
    raise AssertionError("no piece may serve two words: a shared piece is learned badly")
WORD_TOKENS = {
    w: [_ID[("▁" if k == 0 else "") + p] for k, p in enumerate(ps)] for w, ps in PIECES.items()
}


@dataclass(frozen=True)
class Sentence:
    """Words as they must be recognised, and the text (with commas) as it is spoken."""

    words: tuple[str, ...]
    text: str


def draw_sentence(
    rng: np.random.Generator,
    language: str,
    lengths: tuple[int, int] = (1, 10),
    double: float = 0.12,
    comma: float = 0.12,
) -> Sentence:
    """Draw words until a length drawn from ``lengths`` (inclusive) is reached.

    ``double`` is the probability that a word is said twice, now and then three times;
    ``comma`` the probability of a pause after a word, also inside a repetition.
    """
    n = int(rng.integers(lengths[0], lengths[1] + 1))
    words: list[str] = []
    while len(words) < n:
        word = WORDS[language][int(rng.integers(len(WORDS[language])))]
        if words and (words[-1] == word or {words[-1], word} == {"no", "one"}):
            continue  # espeak-ng says "no one" as one word: nobody would know where they meet
        times = 1 if rng.random() >= double else 2 + int(rng.random() < 0.12)
        words += [word] * times
    marks = ["," if rng.random() < comma else "" for _ in words[1:]] + ["."]
    return Sentence(tuple(words), " ".join(w + m for w, m in zip(words, marks, strict=True)))


def words_in(tokens: list[str]) -> set[str]:
    """The words that a vocabulary of this kind holds, its special tokens left out."""
    return set("".join(t for t in tokens if "<" not in t).replace("▁", " ").split())
