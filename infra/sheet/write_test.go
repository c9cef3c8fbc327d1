package sheet

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

func TestWriteIsReadAgain(t *testing.T) {
	rows := [][]any{{"Bài giảng", "Lượt xem", "Giờ", "Ghi chú"}, {"Phân số", int64(5700), 2.5, nil},
		{"Số 0", 0, 0.0, "<5"}, {"a,b;\"c\"\nd", -3, 1e-7, "x"}}
	for _, format := range []string{CSV, XLSX} {
		var b bytes.Buffer
		if err := Write(&b, format, "Số liệu [4/2026]: ’tháng'", slices.Values(clone(rows))); err != nil {
			t.Fatal(err)
		}
		sheets, err := Read(t.Context(), "x", b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		got := sheets[0].Texts()
		for i := range got {
			for len(got[i]) < 4 {
				got[i] = append(got[i], "")
			}
		}
		want := [][]string{{"Bài giảng", "Lượt xem", "Giờ", "Ghi chú"}, {"Phân số", "5700", "2.5", ""},
			{"Số 0", "0", "0", "<5"}, {"a,b;\"c\" d", "-3", "0.0000001", "x"}}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", format, d)
		}
	}
	if err := Write(&bytes.Buffer{}, "ods", "", slices.Values(rows)); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
}

// TestNothingRunsAsAFormula: no text of a teacher's becomes a formula, and
// negative numbers stay numbers.
func TestNothingRunsAsAFormula(t *testing.T) {
	evil := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "|cmd", "＝1", "＋1", "－1", "＠1"}
	var rows [][]any
	for _, s := range evil {
		rows = append(rows, []any{s, int64(-1)})
	}
	var b bytes.Buffer
	if err := Write(&b, CSV, "", slices.Values(clone(rows))); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "'"); n != len(evil) || strings.Contains(b.String(), "'-1\r") ||
		strings.Count(b.String(), ",-1") != len(evil) {
		t.Errorf("%q", b.String())
	}
	b.Reset()
	if err := Write(&b, XLSX, "", slices.Values(clone(rows))); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range evil {
		for _, column := range []string{"A", "B"} {
			cell := column + string(rune('1'+i))
			if i > 8 {
				cell = column + "1" + string(rune('0'+i-9))
			}
			if formula, err := f.GetCellFormula(f.GetSheetName(0), cell); err != nil || formula != "" {
				t.Errorf("%s: formula %q, %v", cell, formula, err)
			}
		}
	}
}

func clone(rows [][]any) [][]any {
	out := make([][]any, len(rows))
	for i, r := range rows {
		out[i] = slices.Clone(r)
	}
	return out
}
