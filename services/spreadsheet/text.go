package spreadsheet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"iter"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// ErrNotText is a file in none of the encodings that Decode knows.
var ErrNotText = errors.New("not a text file in UTF-8, UTF-16 or Windows-1258")

// Decode gives composed UTF-8 of a file in UTF-8, in UTF-16 (what spreadsheets
// call "Unicode text", with its mark or plainly so), or in Windows-1258, which
// older Vietnamese systems write.
func Decode(data []byte) (string, error) {
	var order binary.ByteOrder
	skip := 2
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		order, skip = unmarked(data), 0
	}
	if order != nil {
		units := make([]uint16, 0, len(data)/2)
		for i := skip; i+1 < len(data); i += 2 {
			units = append(units, order.Uint16(data[i:]))
		}
		data = []byte(string(utf16.Decode(units)))
	}
	if !utf8.Valid(data) {
		if bytes.ContainsFunc(data, func(r rune) bool { return r < ' ' && r != '\t' && r != '\r' && r != '\n' }) {
			return "", ErrNotText
		}
		text, err := charmap.Windows1258.NewDecoder().Bytes(data)
		if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
			return "", ErrNotText
		}
		data = text
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return "", ErrNotText
	}
	return norm.NFC.String(string(data)), nil
}

// unmarked recognises UTF-16 without its mark: every second byte of the first
// line is zero, because headers are mostly Latin.
func unmarked(data []byte) binary.ByteOrder {
	head := data[:min(len(data), 200)&^1]
	var zero [2]int
	for i, c := range head {
		if c == 0 {
			zero[i%2]++
		}
	}
	switch half := len(head) / 2; {
	case zero[1] > half/2 && zero[0] == 0:
		return binary.LittleEndian
	case zero[0] > half/2 && zero[1] == 0:
		return binary.BigEndian
	}
	return nil
}

// Lines gives a text's lines without their ends, which may be \n, \r\n or \r.
func Lines(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for text != "" {
			at := strings.IndexAny(text, "\r\n")
			if at < 0 {
				yield(text)
				return
			}
			line := text[:at]
			if strings.HasPrefix(text[at:], "\r\n") {
				at++
			}
			if text = text[at+1:]; !yield(line) {
				return
			}
		}
	}
}
