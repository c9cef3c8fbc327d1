// Package hls writes, reads, joins and checks HLS playlists (RFC 8216) for
// fragmented MP4 segments.
package hls

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
)

// Segment is one file of one rung: an init section (Index -1) or a media
// segment.
type Segment struct {
	URI      string
	Piece    int
	Index    int     // within the piece; -1: init section
	Duration float64 // seconds
	Size     int64
	SHA256   string
}

// Media gives the text of one rung's playlist from its segments, in any order.
//
// Growing playlists are of type EVENT, name only the pieces that stand without
// a gap from the first, and ask players to begin at 0 (they would begin at
// the live edge). Finished ones are VOD. target, in seconds, is fixed for the
// life of a playlist, as the standard demands. Pieces whose init sections
// differ are an error: one EXT-X-MAP serves them all.
func Media(segs []Segment, target int, growing bool) (string, error) {
	inits, media, err := order(segs)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	kind := "VOD"
	if growing {
		kind = "EVENT"
	}
	fmt.Fprintf(&b,
		"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:%s\n#EXT-X-INDEPENDENT-SEGMENTS\n", target, kind)
	if growing {
		b.WriteString("#EXT-X-START:TIME-OFFSET=0\n")
	}
	if len(inits) > 0 {
		fmt.Fprintf(&b, "#EXT-X-MAP:URI=%s\n", quote(inits[0].URI))
	}
	for _, s := range media {
		if int(math.Round(s.Duration)) > target {
			return "", fmt.Errorf("segment %s: %.3f s is over the target of %d s", s.URI, s.Duration, target)
		}
		fmt.Fprintf(&b, "#EXTINF:%.6f,\n%s\n", s.Duration, s.URI)
	}
	if !growing {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	return b.String(), nil
}

// order sorts the segments of one rung, keeps the pieces that follow one
// another from the first, and checks that one init section serves all.
func order(segs []Segment) (inits, media []Segment, err error) {
	s := append([]Segment(nil), segs...)
	sort.SliceStable(s, func(i, j int) bool {
		if s[i].Piece != s[j].Piece {
			return s[i].Piece < s[j].Piece
		}
		return s[i].Index < s[j].Index
	})
	piece, index := 0, -1
	for _, x := range s {
		if x.Piece > piece {
			if x.Piece != piece+1 || index < 0 {
				break
			}
			piece, index = x.Piece, -1
		}
		if x.Index < 0 {
			inits = append(inits, x)
			continue
		}
		if x.Index != max(index, -1)+1 {
			return nil, nil, fmt.Errorf("segment %s: index %d does not follow %d in piece %d", x.URI,
				x.Index, index, piece)
		}
		index = x.Index
		media = append(media, x)
	}
	for _, x := range inits {
		if x.SHA256 != inits[0].SHA256 {
			return nil, nil, fmt.Errorf("init section of piece %d differs from that of piece %d", x.Piece,
				inits[0].Piece)
		}
	}
	return inits, media, nil
}

// Variant is one line of a master playlist.
type Variant struct {
	URI       string
	Name      string
	Bandwidth int     // bits a second of the most expensive segment
	Average   int     // bits a second over all; 0: not known yet
	Codecs    string  // RFC 6381
	Width     int     // 0: sound only
	Height    int     //
	FPS       float64 // 0: sound only
	Group     string  // of sounds that play with it; "": its own
}

// Sound is one sound of a group: the same lesson in a language.
type Sound struct {
	Group    string
	URI      string
	Name     string // for people, unique in the group
	Language string // BCP 47; "": not known
	Default  bool   // plays unless another is chosen
	Channels int
}

// Master gives the text of the playlist that names the rungs, in the order
// given: players begin with the first. Sounds that come apart are named before
// the rungs that they play with.
func Master(vs []Variant, sounds ...Sound) string {
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n")
	for _, s := range sounds {
		b.WriteString(s.line())
	}
	for _, v := range vs {
		attrs := []string{"BANDWIDTH=" + strconv.Itoa(v.Bandwidth)}
		if v.Average > 0 {
			attrs = append(attrs, "AVERAGE-BANDWIDTH="+strconv.Itoa(v.Average))
		}
		attrs = append(attrs, "CODECS="+quote(v.Codecs))
		if v.Width > 0 {
			attrs = append(attrs, fmt.Sprintf("RESOLUTION=%dx%d", v.Width, v.Height))
		}
		if v.FPS > 0 {
			attrs = append(attrs, fmt.Sprintf("FRAME-RATE=%.3f", v.FPS))
		}
		if v.Group != "" {
			attrs = append(attrs, "AUDIO="+quote(v.Group))
		}
		if v.Name != "" {
			attrs = append(attrs, "NAME="+quote(v.Name))
		}
		fmt.Fprintf(&b, "#EXT-X-STREAM-INF:%s\n%s\n", strings.Join(attrs, ","), v.URI)
	}
	return b.String()
}

// line is the sound's EXT-X-MEDIA tag.
func (s Sound) line() string {
	attrs := []string{"TYPE=AUDIO", "GROUP-ID=" + quote(s.Group), "NAME=" + quote(s.Name)}
	if s.Language != "" {
		attrs = append(attrs, "LANGUAGE="+quote(s.Language))
	}
	yes := map[bool]string{true: "YES", false: "NO"}
	attrs = append(attrs, "DEFAULT="+yes[s.Default], "AUTOSELECT=YES")
	if s.Channels > 0 {
		attrs = append(attrs, "CHANNELS="+quote(strconv.Itoa(s.Channels)))
	}
	return "#EXT-X-MEDIA:" + strings.Join(append(attrs, "URI="+quote(s.URI)), ",") + "\n"
}

// quote makes a quoted-string of RFC 8216: no quote, no line break inside.
func quote(s string) string {
	return `"` + strings.NewReplacer(`"`, "'", "\n", " ", "\r", " ").Replace(s) + `"`
}
