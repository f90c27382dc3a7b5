from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import av
import pytest

from demo.origin import CATALOGUE, MEDIA, RECORDED, Entry, origin_app
from tests.threaded import serving

SECONDS = 40
FRAMES = SECONDS * 24
BLOCK = 16
MPD = {"mpd": "urn:mpeg:dash:schema:mpd:2011"}
HLS = [entry for entry in RECORDED if entry.kind == "hls"]
PLAYLISTS = sorted(MEDIA.rglob("*.m3u8"))
every_entry = pytest.mark.parametrize("entry", RECORDED, ids=lambda entry: entry.id)


@pytest.fixture(scope="module")
def media_url() -> Iterator[str]:
    """The demo's origin on a port of its own."""
    with serving(origin_app(MEDIA)) as (url,):
        yield url


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which(name)
    assert program, f"make test installs {name}"
    return subprocess.run([program, "-v", "error", *arguments], capture_output=True, text=True, check=False)


def hls_references(playlist: str) -> list[str]:
    lines = [line for line in playlist.splitlines() if line and not line.startswith("#")]
    return lines + re.findall(r'URI="([^"]+)"', playlist)


def dash_references(manifest: str) -> list[str]:
    """The initialization segment and every segment of each representation, its template filled in."""
    found = []
    for representation in ElementTree.fromstring(manifest).findall(".//mpd:Representation", MPD):
        name = representation.attrib["id"]
        for template in representation.findall("mpd:SegmentTemplate", MPD):
            segments = template.findall("mpd:SegmentTimeline/mpd:S", MPD)
            count = sum(1 + int(segment.get("r", "0")) for segment in segments)
            media = template.attrib["media"].replace("$RepresentationID$", name).replace("$Number%03d$", "{:03d}")
            found.append(template.attrib["initialization"].replace("$RepresentationID$", name))
            found += [media.format(number) for number in range(1, count + 1)]
    return found


def bit_rates(playlist: Path) -> tuple[int, int]:
    """The peak and the mean of a playlist's segments, in bits per second."""
    text = playlist.read_text()
    seconds = [float(found) for found in re.findall(r"#EXTINF:([\d.]+),", text)]
    bits = [8 * (playlist.parent / line).stat().st_size for line in text.splitlines() if line and line[0] != "#"]
    return int(max(map(float.__truediv__, map(float, bits), seconds))), int(sum(bits) / sum(seconds))


def test_the_media_are_under_three_megabytes() -> None:
    assert sum(file.stat().st_size for file in MEDIA.rglob("*")) < 3_000_000


def test_the_catalogue_has_each_kind_of_media_once_and_live_beside_it() -> None:
    assert [entry.id for entry in RECORDED] == ["hls-ts", "hls-fmp4", "dash", "mp4"]
    assert [entry.id for entry in CATALOGUE if entry not in RECORDED] == ["live", "low-latency", "live-dash"]
    assert all((MEDIA / entry.path.lstrip("/")).is_file() for entry in RECORDED)


def test_every_file_is_referred_to_and_every_reference_is_relative_to_a_file() -> None:
    manifest = MEDIA / "dash" / "manifest.mpd"
    referred = {manifest.parent / reference for reference in dash_references(manifest.read_text())}
    for playlist in PLAYLISTS:
        referred |= {playlist.parent / reference for reference in hls_references(playlist.read_text())}
    opened = {MEDIA / entry.path.lstrip("/") for entry in RECORDED}
    assert referred | opened == {file for file in MEDIA.rglob("*") if file.is_file()}


@pytest.mark.parametrize("entry", HLS, ids=lambda entry: entry.id)
def test_a_master_playlist_tells_its_renditions_true_bit_rates(entry: Entry) -> None:
    master = MEDIA / entry.path.lstrip("/")
    told = re.findall(r":BANDWIDTH=(\d+),AVERAGE-BANDWIDTH=(\d+),.*\n(.+)", master.read_text())
    assert told
    for peak, mean, playlist in told:
        assert (int(peak), int(mean)) == bit_rates(master.parent / playlist)


def test_the_encrypted_segments_are_whole_blocks_and_no_longer_mp4() -> None:
    segments = sorted((MEDIA / "hls-fmp4").glob("segment-*.m4s"))
    assert len(segments) == SECONDS / 4
    for segment in segments:
        assert segment.stat().st_size % BLOCK == 0
        assert segment.read_bytes()[4:8] not in {b"styp", b"moof", b"sidx"}
    assert len({segment.read_bytes()[:BLOCK] for segment in segments}) == len(segments), "an IV was used twice"


def test_the_mp4_has_its_index_in_front() -> None:
    start = (MEDIA / "movie.mp4").read_bytes()
    assert 0 < start.index(b"moov") < start.index(b"mdat")


@every_entry
def test_every_rendition_decodes_without_an_error(entry: Entry, media_url: str) -> None:
    decoded = run("ffmpeg", "-i", media_url + entry.path, "-map", "0:v", "-map", "0:a", "-f", "null", "-")
    assert (decoded.returncode, decoded.stderr) == (0, "")


@every_entry
def test_each_is_forty_seconds_long(entry: Entry, media_url: str) -> None:
    probed = run("ffprobe", "-show_entries", "format=duration", "-of", "csv=p=0", media_url + entry.path)
    assert float(probed.stdout) == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize("entry", HLS, ids=lambda entry: entry.id)
def test_a_current_ffmpeg_decodes_every_frame_of_hls(entry: Entry, media_url: str) -> None:
    with av.open(media_url + entry.path) as container:
        renditions = len(container.streams.video)
    for index in range(renditions):
        with av.open(media_url + entry.path) as container:
            assert sum(1 for _ in container.decode(video=index)) == FRAMES
