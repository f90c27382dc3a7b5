#!/usr/bin/env bash
# Makes the demo's media in demo/media with FFmpeg (5.1 or later, with libx264) and openssl. They are committed, so that
# the demo runs on machines without FFmpeg; run this to make them anew. Needs the font DejaVu Sans.
#
#   hls-ts/    HLS, MPEG-TS segments of 4 s, two renditions
#   hls-fmp4/  HLS, fMP4 segments of 4 s, AES-128, one rendition
#   dash/      DASH, SegmentTemplate, two video renditions and audio
#   movie.mp4  MP4 with its index in front
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
media=$here/media
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
seconds=40
font=$(fc-match -f '%{file}' 'DejaVu Sans')
bold=$(fc-match -f '%{file}' 'DejaVu Sans:bold')

# A calm picture: slow colours, a clock that shows where one is, a bar that fills; and three soft notes under it.
picture() { # width height label
  local width=$1 height=$2 label=$3
  local unit=$((height / 18))
  echo "gradients=s=${width}x${height}:r=24:d=${seconds}:c0=0x0b1f33:c1=0x12526b:c2=0x2aa198:c3=0x1b2a49:n=4:speed=0.004:x0=0:y0=0:x1=${width}:y1=${height}:seed=7,\
drawtext=fontfile=${bold}:text='Sluicegate':fontcolor=white:fontsize=$((unit * 3)):x=(w-tw)/2:y=h*0.30,\
drawtext=fontfile=${font}:text='demo · ${label}':fontcolor=white@0.75:fontsize=$((unit * 5 / 4)):x=(w-tw)/2:y=h*0.30+$((unit * 7 / 2)),\
drawtext=fontfile=${font}:text='%{eif\\:t\\:d\\:2}.%{eif\\:mod(t*10\\,10)\\:d} s':fontcolor=white:fontsize=$((unit * 2)):x=(w-tw)/2:y=h*0.68,\
drawbox=x=0:y=ih-$((unit / 2)):w=iw:h=$((unit / 2)):color=white@0.15:t=fill"
}
sound="sine=f=220:d=${seconds}[a];sine=f=277.18:d=${seconds}[b];sine=f=329.63:d=${seconds}[c];\
[a][b][c]amix=inputs=3,tremolo=f=0.25:d=0.8,volume=0.35,atrim=0:39.8,afade=t=in:d=2,afade=t=out:st=$((seconds - 3)):d=3[sound]"
quiet=(-y -v error -fflags +bitexact)

encode() { # width height label crf file
  ffmpeg "${quiet[@]}" -f lavfi -i "$(picture "$1" "$2" "$3")" -filter_complex "$sound" -map 0:v -map '[sound]' \
    -c:v libx264 -profile:v main -level 3.0 -preset veryslow -crf "$4" -maxrate 400k -bufsize 800k -pix_fmt yuv420p -threads 1 \
    -g 96 -keyint_min 96 -sc_threshold 0 -bf 2 \
    -c:a aac -b:a 32k -ac 1 -ar 32000 -flags +bitexact -map_metadata -1 -movflags +faststart "$5"
}

rm -rf "$media"
mkdir -p "$media/hls-ts/360p" "$media/hls-ts/180p" "$media/hls-fmp4" "$media/dash"
encode 640 360 360p 25 "$work/360.mp4"
encode 320 180 180p 28 "$work/180.mp4"

for size in 360 180; do
  ffmpeg "${quiet[@]}" -i "$work/$size.mp4" -c copy -f hls -hls_time 4 -hls_playlist_type vod \
    -hls_segment_filename "$media/hls-ts/${size}p/segment-%02d.ts" "$media/hls-ts/${size}p/index.m3u8"
done
cat > "$media/hls-ts/master.m3u8" <<'M3U8'
#EXTM3U
#EXT-X-VERSION:3
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=120000,AVERAGE-BANDWIDTH=110000,RESOLUTION=640x360,FRAME-RATE=24.000,CODECS="avc1.4d401e,mp4a.40.2"
360p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=85000,AVERAGE-BANDWIDTH=75000,RESOLUTION=320x180,FRAME-RATE=24.000,CODECS="avc1.4d401e,mp4a.40.2"
180p/index.m3u8
M3U8

# fMP4 with AES-128: FFmpeg's muxer writes it in the clear, openssl encrypts each segment whole. The key stands after the
# map in the playlist, so that the map stays in the clear (draft-pantos-hls-rfc8216bis, section 4.4.4.5).
ffmpeg "${quiet[@]}" -i "$work/360.mp4" -c copy -f hls -hls_time 4 -hls_playlist_type vod -hls_segment_type fmp4 \
  -hls_fmp4_init_filename init.mp4 -hls_segment_filename "$work/segment-%02d.m4s" "$work/clear.m3u8"
iv=00000000000000000000000000000001
key=536c7569636567617465206465206d6f
printf '%s' "$key" | xxd -r -p > "$media/hls-fmp4/demo.key"
cp "$work/init.mp4" "$media/hls-fmp4/init.mp4"
for segment in "$work"/segment-*.m4s; do
  openssl enc -aes-128-cbc -K "$key" -iv "$iv" -in "$segment" -out "$media/hls-fmp4/$(basename "$segment")"
done
sed "s|^\(#EXT-X-MAP:.*\)$|\1\n#EXT-X-KEY:METHOD=AES-128,URI=\"demo.key\",IV=0x$iv|" "$work/clear.m3u8" \
  > "$media/hls-fmp4/index.m3u8"
cat > "$media/hls-fmp4/master.m3u8" <<'M3U8'
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=120000,AVERAGE-BANDWIDTH=110000,RESOLUTION=640x360,FRAME-RATE=24.000,CODECS="avc1.4d401e,mp4a.40.2"
index.m3u8
M3U8

ffmpeg "${quiet[@]}" -i "$work/360.mp4" -i "$work/180.mp4" -map 0:v -map 1:v -map 0:a -c copy -f dash -seg_duration 4 \
  -use_timeline 1 -use_template 1 -adaptation_sets 'id=0,streams=v id=1,streams=a' \
  -init_seg_name 'init-$RepresentationID$.m4s' -media_seg_name '$RepresentationID$-$Number%03d$.m4s' \
  "$media/dash/manifest.mpd"

cp "$work/360.mp4" "$media/movie.mp4"
du -sb "$media"
