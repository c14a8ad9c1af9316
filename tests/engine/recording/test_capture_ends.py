"""Why no recording begins or goes on: one sentence that names the cause, and nothing lost."""

import os
import resource
import signal
import sys
from subprocess import PIPE, Popen

import pytest
from sound_tools import read_wav

from omoai_engine.errors import RecordingError
from omoai_engine.recording import Phase, Recorder
from omoai_engine.recording.last_words import LastWords, why_gone

pytestmark = pytest.mark.usefixtures("no_child_left")


def test_without_a_free_descriptor_the_limit_is_named(config):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(RecordingError, match=r"too many files are open.*ulimit -n"):
            Recorder(config).start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (signal.SIGKILL, "was killed, most likely because memory ran out"),
        (signal.SIGBUS, "crashed (SIGBUS)"),
        (signal.SIGSEGV, "crashed (SIGSEGV)"),
    ],
)
def test_a_capture_process_that_a_signal_ends_says_which_and_keeps_the_sound(
    sound, recorder, number, sentence
):
    recorder.start()
    heard = recorder.wait_for(lambda state: state.seconds > 0, 120)
    os.kill(recorder.pid, number)
    state = recorder.wait_for(lambda state: state.over, 120)
    assert state.phase is Phase.SAVED, state
    assert sentence in state.error
    assert "what was recorded is kept" in state.error
    assert len(read_wav(state.path)[1]) >= int(heard.seconds * 16_000) - 8  # told in milliseconds


@pytest.mark.parametrize(
    ("last", "sentence"),
    [
        ("OSError: [Errno 24] Too many open files", "ended: too many files are open"),
        ("RuntimeError: can't start new thread", "ended: the machine gives no further process"),
        ("Odd\x1b[31m: end", "ended unexpectedly (status 1): Odd"),
    ],
)
def test_of_a_flood_of_errors_the_last_line_tells_and_no_child_waits(last, sentence):
    flood = "import sys; sys.stderr.write('x\\n' * 500_000 + sys.argv[1]); sys.exit(1)"
    with Popen([sys.executable, "-c", flood, last], stderr=PIPE, bufsize=0) as child:
        words = LastWords(child.stderr.fileno())
        while words.take():
            pass
        code = child.wait(120)
    text, hint = why_gone(code, words.lines())
    assert sentence in text
    assert hint
    assert "\x1b" not in text
    assert len(text) < 400
