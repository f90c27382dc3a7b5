#!/usr/bin/env bash
# Makes the demo's media in demo/media with FFmpeg (5.1 or later, with libx264), fontconfig, a font such as DejaVu Sans,
# and openssl. They are committed, so that the demo runs on machines without FFmpeg; run this to make them anew. The same
# versions of these tools make the same bytes.
#
#   hls-ts/    HLS, MPEG-TS segments, two renditions
#   hls-fmp4/  HLS, fMP4 segments, AES-128, one rendition
#   dash/      DASH, SegmentTemplate, two video renditions and audio
#   movie.mp4  MP4 with its index in front
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
media=$work/media
seconds=40
segment=4
rate=24
codecs=avc1.4d401e,mp4a.40.2 # what encode asks for: Main profile, level 3.0; AAC-LC
font=$(fc-match -f '%{file}' 'DejaVu Sans')
bold=$(fc-match -f '%{file}' 'DejaVu Sans:bold')
[ -n "$font" ] && [ -n "$bold" ] || { echo "no font here; install one such as fonts-dejavu-core" >&2; exit 1; }

# A calm picture: a slow band of light, the rendition's name, a clock that shows where one is, a bar that fills.
picture() { # width height label
  local unit=$(($2 / 18))
  local text="drawtext=fontcolor=white:x=(w-tw)/2"
  echo "gradients=s=$1x$2:r=$rate:d=$seconds:n=4:c0=0x0b1f33:c1=0x12526b:c2=0x2aa198:c3=0x1b2a49:speed=0.004:seed=7\
:x0=0:y0=0:x1=$1:y1=$2,\
$text:fontfile=$bold:text='Sluicegate':fontsize=$((unit * 3)):y=h*0.26,\
$text:fontfile=$font:text='demo · $3':alpha=0.8:fontsize=$((unit * 3 / 2)):y=h*0.26+$((unit * 7 / 2)),\
$text:fontfile=$font:text='%{eif\\:t\\:d\\:2}.%{eif\\:mod(t*10\\,10)\\:d} s':fontsize=$((unit * 2)):y=h*0.68,\
drawbox=y=ih-$((unit / 3)):h=$((unit / 3)):color=white@0.15:t=fill[under];\
color=0x7fd6cd:s=$1x$((unit / 3)):r=$rate:d=$seconds[bar];[under][bar]overlay=x=W*(t/$seconds-1):y=H-h[picture]"
}

# Soft chords in D, each swelling and fading over 8 s, on a low D that stays.
chord() { # three frequencies in Hz, and the label
  echo -n "aevalsrc=0.05*sin(PI*t/8)^2*(sin(2*PI*$1*t)+sin(2*PI*$2*t)+0.7*sin(2*PI*$3*t)):d=8:s=32000[$4];"
}
sound() {
  chord 220.00 277.18 369.99 a
  chord 220.00 293.66 493.88 b
  chord 196.00 246.94 369.99 c
  chord 220.00 277.18 329.63 d
  chord 220.00 293.66 369.99 e
  echo -n "[a][b][c][d][e]concat=n=5:v=0:a=1[chords];"
  echo -n "aevalsrc=0.04*sin(2*PI*146.83*t)*(0.8+0.2*sin(2*PI*t/10)):d=$seconds:s=32000[low];"
  # It ends before the picture does, so that AAC's padding makes no eleventh segment.
  echo "[chords][low]amix=normalize=0,afade=d=2,afade=t=out:st=$((seconds - 3)):d=2.8,atrim=0:$((seconds - 1)).8[sound]"
}

exact=(-map_metadata -1 -fflags +bitexact)

# A key frame opens each segment, and only that, so that the renditions can be switched at any of them.
encode() { # width height label crf file
  ffmpeg -y -v error -filter_complex "$(picture "$1" "$2" "$3");$(sound)" -map '[picture]' -map '[sound]' \
    -c:v libx264 -profile:v main -level 3.0 -preset veryslow -crf "$4" -maxrate 400k -bufsize 800k -pix_fmt yuv420p \
    -threads 1 -g $((rate * segment)) -keyint_min $((rate * segment)) -sc_threshold 0 -bf 2 \
    -c:a aac -b:a 32k -flags +bitexact "${exact[@]}" -movflags +faststart "$5"
}

hls() { # source playlist segments, and more options
  ffmpeg -y -v error -i "$1" -c copy "${exact[@]}" -f hls -hls_time "$segment" -hls_playlist_type vod \
    -hls_segment_filename "$3" "${@:4}" "$2"
}

# BANDWIDTH is the peak and AVERAGE-BANDWIDTH the mean of the segments' bit rates (RFC 8216bis, section 4.4.6.2).
variant() { # resolution playlist's reference, and the segments
  local peak=0 total=0 file size
  for file in "${@:3}"; do
    size=$(stat -c %s "$file")
    total=$((total + size))
    peak=$((size > peak ? size : peak))
  done
  echo "#EXT-X-STREAM-INF:BANDWIDTH=$((peak * 8 / segment)),AVERAGE-BANDWIDTH=$((total * 8 / seconds)),\
CODECS=\"$codecs\",RESOLUTION=$1,FRAME-RATE=$rate.000"
  echo "$2"
}
master() { # version
  printf '#EXTM3U\n#EXT-X-VERSION:%s\n#EXT-X-INDEPENDENT-SEGMENTS\n' "$1"
}

mkdir -p "$media/hls-ts/360p" "$media/hls-ts/180p" "$media/hls-fmp4" "$media/dash"
encode 640 360 360p 24 "$work/360.mp4"
encode 320 180 180p 28 "$work/180.mp4"
cp "$work/360.mp4" "$media/movie.mp4"

for size in 360 180; do
  hls "$work/$size.mp4" "$media/hls-ts/${size}p/index.m3u8" "$media/hls-ts/${size}p/segment-%02d.ts"
done
{
  master 3
  variant 640x360 360p/index.m3u8 "$media"/hls-ts/360p/*.ts
  variant 320x180 180p/index.m3u8 "$media"/hls-ts/180p/*.ts
} > "$media/hls-ts/master.m3u8"

# FFmpeg's muxer writes fMP4 in the clear; openssl encrypts each segment whole. The key stands behind the map in the
# playlist, so that the map stays in the clear, and no IV is written, so that a segment's is its Media Sequence Number
# (RFC 8216bis, sections 4.4.4.4 and 4.4.4.5).
encrypted=$media/hls-fmp4
hls "$work/360.mp4" "$work/clear.m3u8" "$work/segment-%02d.m4s" -hls_segment_type fmp4 -hls_fmp4_init_filename init.mp4
cp "$work/init.mp4" "$encrypted/init.mp4"
printf 'Sluicegate demo!' > "$encrypted/demo.key"
key=$(od -An -v -tx1 "$encrypted/demo.key" | tr -d ' \n')
sequence=0
for file in "$work"/segment-*.m4s; do
  openssl enc -aes-128-cbc -K "$key" -iv "$(printf %032x "$sequence")" -in "$file" -out "$encrypted/${file##*/}"
  sequence=$((sequence + 1))
done
sed 's|^#EXT-X-MAP:.*|&\n#EXT-X-KEY:METHOD=AES-128,URI="demo.key"|' "$work/clear.m3u8" > "$encrypted/index.m3u8"
{
  master 7
  variant 640x360 index.m3u8 "$encrypted"/*.m4s
} > "$encrypted/master.m3u8"

ffmpeg -y -v error -i "$work/360.mp4" -i "$work/180.mp4" -map 0:v -map 1:v -map 0:a -c copy "${exact[@]}" -f dash \
  -seg_duration "$segment" -use_timeline 1 -use_template 1 -adaptation_sets 'id=0,streams=v id=1,streams=a' \
  -init_seg_name 'init-$RepresentationID$.m4s' -media_seg_name '$RepresentationID$-$Number%03d$.m4s' \
  "$media/dash/manifest.mpd"
# Each rendition has its own initialization segment, which FFmpeg's claim of bitstream switching denies.
sed -i 's/ bitstreamSwitching="true"//' "$media/dash/manifest.mpd"

rm -rf "$here/media"
cp -R "$media" "$here/media"
du -sb "$here/media"
