"""Levels and losses, as functions of the samples and the clock."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omoai_engine.recording.levels import LevelMeter, LossCounter


def test_levels_are_those_of_the_samples():
    meter = LevelMeter()
    assert meter.take() == (0.0, 0.0)
    meter.push(bytes(200))
    assert meter.only_zeros
    square = np.array([16384, -16384] * 500, np.int16)
    meter.push(square.tobytes())
    peak, loudness = meter.take()
    assert peak == pytest.approx(0.5, abs=0.001)
    assert loudness == pytest.approx(0.5 * (1000 / 1100) ** 0.5, abs=0.001)
    assert not meter.only_zeros
    meter.push(np.array([32767, -32768, -32768, 5], np.int16).tobytes())
    assert meter.clipped == 3
    assert meter.take()[0] == 1.0


def fed(counter, blocks):
    for now, frames in blocks:
        counter.push(now, frames)
    return counter.lost


def steady(seconds, start=0.0, rate=16_000, speed=1.0):
    return [(start + i / 10 / speed, rate // 10) for i in range(int(seconds * 10) + 1)]


@given(st.floats(0.9995, 1.0005), st.integers(0, 50))
def test_a_steady_device_loses_nothing_whatever_its_clock(speed, jitter):
    blocks = [
        (now + (i * 7 % 11) * jitter / 1000, n)
        for i, (now, n) in enumerate(steady(300, speed=speed))
    ]
    assert fed(LossCounter(16_000), blocks) == 0


def test_sound_that_comes_late_and_all_at_once_is_not_lost():
    late = steady(20)
    burst = [(18.0, 1600 * 30)]
    blocks = late[:150] + burst + [(now, n) for now, n in late[180:]] + steady(20, start=20.1)
    assert fed(LossCounter(16_000), blocks) == 0


@pytest.mark.parametrize("seconds", [0.3, 1.0, 7.0])
def test_a_gap_is_counted(seconds):
    counter = LossCounter(16_000)
    blocks = steady(20) + steady(20, start=20.1 + seconds)
    assert fed(counter, blocks) == pytest.approx(seconds * 16_000, rel=0.05)
    counter.restart()
    assert fed(counter, steady(20, start=100)) == pytest.approx(seconds * 16_000, rel=0.05)
