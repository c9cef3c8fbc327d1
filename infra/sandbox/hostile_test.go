package sandbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"lenlop/test/longtest"
	"lenlop/transcoder"
)

// hostile are files that name other files or addresses. canary is a local
// file's path, address a listener's.
func hostile(canary, address string) map[string]string {
	return map[string]string{
		"hls.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://" + address +
			"/a.ts\n#EXT-X-ENDLIST\n",
		"hls-file.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://" + canary + "\n#EXT-X-ENDLIST\n",
		"hls-concat.mp4": "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nconcat:http://" + address + "/x|file://" +
			canary + "\n#EXT-X-ENDLIST\n",
		"hls-bom.mov": "\ufeff#EXTM3U\n#EXTINF:1,\n" + canary + "\n#EXT-X-ENDLIST\n",
		"hls-key.mp4": "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"http://" + address + "/key\"\n#EXTINF:1,\n" +
			canary + "\n#EXT-X-ENDLIST\n",
		"dash.mp4": "<?xml version=\"1.0\"?>\n<!-- a --><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\">" +
			"<Period><AdaptationSet mimeType=\"video/mp4\">" +
			"<Representation id=\"1\" bandwidth=\"1\"><BaseURL>http://" + address +
			"/v.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>",
		"concat.mp4":      "ffconcat version 1.0\nfile '" + canary + "'\n",
		"concat-bare.mkv": "file '" + canary + "'\n",
		"sdp.mp4":         "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 5004 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
		"smil.mp4":        "<smil><body><video src=\"http://" + address + "/a.mp4\"/></body></smil>",
		"asx.wmv":         "<ASX version=\"3.0\"><Entry><Ref href=\"http://" + address + "/a.wmv\"/></Entry></ASX>",
		"late.mp4":        "junk\n#EXTM3U\n#EXTINF:1,\nhttp://" + address + "/a.ts\n",
		"webm_dash.webm":  "<?xml version=\"1.0\"?><MPD><BaseURL>http://" + address + "</BaseURL></MPD>",
	}
}

// TestHostilePlaylists: none is taken for a recording, under either sandbox;
// the listener sees no request.
func TestHostilePlaylists(t *testing.T) {
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer server.Close()
	dir := t.TempDir()
	canary := filepath.Join(dir, "canary.mp4")
	make1(t, canary, "-f", "lavfi", "-i", "testsrc=s=64x64:d=1", "-metadata", "title=CANARY")
	for name, s := range both(t) {
		tr := &transcoder.Transcoder{Sandbox: s, Threads: 1}
		for file, text := range hostile(canary, server.Listener.Addr().String()) {
			path := filepath.Join(dir, file)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := tr.Inspect(t.Context(), path)
			var refusal *transcoder.Refusal
			if !errors.As(err, &refusal) {
				t.Errorf("%s: %s was not refused: %v", name, file, err)
				continue
			}
			if want := "recording.playlist"; refusal.Code != want && file != "late.mp4" {
				t.Errorf("%s: %s: %s, expected %s", name, file, refusal.Code, want)
			}
		}
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("the listener saw %d requests", n)
	}
}

// TestHostileReferences: a real container that refers to another file (a
// QuickTime data reference) does not bring that file into the output.
func TestHostileReferences(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	dir := t.TempDir()
	canary := filepath.Join(dir, "canary.mp4")
	// A picture that is wholly red, so that it would be known again.
	make1(t, canary, "-f", "lavfi", "-i", "color=red:s=64x64:d=2:r=10", "-c:v", "mjpeg", "-f", "mov")
	data, err := os.ReadFile(canary)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "refers.mov")
	if err := os.WriteFile(path, referring(t, data, canary), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, s := range both(t) {
		tr := &transcoder.Transcoder{Sandbox: s, Threads: 1}
		f, err := tr.Inspect(t.Context(), path)
		if err == nil {
			t.Errorf("%s: %+v was taken though its data lies in another file", name, f)
			continue
		}
		if _, ok := errors.AsType[*transcoder.Refusal](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// referring makes a QuickTime file without data of its own: its moov is data's,
// its data reference an alias that names target.
func referring(t *testing.T, data []byte, target string) []byte {
	t.Helper()
	at := bytes.Index(data, []byte("moov")) - 4
	moov := bytes.Clone(data[at : at+int(binary.BigEndian.Uint32(data[at:]))])
	old := bytes.Index(moov, []byte("dref")) - 4
	size := int(binary.BigEndian.Uint32(moov[old:]))
	alias := make([]byte, 150)
	alias[5] = 2
	path := []byte(target)
	alias = binary.BigEndian.AppendUint16(alias, 2)
	alias = binary.BigEndian.AppendUint16(alias, uint16(len(path)))
	alias = append(alias, path...)
	if len(path)%2 == 1 {
		alias = append(alias, 0)
	}
	alias = binary.BigEndian.AppendUint16(alias, 0xffff)
	alias = binary.BigEndian.AppendUint16(alias, 0)
	entry := append(binary.BigEndian.AppendUint32(nil, uint32(12+len(alias))), "alis\x00\x00\x00\x00"...)
	entry = append(entry, alias...)
	dref := append(binary.BigEndian.AppendUint32(nil, uint32(16+len(entry))), "dref\x00\x00\x00\x00\x00\x00\x00\x01"...)
	dref = append(dref, entry...)
	grown := len(dref) - size
	out := append(append(bytes.Clone(moov[:old]), dref...), moov[old+size:]...)
	// Every box around the data reference grows with it.
	for _, name := range []string{"moov", "trak", "mdia", "minf", "dinf"} {
		i := bytes.Index(out, []byte(name)) - 4
		binary.BigEndian.PutUint32(out[i:], binary.BigEndian.Uint32(out[i:])+uint32(grown))
	}
	ftyp := data[:binary.BigEndian.Uint32(data)]
	return append(bytes.Clone(ftyp), out...)
}

func make1(t *testing.T, file string, args ...string) {
	t.Helper()
	args = append(append([]string{"-v", "error", "-y"}, args...), "file:"+file)
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %q: %v %s", args, err, out)
	}
}

// TestNames: a recording's name means nothing, whatever it looks like.
func TestNames(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain.mp4")
	make1(t, plain, "-f", "lavfi", "-i", "testsrc=s=64x64:d=1:r=10", "-f", "lavfi", "-i", "sine=d=1")
	data, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range both(t) {
		tr := &transcoder.Transcoder{Sandbox: s, Threads: 1}
		all := []string{"-i", "-version.mp4", "%d.mp4", "a%03d.mkv", "new\nline.mp4", "concat:a|b",
			"http:::x", "a'b\"c;$(id).mp4", "bài giảng số 9.mp4", "*?[x].mp4", "pipe:0"}
		if name != "bubblewrap" && !longtest.Enabled {
			all = all[:3] // ffmpeg is given names in the same way
		}
		for i, hard := range all {
			sub := filepath.Join(dir, fmt.Sprintf("%s-%d", name, i))
			if err := os.Mkdir(sub, 0o755); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(sub, hard)
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := tr.Inspect(t.Context(), path)
			if err != nil || f.Width != 64 || !f.HasAudio {
				t.Errorf("%s: %q: %v %+v", name, hard, err, f)
				continue
			}
			if i > 3 || !longtest.Enabled && i > 0 {
				continue // the whole way for the hardest
			}
			p, err := tr.Plan(t.Context(), path, f)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tr.Encode(t.Context(), path, p, p.Tasks()[0], sub, nil); err != nil {
				t.Errorf("%s: %q: %v", name, hard, err)
			}
		}
	}
}

// TestBombs: pixels, streams and declared lengths.
func TestBombs(t *testing.T) {
	dir := t.TempDir()
	streams := filepath.Join(dir, "streams.mkv")
	args := []string{"-f", "lavfi", "-i", "sine=d=0.2"}
	for range 65 { // one more than are taken
		args = append(args, "-map", "0")
	}
	make1(t, streams, append(args, "-c:a", "pcm_s16le")...)
	pixels := filepath.Join(dir, "pixels.mp4")
	make1(t, pixels, "-f", "lavfi", "-i", "color=s=64x64:d=0.2:r=10", "-c:v", "mpeg4")
	data, err := os.ReadFile(pixels)
	if err != nil {
		t.Fatal(err)
	}
	// The sample entry says 30000 x 30000.
	at := bytes.Index(data, []byte("mp4v")) + 4 + 24
	binary.BigEndian.PutUint16(data[at:], 30000)
	binary.BigEndian.PutUint16(data[at+2:], 30000)
	if err := os.WriteFile(pixels, data, 0o600); err != nil {
		t.Fatal(err)
	}
	lying := filepath.Join(dir, "lying.mp4")
	make1(t, lying, "-f", "lavfi", "-i", "testsrc=s=64x64:d=2:r=10", "-c:v", "libx264")
	if data, err = os.ReadFile(lying); err != nil {
		t.Fatal(err)
	}
	for _, box := range []string{"mvhd", "tkhd", "mdhd"} {
		i := bytes.Index(data, []byte(box))
		offset := i + 4 + 16
		if box == "tkhd" {
			offset += 4
		}
		binary.BigEndian.PutUint32(data[offset:], 180_000_000)
	}
	if err := os.WriteFile(lying, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, s := range both(t) {
		tr := &transcoder.Transcoder{Sandbox: s, Threads: 1}
		if _, err := tr.Inspect(t.Context(), streams); !refused(err, "recording.too_many_streams") {
			t.Errorf("%s: streams: %v", name, err)
		}
		if _, err := tr.Inspect(t.Context(), pixels); err != nil && !refused(err, "recording.too_large_picture") &&
			!refused(err, "recording.damaged") {
			t.Errorf("%s: pixels: %v", name, err)
		}
		f, err := tr.Inspect(t.Context(), lying)
		if err != nil || f.Duration > 3 {
			t.Errorf("%s: a lying duration: %v, %.1f s", name, err, f.Duration)
		}
	}
}

func refused(err error, code string) bool {
	var r *transcoder.Refusal
	return errors.As(err, &r) && r.Code == code && strings.HasPrefix(code, "recording.")
}
