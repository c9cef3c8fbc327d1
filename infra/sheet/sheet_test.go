package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

func TestCSV(t *testing.T) {
	want := [][]string{{"Ngày", "Số lượt"}, nil, {"13/04/2020", "1.600"}}
	utf16le := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune("Ngày\tSố lượt\n\n13/04/2020\t1.600\n")) {
		utf16le = append(utf16le, byte(u), byte(u>>8))
	}
	for name, data := range map[string][]byte{
		"commas":     []byte("Ngày,Số lượt\n\n13/04/2020,1.600\n"),
		"semicolons": []byte("\xef\xbb\xbfNgày;Số lượt\r\n\r\n13/04/2020;1.600\r\n"),
		"unicode":    utf16le,
	} {
		sheets, err := Read(t.Context(), "x.csv", data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(want, sheets[0].Texts()); err != nil || d != "" {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
	for name, data := range map[string][]byte{"a picture": {0x89, 'P', 'N', 'G', 0, 0xff}, "zeros": make([]byte, 10)} {
		if got, err := Read(t.Context(), "x.csv", data); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, err := Read(t.Context(), "x.csv", []byte(strings.Repeat("a,b\n", 60_000))); !errors.Is(err, ErrTooLong) {
		t.Error(err)
	}
}

func TestWorkbook(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	day := time.Date(2020, 4, 13, 8, 30, 0, 0, time.UTC)
	for cell, v := range map[string]any{"A1": "Ngày", "B1": "Số lượt", "A3": day, "B3": 1600, "C3": 12.5} {
		if err := f.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	var buf bytes.Buffer
	if err := f.Write(&buf); err != nil {
		t.Fatal(err)
	}
	sheets, err := Read(t.Context(), "x.csv", buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"Ngày", "Số lượt"}, nil, {"2020-04-13 08:30:00", "1600", "12.5"}}
	if d := cmp.Diff(want, sheets[0].Texts()); d != "" {
		t.Error(d)
	}
}

// TestBomb: a small workbook that opens to hundreds of megabytes is refused
// quickly.
func TestBomb(t *testing.T) {
	var good bytes.Buffer
	f := excelize.NewFile()
	defer f.Close()
	if err := f.Write(&good); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(good.Bytes()), int64(good.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var bomb bytes.Buffer
	w := zip.NewWriter(&bomb)
	for _, e := range r.File {
		if e.Name == "xl/worksheets/sheet1.xml" {
			continue
		}
		if err := w.Copy(e); err != nil {
			t.Fatal(err)
		}
	}
	x, err := w.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	x.Write([]byte(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`))
	row := []byte(strings.Repeat("<row></row>", 100_000))
	for range 65 {
		x.Write(row)
	}
	x.Write([]byte(`</sheetData></worksheet>`))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if rows, err := Read(t.Context(), "x.xlsx", bomb.Bytes()); err == nil {
		t.Errorf("%d bytes opened to %d rows", bomb.Len(), len(rows))
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("refused after %v", d)
	}
}
