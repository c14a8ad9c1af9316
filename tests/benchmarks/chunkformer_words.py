"""How good ChunkFormer's words, confidences, hotwords and live settings are, measured.

    python tests/benchmarks/chunkformer_words.py [--model FOLDER] [--sentences 120]

Speaks random sentences of a small vocabulary with espeak-ng voices, adds noise, and transcribes
them with the model in tests/data. Prints: word error rates, what a confidence means (how often
words of that confidence are right), what hotwords change, and words against delay for live
settings. A real model and real recordings give other figures; the method stays.
"""

import argparse
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

VOICES = {"vi": ["vi", "vi+m3", "vi+f2", "vi+f4"], "en": ["en-us", "en-us+m2", "en-us+f3", "en-gb"]}
WORDS = {
    "vi": "không một hai ba bốn năm sáu bảy tám chín mười trăm bật tắt đèn mở đóng cửa lên xuống "
    "trái phải dừng chạy tiếp lùi xóa gửi lưu tìm nhạc quạt xanh đỏ trắng vàng",
    "en": "one two three four five six seven eight nine ten yes no stop go open close start left "
    "right up down on off play pause save send light music hello thanks computer",
}
NOISES = (0.0, 0.02, 0.04, 0.06)
LOUD_NOISES = (0.06, 0.1, 0.15, 0.2)  # where the model errs often enough to compare


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=ROOT / "tests" / "data" / "tiny-chunkformer")
    parser.add_argument("--sentences", type=int, default=120)
    args = parser.parse_args()
    import torch

    from omoai_engine.asr.chunkformer.config import Context
    from omoai_engine.asr.chunkformer.loading import load_model
    from omoai_engine.asr.chunkformer.transcription import Options

    torch.set_num_threads(1)
    model, spoken = load_model(args.model, "cpu", "float32"), list(speech(args.sentences))
    file = Context()
    plain = [transcribe(model, sound, file, Options()) for _, sound, _ in spoken]
    rates(spoken, plain)
    confidence(spoken, plain)
    noisy = list(speech(args.sentences, LOUD_NOISES))
    heard = [transcribe(model, sound, file, Options()) for _, sound, _ in noisy]
    print("\nin loud noise:", end=" ")
    confidence(noisy, heard)
    hotwords(model, noisy, heard, file)
    live(model, spoken)
    for precision in ("bfloat16", "int8"):
        other = load_model(args.model, "cpu", precision)
        found = [transcribe(other, sound, file, Options()) for _, sound, _ in spoken]
        same = sum(text(a) == text(b) for a, b in zip(plain, found, strict=True))
        wrong = error_rate(spoken, found)
        print(f"{precision}: {wrong:.2%} of words wrong, {same}/{len(found)} sentences as float32")


def speech(count, noises=NOISES):
    random = np.random.default_rng(11)
    for index in range(count):
        language = ("vi", "en")[index % 2]
        words = random.choice(WORDS[language].split(), int(random.integers(3, 8))).tolist()
        voice = str(random.choice(VOICES[language]))
        sound = say(" ".join(words), voice, int(random.integers(120, 190)))
        noise = noises[index // 2 % len(noises)]  # of the loudest sample
        hiss = random.standard_normal(len(sound)) * noise * np.abs(sound).max()
        yield words, (sound + hiss).astype(np.float32), noise


def say(text, voice, speed):
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", text]
    made = subprocess.run(command, capture_output=True, check=True).stdout
    rate = int.from_bytes(made[24:28], "little")
    pcm = np.frombuffer(made[44 : len(made) // 2 * 2], "<i2").astype(np.float32) / 32768
    times = np.arange(int(len(pcm) * 16_000 / rate)) * rate / 16_000
    return np.pad(np.interp(times, np.arange(len(pcm)), pcm), (8000, 16_000)).astype(np.float32)


def transcribe(model, sound, context, options):
    import torch

    from omoai_engine.asr.chunkformer.transcription import FileTranscription

    work = FileTranscription(model, context, options)
    work.push(torch.from_numpy(sound))
    work.end()
    words = []
    while not work.over:
        words += [word for segment in work.step()[0] for word in segment.words]
    return words


def text(words):
    return [word.text for word in words]


def align(wanted, found):
    """Pairs (wanted index or None, found index or None) of a cheapest alignment."""
    cost = np.zeros((len(wanted) + 1, len(found) + 1), int)
    cost[:, 0], cost[0] = np.arange(len(wanted) + 1), np.arange(len(found) + 1)
    for i, a in enumerate(wanted, 1):
        for j, b in enumerate(found, 1):
            cost[i, j] = min(cost[i - 1, j - 1] + (a != b), cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    i, j, pairs = len(wanted), len(found), []
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + (wanted[i - 1] != found[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def error_rate(spoken, found, noise=None):
    wrong = total = 0
    for (wanted, _, level), words in zip(spoken, found, strict=True):
        if noise is None or level == noise:
            got = text(words)
            pairs = align(wanted, got)
            wrong += sum(i is None or j is None or wanted[i] != got[j] for i, j in pairs)
            total += len(wanted)
    return wrong / max(1, total)


def rates(spoken, found):
    shown = ", ".join(f"noise {n:g}: {error_rate(spoken, found, n):.1%}" for n in NOISES)
    print(f"words wrong, float32, file mode: {error_rate(spoken, found):.2%} ({shown})")


def judged(spoken, found):
    """(confidence, right, right among the other readings, heard as another, too many)."""
    for (wanted, _, _), words in zip(spoken, found, strict=True):
        for i, j in align(wanted, text(words)):
            if j is not None:
                right = i is not None and wanted[i] == words[j].text
                others = [other for other, _ in words[j].alternatives]
                among = i is not None and wanted[i] in others
                yield words[j].confidence, right, among, i is not None and not right, i is None


EDGES = (0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.001)


def gap(rows, power=1.0):
    """Mean distance between what is said and what is right, over classes of confidence."""
    said, total = rows[:, 0] ** power, 0.0
    for low, high in pairwise(EDGES):
        inside = (said >= low) & (said < high)
        if inside.any():
            total += inside.sum() * abs(said[inside].mean() - rows[inside, 1].mean())
    return total / len(rows)


def surprise(rows, power):
    said = np.clip(rows[:, 0] ** power, 1e-6, 1 - 1e-6)
    return -(rows[:, 1] * np.log(said) + (1 - rows[:, 1]) * np.log(1 - said)).sum()


def confidence(spoken, found):
    rows = np.array(list(judged(spoken, found)), float)
    said, right = rows[:, 0].mean(), rows[:, 1].mean()
    print(f"\nconfidence of {len(rows)} words: mean {said:.3f}, right {right:.3f}")
    for low, high in pairwise(EDGES):
        inside = rows[(rows[:, 0] >= low) & (rows[:, 0] < high)]
        if len(inside):
            said, right = inside[:, 0].mean(), inside[:, 1].mean()
            span = f"{low:.2f} to {high:.2f}"
            print(f"  {span}: {len(inside):4} words, said {said:.2f}, right {right:.2f}")
    half = len(rows) // 2
    power = min(np.arange(0.4, 4, 0.05), key=lambda p: surprise(rows[:half], p))
    after = gap(rows[half:], power)
    print(
        f"  mean gap {gap(rows):.3f}; second half {gap(rows[half:]):.3f}, and {after:.3f}", end=""
    )
    print(f" raised to the power {power:.2f} that fits the first half best")
    taken = rows[rows[:, 3] == 1]
    print(
        f"  {len(taken)} words heard as another one, {int(taken[:, 2].sum())} of them with the",
        end="",
    )
    print(f" right one among their other readings; {int((rows[:, 4] == 1).sum())} words too many")


def missed(spoken, found):
    """How often each word was said and not heard."""
    counts = Counter()
    for (wanted, _, _), words in zip(spoken, found, strict=True):
        for i, j in align(wanted, text(words)):
            if i is not None and (j is None or words[j].text != wanted[i]):
                counts[wanted[i]] += 1
    return counts


def hotwords(model, spoken, plain, context):
    from omoai_engine.asr.chunkformer.transcription import Options

    names = tuple(word for word, _ in missed(spoken, plain).most_common(6))
    options, before = Options(hotwords=names), time.process_time()
    biased = [transcribe(model, sound, context, options) for _, sound, _ in spoken]
    between = time.process_time()
    for _, sound, _ in spoken:
        transcribe(model, sound, context, Options())
    without = time.process_time() - between
    print(f"\nhotwords {', '.join(names)}: time x {(between - before) / without:.2f}")
    for name, found in (("without", plain), ("with", biased)):
        hit = said = false = 0
        for (wanted, _, _), words in zip(spoken, found, strict=True):
            for i, j in align(wanted, text(words)):
                heard = words[j].text if j is not None else None
                if i is not None and wanted[i] in names:
                    said, hit = said + 1, hit + (heard == wanted[i])
                elif heard in names:
                    false += 1
        wrong = error_rate(spoken, found)
        print(f"  {name:8} found {hit} of {said}, false {false}, all words wrong {wrong:.2%}")


def live(model, spoken):
    import torch

    from omoai_engine.asr.chunkformer.config import Context
    from omoai_engine.asr.chunkformer.live import LiveTranscription
    from omoai_engine.asr.chunkformer.transcription import Options

    print("\nlive: chunk-left-right, most delay of a frame, words wrong")
    for context in [
        Context(c, 128, r)
        for c, r in ((8, 0), (16, 0), (32, 0), (64, 0), (8, 8), (16, 8), (16, 16), (32, 16))
    ]:
        found = []
        for _, sound, _ in spoken:
            work = LiveTranscription(model, context, replace(Options(), alternatives=0))
            updates = [work.push(torch.from_numpy(sound)), work.finish()]
            found.append([w for u in updates for s in u.segments for w in s.words])
        delay = (context.chunk + context.right) * 0.08 + 0.085
        sizes = f"{context.chunk}-{context.left}-{context.right}"
        print(f"  {sizes}: {delay:.2f} s, {error_rate(spoken, found):.2%}")


if __name__ == "__main__":
    main()
