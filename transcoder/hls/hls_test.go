package hls

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func segments() []Segment {
	return []Segment{
		{URI: "1/0", Piece: 1, Index: 0, Duration: 6}, {URI: "0/i", Piece: 0, Index: -1, SHA256: "a"},
		{URI: "0/1", Piece: 0, Index: 1, Duration: 2},
		{URI: "0/0", Piece: 0, Index: 0, Duration: 2.002}, {URI: "1/i", Piece: 1, Index: -1, SHA256: "a"},
		{URI: "3/0", Piece: 3, Index: 0, Duration: 6}, {URI: "3/i", Piece: 3, Index: -1, SHA256: "a"},
	}
}

func TestGrowing(t *testing.T) {
	got, err := Media(segments(), 6, true)
	if err != nil {
		t.Fatal(err)
	}
	want := `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:6
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-START:TIME-OFFSET=0
#EXT-X-MAP:URI="0/i"
#EXTINF:2.002000,
0/0
#EXTINF:2.000000,
0/1
#EXTINF:6.000000,
1/0
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// What grows only ever gains lines: players keep their place.
	all := append(segments(), Segment{URI: "2/i", Piece: 2, Index: -1, SHA256: "a"},
		Segment{URI: "2/0", Piece: 2, Index: 0, Duration: 6})
	more, err := Media(all, 6, true)
	if err != nil || !strings.HasPrefix(more, got) || !strings.Contains(more, "3/0") {
		t.Errorf("%v:\n%s", err, more)
	}
	if later, err := Media(segments()[:1], 6, true); err != nil || strings.Contains(later, "EXTINF") {
		t.Errorf("a piece without those before it: %v\n%s", err, later)
	}
}

func TestFinished(t *testing.T) {
	text, err := Media(segments()[:5], 6, false)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParseMedia(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Check(3, 10.002); err != nil {
		t.Errorf("%v:\n%s", err, text)
	}
	if p.Check(4, 10.002) == nil || p.Check(3, 11) == nil {
		t.Error("a missing segment or wrong length is not found")
	}
	growing, _ := Media(segments(), 6, true)
	if p, err := ParseMedia(growing); err != nil || p.Check(3, 10.002) == nil {
		t.Errorf("an unfinished playlist passes: %v", err)
	}
}

func TestRefuses(t *testing.T) {
	s := segments()
	s[4].SHA256 = "b"
	if _, err := Media(s, 6, true); err == nil {
		t.Error("two init sections are taken")
	}
	s = segments()
	s[0].Duration = 6.6
	if _, err := Media(s, 6, true); err == nil {
		t.Error("a segment over the target is taken")
	}
	s = segments()
	s[2].Index = 3
	if _, err := Media(s, 6, true); err == nil {
		t.Error("a hole in a piece is taken")
	}
	for _, text := range []string{"", "hello", "#EXTM3U\n", "#EXTM3U\n#EXT-X-TARGETDURATION:x\n",
		"#EXTM3U\n#EXT-X-TARGETDURATION:6\nseg\n",
		"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MAP:URI=\"a\"\n#EXT-X-MAP:URI=\"b\"\n"} {
		if _, err := ParseMedia(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestMaster(t *testing.T) {
	got := Master([]Variant{
		{URI: "360p.m3u8", Name: "360p", Bandwidth: 500000, Average: 300000, Codecs: "avc1.64001e,mp4a.40.2",
			Width: 640, Height: 360, FPS: 29.97003},
		{URI: "audio.m3u8", Name: "a\"b\nc", Bandwidth: 52800, Codecs: "mp4a.40.2"},
	})
	want := `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=500000,AVERAGE-BANDWIDTH=300000,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.970,NAME="360p"
360p.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=52800,CODECS="mp4a.40.2",NAME="a'b c"
audio.m3u8
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
