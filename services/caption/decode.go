package caption

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// decode gives a file's text: UTF-8, UTF-16 with or without its mark, or what
// is neither as Windows-1258, which Vietnamese programs wrote before. Marks
// that stand apart from their letters are joined to them.
func decode(data []byte) string {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		data, order = data[2:], binary.LittleEndian
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		data, order = data[2:], binary.BigEndian
	default:
		order = unmarked(data)
	}
	if order != nil {
		units := make([]uint16, 0, len(data)/2)
		for i := 0; i+1 < len(data); i += 2 {
			units = append(units, order.Uint16(data[i:]))
		}
		return norm.NFC.String(string(utf16.Decode(units)))
	}
	if !utf8.Valid(data) {
		if text, err := charmap.Windows1258.NewDecoder().Bytes(data); err == nil {
			data = text
		}
	}
	return norm.NFC.String(string(bytes.ToValidUTF8(data, []byte("\uFFFD"))))
}

// unmarked recognises UTF-16 without its mark: captions begin with ASCII, of
// which every other byte is then 0.
func unmarked(data []byte) binary.ByteOrder {
	head := data[:min(len(data), 16)/2*2]
	if len(head) < 8 {
		return nil
	}
	even, odd := 0, 0
	for i, b := range head {
		if b == 0 && i%2 == 0 {
			even++
		} else if b == 0 {
			odd++
		}
	}
	switch n := len(head) / 2; {
	case odd == n && even == 0:
		return binary.LittleEndian
	case even == n && odd == 0:
		return binary.BigEndian
	}
	return nil
}
