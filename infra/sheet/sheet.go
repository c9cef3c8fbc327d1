// Package sheet reads the tables that people send: CSV in the encodings and
// with the separators that spreadsheets write, and XLSX within bounds. What
// becomes of each kind of cell stands in docs/tables.md.
package sheet

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/spreadsheet"
)

// Bounds of a file. A 1.5 MB XLSX opens to 24 million rows without the first.
const (
	unzipLimit = 64 << 20 // bytes
	maxRows    = 50_000
	maxColumns = 200
)

// ErrTooLong is a table of more rows or columns than anybody reads.
var ErrTooLong = errors.New("sheet: too many rows or columns")

// Read gives the visible sheets of a CSV or XLSX file, whatever its name says:
// stations send .csv that is a workbook. Faults: "sheet.html",
// "sheet.old_excel", "sheet.open_document", "sheet.xml", "sheet.pdf" for files
// of other kinds that are known.
func Read(ctx context.Context, _ string, data []byte) ([]spreadsheet.Sheet, error) {
	job.Outside(ctx, "sheet")
	if code := otherKind(data); code != "" {
		return nil, fault.New(fault.Invalid, code)
	}
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return readWorkbook(data)
	}
	return readCSV(data)
}

// otherKind names a file that is sent for a table and is none that Read reads,
// or gives "".
func otherKind(data []byte) string {
	head := data[:min(len(data), 1024)]
	switch {
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return "sheet.old_excel" // or a workbook with a password
	case bytes.HasPrefix(head, []byte("%PDF-")):
		return "sheet.pdf"
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		if bytes.Contains(head[:min(len(head), 120)], []byte("application/vnd.oasis.opendocument")) {
			return "sheet.open_document"
		}
		return ""
	}
	text, err := spreadsheet.Decode(head)
	if err != nil {
		return ""
	}
	text = strings.ToLower(strings.TrimSpace(text))
	for start, code := range map[string]string{
		"<!doctype html": "sheet.html", "<html": "sheet.html", "<table": "sheet.html", "<head": "sheet.html",
		"<meta": "sheet.html", "<body": "sheet.html", "<style": "sheet.html", "<div": "sheet.html",
		"<!--":          "sheet.html",
		"mime-version:": "sheet.html", "<?xml": "sheet.xml", "<workbook": "sheet.xml",
	} {
		if !strings.HasPrefix(text, start) {
			continue
		}
		if code == "sheet.xml" && strings.Contains(text, "<html") {
			return "sheet.html"
		}
		return code
	}
	return ""
}
