package probe

import (
	"bytes"
	"os"
	"strings"
)

// sniff looks at the beginning of a file for what is certainly no recording.
// It gives a refusal code or "", and whether the beginning is that of a real
// container: such a file that cannot be read is damaged, not of a wrong kind.
func sniff(path string) (code string, container bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", false, err
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 4096)
	n, _ := f.Read(head)
	if n == 0 {
		return Empty, false, nil // nothing could be read
	}
	head = head[:n]
	if isPlaylist(head) {
		return Playlist, false, nil
	}
	if isImage(head) {
		return Image, false, nil
	}
	return "", isContainer(head), nil
}

// isPlaylist knows HLS, DASH, concat, SDP, PLS, ASX and SMIL: files that name
// other files or addresses.
func isPlaylist(head []byte) bool {
	text := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(string(head), "\ufeff")))
	for _, begin := range []string{"#extm3u", "ffconcat", "v=0\r\n", "v=0\n", "[playlist]", "<asx", "<smil",
		"[reference]", "rtsptext"} {
		if strings.HasPrefix(text, begin) {
			return true
		}
	}
	// A concat list needs no header when its format is forced; a DASH
	// manifest may begin with comments.
	if strings.HasPrefix(text, "<") && (strings.Contains(text, "<mpd") || strings.Contains(text, "<smil") ||
		strings.Contains(text, "<smoothstreamingmedia")) {
		return true
	}
	return strings.HasPrefix(text, "file ") || strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
}

func isImage(head []byte) bool {
	for _, magic := range []string{"\xff\xd8\xff", "\x89PNG\r\n", "GIF87a", "GIF89a", "BM", "II*\x00", "MM\x00*",
		"8BPS", "\x00\x00\x01\x00", "qoif", "\xff\x0a", "%!PS"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	if len(head) >= 12 {
		if string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP" {
			return true
		}
		if string(head[4:8]) == "ftyp" {
			switch string(head[8:12]) {
			case "heic", "heix", "heim", "heis", "mif1", "avif", "avis", "hevc", "jxl ":
				return true
			}
		}
		if string(head[4:12]) == "JXL \r\n\x87\n" || string(head[4:8]) == "jP  " {
			return true
		}
	}
	text := strings.TrimSpace(string(head))
	return strings.HasPrefix(text, "<svg") || strings.HasPrefix(text, "<?xml") && strings.Contains(text, "<svg")
}

func isContainer(head []byte) bool {
	for _, magic := range []string{"\x1aE\xdf\xa3", "RIFF", "OggS", "FLV\x01", "0&\xb2u\x8ef\xcf\x11", "fLaC", "ID3",
		"\x00\x00\x01\xba", "#!AMR", ".RMF", "FORM", "caff", "\x06\x0e\x2b\x34"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	if len(head) >= 8 {
		switch string(head[4:8]) {
		case "ftyp", "moov", "mdat", "free", "skip", "wide", "pnot":
			return true
		}
	}
	return len(head) > 188 && head[0] == 0x47 && head[188] == 0x47
}
