// Package sheet reads the tables that stations send: CSV in the encodings and
// with the separators that spreadsheets write, and XLSX within bounds.
package sheet

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"lenlop/services/job"
)

// Bounds of a file. A 1.5 MB XLSX opens to 24 million rows without the first.
const (
	unzipLimit = 64 << 20 // bytes
	maxRows    = 50_000
	maxColumns = 200
)

// ErrTooLong is a table of more rows or columns than anybody reads.
var ErrTooLong = errors.New("sheet: too many rows or columns")

// Read gives the rows of a CSV file or of an XLSX file's first sheet. Cells of
// a spreadsheet come as they are stored: a date is a serial number.
func Read(ctx context.Context, _ string, data []byte) ([][]string, error) {
	job.Outside(ctx, "sheet")
	// The content counts, not the name: stations send .csv that is a workbook.
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return readWorkbook(data)
	}
	return readCSV(data)
}

func readWorkbook(data []byte) ([][]string, error) {
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		UnzipSizeLimit: unzipLimit, UnzipXMLSizeLimit: unzipLimit, RawCellValue: true,
	})
	if err != nil {
		return nil, fmt.Errorf("workbook: %w", err)
	}
	defer f.Close()
	names := f.GetSheetList()
	if len(names) == 0 {
		return nil, nil
	}
	rows, err := f.Rows(names[0])
	if err != nil {
		return nil, fmt.Errorf("workbook: %w", err)
	}
	defer rows.Close()
	var out [][]string
	for rows.Next() {
		cells, err := rows.Columns()
		if err != nil {
			return nil, fmt.Errorf("workbook: row %d: %w", len(out)+1, err)
		}
		if len(out) >= maxRows || len(cells) > maxColumns {
			return nil, ErrTooLong
		}
		out = append(out, cells)
	}
	if err := rows.Error(); err != nil {
		return nil, fmt.Errorf("workbook: %w", err)
	}
	return out, nil
}

func readCSV(data []byte) ([][]string, error) {
	text, err := decode(data)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = separator(text)
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	var out [][]string
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("csv: %w", err)
		}
		if len(out) >= maxRows || len(cells) > maxColumns {
			return nil, ErrTooLong
		}
		line, _ := r.FieldPos(0)
		for len(out) < line-1 && len(out) < maxRows { // empty lines keep their numbers
			out = append(out, nil)
		}
		out = append(out, cells)
	}
}

// decode gives composed UTF-8 of a file in UTF-8, in UTF-16 (what spreadsheets
// call "Unicode text", with its mark or plainly so), or in Windows-1258, which
// older Vietnamese systems write.
func decode(data []byte) ([]byte, error) {
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
			return nil, errNotText
		}
		text, err := charmap.Windows1258.NewDecoder().Bytes(data)
		if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
			return nil, errNotText
		}
		data = norm.NFC.Bytes(text) // its tones are marks of their own
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, errNotText
	}
	return data, nil
}

var errNotText = errors.New("csv: not a text file in UTF-8, UTF-16 or Windows-1258")

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

// separator is the one that the first lines have most of: Vietnamese
// spreadsheets write semicolons.
func separator(text []byte) rune {
	head := text[:min(len(text), 4096)]
	best, most := ',', 0
	for _, c := range []rune{',', ';', '\t'} {
		if n := bytes.Count(head, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}
