"""What the recorder asks of the engine, each in a thread: devices, unfinished recordings, files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omoai_engine.errors import OmoAIError
from omoai_engine.text import shown_path
from omoai_tui import texts_recorder
from omoai_tui.messages import Trouble
from omoai_tui.pipeline_worker import sentence_for
from omoai_tui.recording_messages import DevicesFound, RecordingMended, UnfinishedFound
from omoai_tui.tasks import Post, Task

if TYPE_CHECKING:
    from omoai_engine.recording.claims import Claims
    from omoai_engine.recording.files import Recording


def devices_task(overrides: dict[str, Any], post: Post) -> Task:
    """Return the task that posts `DevicesFound`."""

    def find() -> None:
        from omoai_engine.config import load_config
        from omoai_engine.recording.devices import list_devices

        configured = None
        try:
            configured = load_config(**overrides).recording.device
            found = tuple(device for device in list_devices() if device.inputs)
        except OmoAIError as error:
            post(DevicesFound((), configured, sentence_for(error)))
        else:
            post(DevicesFound(found, configured, ""))

    return find


def unfinished_task(overrides: dict[str, Any], post: Post, *, asked: bool) -> Task:
    """Return the task that posts `UnfinishedFound`.

    A recording without any sound (killed before the first) is mended and asked about no more.
    """

    def find() -> None:
        from omoai_engine.config import load_config
        from omoai_engine.recording.files import (
            find_unfinished,
            recordings_folder,
            recover,
            settle,
        )

        found = []
        for recording in find_unfinished(recordings_folder(load_config(**overrides))):
            if recording.seconds:
                found.append(recording)
            else:
                settle(recover(recording.path), "empty")
        post(UnfinishedFound(tuple(found), asked))

    return find


def mend_task(recordings: Sequence[Recording], claims: Claims, post: Post) -> Task:
    """Return the task that makes recordings whole and ours, and posts `RecordingMended`."""

    def mend() -> None:
        from omoai_engine.recording.files import recover

        paths = []
        for recording in recordings:
            try:
                path = recover(recording.path)
                if claims.take(path):
                    paths.append(str(path))
                else:
                    name = shown_path(path.name)
                    post(Trouble(texts_recorder.TAKEN_ELSEWHERE.format(name=name)))
            except OmoAIError as error:
                post(Trouble(sentence_for(error)))
        if paths:
            post(RecordingMended(tuple(paths)))

    return mend


def remove_task(recording: Recording) -> Task:
    """Return the task that deletes a recording for good."""

    def delete() -> None:
        from omoai_engine.recording.files import remove

        remove(recording.path)

    return delete


def settle_task(path: str, overrides: dict[str, Any], claims: Claims) -> Task:
    """Return the task that notes that a file was transcribed, if it is a recording of ours."""

    def note() -> None:
        from omoai_engine.config import load_config
        from omoai_engine.recording.files import list_recordings, recordings_folder, settle

        file = Path(path).absolute()
        folder = recordings_folder(load_config(**overrides))
        if file.parent == folder and any(one.path == file for one in list_recordings(folder)):
            settle(file)
            claims.let_go(file)

    return note
