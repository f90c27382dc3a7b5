"""The stream's DASH manifest (ISO/IEC 23009-1): dynamic, with numbered segments, and a clock to go by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from demo.live.stream import BEGINNING, SEGMENT, WINDOW, Rendition

UPDATE = 10
"""Seconds after which a player asks for the manifest anew. Numbered segments need it only to learn of an end."""

BEHIND = 2 * SEGMENT
"""Seconds behind the end that players are asked to stay."""

_SIZES = {"360p": (640, 360), "180p": (320, 180)}


def manifest(now: float, renditions: Mapping[str, Rendition], clock: str) -> str:
    """The manifest as it reads at a moment. ``clock`` is the whole URL of the time of day: dash.js would look for a
    relative one at the page that it plays on."""
    video = "".join(
        f'<Representation id="{name}" codecs="avc1.4d401e" bandwidth="{renditions[name].bits_per_second()[0]}"'
        f' width="{width}" height="{height}" frameRate="24" sar="1:1"/>'
        for name, (width, height) in _SIZES.items()
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic"
  availabilityStartTime="{at(BEGINNING)}" publishTime="{at(now // UPDATE * UPDATE)}" minimumUpdatePeriod="PT{UPDATE}S"
  minBufferTime="PT{SEGMENT}S" timeShiftBufferDepth="PT{WINDOW * SEGMENT}S" suggestedPresentationDelay="PT{BEHIND}S"
  maxSegmentDuration="PT{SEGMENT}S">
  <Period id="0" start="PT0S">
    <AdaptationSet id="0" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
      {_template()}
      {video}
    </AdaptationSet>
    <AdaptationSet id="1" contentType="audio" mimeType="audio/mp4" segmentAlignment="true" startWithSAP="1" lang="zxx">
      {_template()}
      <Representation id="audio" codecs="mp4a.40.2" bandwidth="{renditions["audio"].bits_per_second()[0]}"
        audioSamplingRate="{renditions["audio"].track.timescale}">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="1"/>
      </Representation>
    </AdaptationSet>
  </Period>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="{clock}"/>
</MPD>
"""


def at(moment: float) -> str:
    """A moment as the manifest writes it."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def _template() -> str:
    return (
        f'<SegmentTemplate timescale="1" duration="{SEGMENT}" startNumber="0"'
        ' initialization="$RepresentationID$/init.mp4" media="$RepresentationID$/$Number$.m4s"/>'
    )
