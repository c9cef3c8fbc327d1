package schedule

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/unicode/norm"
)

// Bounds of a guide. A month of a channel is about 1,500 programmes.
const (
	MaxGuideBytes      = 10 << 20
	maxGuideProgrammes = 3000 // of the one channel; one transaction writes them
	maxGuideElements   = 400_000
	maxGuideDepth      = 12
	maxGuideText       = 4000 // characters of one text
)

var (
	errGuideEntity = errors.New("the guide declares entities")
	errGuideBig    = errors.New("the guide is too deep or too long")
)

// rawProgramme is a programme as the file has it.
type rawProgramme struct {
	channel, start, stop         string
	title, sub, desc, categories string
	broken                       bool // its XML cannot be read
}

// rawGuide is a file as it is.
type rawGuide struct {
	names map[string]string // channel id -> display name
	order []string          // channel ids as they come
	list  []rawProgramme
}

// readGuide reads an XMLTV file token by token: nothing is expanded, and no
// entity may be declared. Of a file with wrong XML the programmes are read one
// by one, so that a wrong one refuses no other.
func readGuide(data []byte) (rawGuide, error) {
	data = decoded(data)
	g, err := readGuideTokens(data)
	if _, wrong := errors.AsType[*xml.SyntaxError](err); !wrong && !errors.Is(err, io.ErrUnexpectedEOF) {
		return g, err
	}
	if mended, ok := mendGuide(data); ok {
		return mended, nil
	}
	return g, err
}

func readGuideTokens(data []byte) (rawGuide, error) {
	g := rawGuide{names: map[string]string{}}
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = charset
	var path []string
	var p *rawProgramme
	var channel string
	var text strings.Builder
	began := false
	for n := 0; ; n++ {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if !began {
				return g, io.ErrUnexpectedEOF
			}
			return g, nil
		}
		if err != nil {
			return g, err
		}
		if n > maxGuideElements*3 || len(path) > maxGuideDepth {
			return g, errGuideBig
		}
		switch t := token.(type) {
		case xml.Directive:
			if bytes.Contains(bytes.ToUpper(t), []byte("<!ENTITY")) ||
				bytes.Contains(bytes.ToUpper(t), []byte("ENTITY ")) {
				return g, errGuideEntity
			}
		case xml.StartElement:
			if len(path) == 0 && t.Name.Local != "tv" {
				return g, fmt.Errorf("the file is no guide: <%s>", t.Name.Local)
			}
			began, path = true, append(path, t.Name.Local)
			text.Reset()
			switch {
			case len(path) == 2 && t.Name.Local == "channel":
				channel = attribute(t, "id")
				if _, known := g.names[channel]; !known {
					g.names[channel] = ""
					g.order = append(g.order, channel)
				}
			case len(path) == 2 && t.Name.Local == "programme":
				p = &rawProgramme{channel: attribute(t, "channel"), start: attribute(t, "start"),
					stop: attribute(t, "stop")}
				if _, known := g.names[p.channel]; !known {
					g.names[p.channel] = ""
					g.order = append(g.order, p.channel)
				}
			}
		case xml.CharData:
			if left := maxGuideText*utf8.UTFMax - text.Len(); len(path) == 3 && left > 0 {
				text.Write(t[:min(len(t), left)])
			}
		case xml.EndElement:
			words := clean(text.String())
			switch {
			case len(path) == 3 && path[1] == "channel" && t.Name.Local == "display-name" && g.names[channel] == "":
				g.names[channel] = words
			case len(path) == 3 && p != nil:
				p.take(t.Name.Local, words)
			case len(path) == 2 && p != nil:
				g.list = append(g.list, *p)
				p = nil
			}
			text.Reset()
			path = path[:len(path)-1]
		}
	}
}

// take keeps the first of each text: guides repeat them in other languages.
func (p *rawProgramme) take(name, words string) {
	to := map[string]*string{"title": &p.title, "sub-title": &p.sub, "desc": &p.desc}[name]
	switch {
	case to != nil && *to == "":
		*to = words
	case name == "category" && words != "":
		p.categories = strings.TrimPrefix(p.categories+", "+words, ", ")
	}
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// clean makes one line of a text, without control and direction characters.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || r == '\u00a0':
			return ' '
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 &&
			r <= 0x2069 || r == 0xfeff:
			return -1
		}
		return r
	}, norm.NFC.String(s))
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > maxGuideText {
		s = string(r[:maxGuideText])
	}
	return s
}

// guideEncoding is what the first line of a file says of its encoding.
var guideEncoding = regexp.MustCompile(`(?i)(encoding\s*=\s*["'])[a-z0-9_-]+(["'])`)

// decoded turns UTF-16 into UTF-8, whatever the file says of itself.
func decoded(data []byte) []byte {
	switch {
	case bytes.HasPrefix(data, []byte("<\x00")):
		data = append([]byte("\xff\xfe"), data...)
	case bytes.HasPrefix(data, []byte("\x00<")):
		data = append([]byte("\xfe\xff"), data...)
	}
	for mark, order := range map[string]unicode.Endianness{"\xff\xfe": unicode.LittleEndian,
		"\xfe\xff": unicode.BigEndian} {
		if bytes.HasPrefix(data, []byte(mark)) {
			if out, err := unicode.UTF16(order, unicode.ExpectBOM).NewDecoder().Bytes(data); err == nil {
				head := min(len(out), 200)
				return append(guideEncoding.ReplaceAll(out[:head:head], []byte("${1}UTF-8${2}")), out[head:]...)
			}
		}
	}
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
}

// charset reads the encodings that guides here are written in; others are refused.
func charset(label string, in io.Reader) (io.Reader, error) {
	var e encoding.Encoding
	switch strings.ToLower(label) {
	case "us-ascii", "utf8", "utf-16":
		return in, nil // ASCII is UTF-8; UTF-16 is decoded already
	case "iso-8859-1", "latin1", "windows-1252":
		e = charmap.Windows1252
	case "windows-1258":
		e = charmap.Windows1258
	default:
		return nil, fmt.Errorf("encoding %q is not known", label)
	}
	return e.NewDecoder().Reader(in), nil
}

var xmltvMoment = regexp.MustCompile(`^(\d{8})(\d{4})?(\d{2})?\s*(?:([+-]\d{2}):?(\d{2})|Z|UTC|GMT)?$`)

// parseXMLTV reads a guide's moment, such as 20200413080000 +0700; hours from
// 24 to 29 are the next day's. Without a
// zone it is local's; zoned says whether it had one.
func parseXMLTV(s string, local *time.Location) (t time.Time, zoned, ok bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	m := xmltvMoment.FindStringSubmatch(s)
	if m == nil {
		return t, false, false
	}
	zone := local
	switch {
	case m[4] != "":
		hours, _ := strconv.Atoi(m[4])
		minutes, _ := strconv.Atoi(m[5])
		if hours < -14 || hours > 14 || minutes > 59 {
			return t, false, false
		}
		if strings.HasPrefix(m[4], "-") {
			minutes = -minutes
		}
		zone, zoned = time.FixedZone("", hours*3600+minutes*60), true
	case s[len(s)-1] < '0' || s[len(s)-1] > '9':
		zone, zoned = time.UTC, true
	}
	day, err := time.ParseInLocation("20060102", m[1], zone)
	clock := m[2] + m[3] + "000000"
	hour, _ := strconv.Atoi(clock[:2])
	minute, _ := strconv.Atoi(clock[2:4])
	second, _ := strconv.Atoi(clock[4:6])
	if err != nil || hour > lastHour || minute > 59 || second > 59 {
		return t, zoned, false
	}
	y, month, d := day.Date()
	return time.Date(y, month, d, hour, minute, second, 0, zone).UTC(), zoned, true
}

var gradeWord = regexp.MustCompile(`(?:^|[^a-z0-9])(?:lop|grade|khoi) ?(1[0-2]|[1-9])(?:[^0-9]|$)`)

// gradeIn finds "lớp 9" in folded words; 0 when there is none.
func gradeIn(folded string) int {
	m := gradeWord.FindStringSubmatch(folded)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

var teaching = regexp.MustCompile(
	`\b(giao duc|day hoc|bai giang|on thi|on tap|hoc tren truyen hinh|day va hoc|truong hoc|education|educational|lesson)\b`)
