"""The part of the app that tells the person about a disk that does not answer.

Looks once a second whether work of ours is held by one (`disk_watch`); says so after five
seconds and again each half minute, and when the disk is back. Touches no disk itself.
"""

from __future__ import annotations

import time

from omoai_tui import texts
from omoai_tui.asking import Asking
from omoai_tui.disk_watch import LOOK_EVERY_SECONDS, SILENT_AFTER_SECONDS, Silence, watch
from omoai_tui.late_writer import late

SAID_AGAIN_AFTER_SECONDS = 30.0
_LOSS_AFTER_SECONDS = 2.0
_HELD_SECONDS = 0.3


class DiskPart(Asking):
    """Watches over the disks that the app works with."""

    _silence_said_at: float | None = None

    def watch_disks(self) -> None:
        """Begin to look."""
        self.set_interval(LOOK_EVERY_SECONDS, self._look_at_disks)

    def _look_at_disks(self) -> None:
        # Looked at each second, also while nothing is told: silence is counted between looks.
        silence, now = watch.silence(SILENT_AFTER_SECONDS), time.monotonic()
        if silence is None:
            if self._silence_said_at is not None and watch.silence(LOOK_EVERY_SECONDS) is None:
                self._silence_said_at = None
                self.tell(texts.DISK_BACK)
            return
        said_at = self._silence_said_at
        if said_at is None or now - said_at >= SAID_AGAIN_AFTER_SECONDS:
            self._silence_said_at = now
            self.notify(
                silence_words(silence),
                severity="warning",
                markup=False,
                timeout=SAID_AGAIN_AFTER_SECONDS,
            )

    def disk_losses(self) -> list[str]:
        """Return what is not written yet because a disk is silent, if anything, as a sentence."""
        silence = watch.silence(_LOSS_AFTER_SECONDS)
        if silence is None or not silence.writing:
            return []
        what = ", ".join(silence.writing)
        return [texts.QUIT_DISK.format(seconds=int(silence.seconds), what=what)]


def silence_words(silence: Silence) -> str:
    """Say what waits for a silent disk."""
    what = ", ".join(silence.waiting)
    return texts.DISK_SILENT.format(seconds=int(silence.seconds), what=what)


def farewell() -> str:
    """Return the last sentence of an app that leaves while a disk holds what it writes, or ""."""
    silence = watch.silence(_HELD_SECONDS)
    what = dict.fromkeys((*(silence.writing if silence else ()), *late.left()))
    return texts.DISK_LEFT.format(what=", ".join(what)) if what else ""
