"""One HTML page that needs nothing else: summary, transcript, a search box, the audio if wanted.

In: a `PipelineResult` and, in the options, the recording to put into the page. Out: UTF-8 HTML
that loads nothing from anywhere (its own policy forbids it). All text is escaped; the search
finds with and without Vietnamese marks. A click on a time plays from there.
"""

from __future__ import annotations

import base64
import html
import mimetypes
from pathlib import Path

from omoai_engine.errors import DiskSilentError, ExportError
from omoai_engine.export.blocks import blocks
from omoai_engine.export.options import ExportOptions
from omoai_engine.export.times import clock, milliseconds
from omoai_engine.far_files import read_file
from omoai_engine.results import PipelineResult
from omoai_engine.text import one_line, shown_path

_USUAL = ExportOptions()
# Browsers take no larger data addresses reliably.
_MOST_AUDIO_BYTES = 256 * 1024 * 1024
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; media-src data:"
)
_STYLE = """\
:root { color-scheme: light dark; }
body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; \
padding: 0 1rem; }
header { position: sticky; top: 0; background: Canvas; padding: .5rem 0; }
input { font: inherit; width: 100%; padding: .4rem; box-sizing: border-box; }
audio { width: 100%; margin-top: .5rem; }
time { color: GrayText; font-variant-numeric: tabular-nums; margin-right: .6rem; cursor: pointer; }
[hidden] { display: none; }
"""
_SCRIPT = """\
const plain = (text) => text.normalize("NFD").replace(/[\\u0300-\\u036f]/g, "")
  .replace(/[đĐ]/g, "d").toLowerCase();
const parts = [...document.querySelectorAll("main p")].map((p) => [p, plain(p.textContent)]);
const box = document.querySelector("input");
const count = document.querySelector("output");
box.addEventListener("input", () => {
  const words = plain(box.value).split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const [p, text] of parts) {
    p.hidden = !words.every((word) => text.includes(word));
    if (!p.hidden) shown += 1;
  }
  count.textContent = words.length ? `${shown} / ${parts.length}` : "";
});
const audio = document.querySelector("audio");
if (audio) for (const mark of document.querySelectorAll("time")) {
  mark.addEventListener("click", () => { audio.currentTime = mark.dataset.at; audio.play(); });
}
"""


def to_html(result: PipelineResult, options: ExportOptions = _USUAL) -> str:
    """Return the page. Raises `ExportError` where the audio cannot be put into it."""
    title = html.escape(one_line(result.summary.title) or "Transcript")
    lines = [
        "<!doctype html>",
        f'<html lang="{_language(result)}">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>",
        f"<style>\n{_STYLE}</style>",
        "</head>",
        "<body>",
        f"<h1>{title}</h1>",
    ]
    if abstract := one_line(result.summary.abstract):
        lines.append(f"<p>{html.escape(abstract)}</p>")
    if result.summary.bullets:
        items = "".join(f"<li>{html.escape(one_line(b))}</li>" for b in result.summary.bullets)
        lines.append(f"<ul>{items}</ul>")
    player = _player(options.audio) if options.audio else ""
    lines.append(
        '<header><input type="search" placeholder="Search" aria-label="Search"><output></output>'
        f"{player}</header>"
    )
    lines.append("<main>")
    for block in blocks(result):
        speaker = f"<b>{html.escape(block.speaker)}:</b> " if block.speaker else ""
        at = milliseconds(block.start) / 1000
        lines.append(
            f'<p><time data-at="{at:.3f}">{clock(block.start)}</time>'
            f"{speaker}{html.escape(block.text)}</p>"
        )
    lines += ["</main>", f"<script>\n{_SCRIPT}</script>", "</body>", "</html>"]
    return "\n".join(lines) + "\n"


def _language(result: PipelineResult) -> str:
    found = result.metadata.get("language")
    if isinstance(found, str) and found.isascii() and found.isalpha() and len(found) <= 3:
        return found
    return "und"


def _player(audio: Path) -> str:
    kind = mimetypes.guess_type(audio.name)[0] or "audio/mpeg"
    try:
        content = read_file(audio, _MOST_AUDIO_BYTES + 1)
        if len(content) > _MOST_AUDIO_BYTES:
            raise ExportError(
                "the audio is larger than 256 MiB, too much for one page",
                where=shown_path(audio),
                hint="Export the page without audio",
            )
        data = base64.b64encode(content).decode("ascii")
    except DiskSilentError as error:
        raise ExportError(error.what, where=error.where, hint=error.hint) from None
    except OSError as error:
        raise ExportError(
            f"the audio cannot be read: {error.strerror}",
            where=shown_path(audio),
            hint="Export the page without audio",
        ) from None
    return (
        f'<audio controls preload="metadata" src="data:{html.escape(kind)};base64,{data}"></audio>'
    )
