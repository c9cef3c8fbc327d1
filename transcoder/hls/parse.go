package hls

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Playlist is a media playlist as read.
type Playlist struct {
	Target   int // seconds
	Type     string
	Map      string // URI of the init section
	Start    bool   // EXT-X-START is there
	Ended    bool   // EXT-X-ENDLIST is there
	Segments []Segment
}

var errPlaylist = errors.New("malformed playlist")

// ParseMedia reads a media playlist of the kind this package writes.
func ParseMedia(text string) (Playlist, error) {
	var p Playlist
	lines := bufio.NewScanner(strings.NewReader(text))
	first, length := true, -1.0
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if first {
			if line != "#EXTM3U" {
				return p, fmt.Errorf("%w: no #EXTM3U", errPlaylist)
			}
			first = false
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		var err error
		switch {
		case line == "":
		case name == "#EXT-X-TARGETDURATION":
			p.Target, err = strconv.Atoi(value)
		case name == "#EXT-X-PLAYLIST-TYPE":
			p.Type = value
		case name == "#EXT-X-MAP":
			if p.Map != "" {
				return p, fmt.Errorf("%w: a second EXT-X-MAP", errPlaylist)
			}
			p.Map = attribute(value, "URI")
		case name == "#EXT-X-START":
			p.Start = true
		case line == "#EXT-X-ENDLIST":
			p.Ended = true
		case name == "#EXTINF":
			number, _, _ := strings.Cut(value, ",")
			length, err = strconv.ParseFloat(number, 64)
		case strings.HasPrefix(line, "#"):
		default:
			if length < 0 {
				return p, fmt.Errorf("%w: %q without EXTINF", errPlaylist, line)
			}
			p.Segments = append(p.Segments, Segment{URI: line, Duration: length})
			length = -1
		}
		if err != nil {
			return p, fmt.Errorf("%w: %q", errPlaylist, line)
		}
	}
	if first || p.Target <= 0 {
		return p, fmt.Errorf("%w: no EXT-X-TARGETDURATION", errPlaylist)
	}
	return p, lines.Err()
}

// attribute finds a quoted attribute.
func attribute(list, name string) string {
	_, after, ok := strings.Cut(list, name+`="`)
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(after, `"`)
	return value
}

// Check holds a finished playlist to what it must be: ended, of type VOD, with
// an init section, as many segments as expected, none over the target, their
// lengths adding up to duration within 50 ms.
func (p Playlist) Check(segments int, duration float64) error {
	switch {
	case !p.Ended:
		return fmt.Errorf("%w: no EXT-X-ENDLIST", errPlaylist)
	case p.Type != "VOD":
		return fmt.Errorf("%w: type %q", errPlaylist, p.Type)
	case p.Map == "":
		return fmt.Errorf("%w: no EXT-X-MAP", errPlaylist)
	case len(p.Segments) != segments:
		return fmt.Errorf("%w: %d segments, expected %d", errPlaylist, len(p.Segments), segments)
	}
	sum := 0.0
	for _, s := range p.Segments {
		sum += s.Duration
		if int(math.Round(s.Duration)) > p.Target {
			return fmt.Errorf("%w: %s lasts %.3f s, the target is %d", errPlaylist, s.URI, s.Duration, p.Target)
		}
	}
	if math.Abs(sum-duration) > 0.05 {
		return fmt.Errorf("%w: EXTINF adds up to %.3f s, expected %.3f", errPlaylist, sum, duration)
	}
	return nil
}
