package television

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
)

// sheetDefaults are what a station's sheet does not say in each row.
func sheetDefaults() ImportDefaults {
	return ImportDefaults{ChannelID: "tv1", Metric: Contacts, Unit: Persons, Grade: GradeE, Source: "Phiếu của đài"}
}

const sheetHead = "Ngày;Giờ;Mã băng;Số lượt xem;Đơn vị;Chỉ số;Nguồn;Mã lượt phát\n"

// preview reads a sheet of lines below sheetHead.
func preview(t *testing.T, s *Service, d ImportDefaults, lines ...string) Preview {
	t.Helper()
	p, err := s.PreviewImport(t.Context(), station, "phieu.csv", []byte(sheetHead+strings.Join(lines, "\n")), d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestImportRows: how a row finds its airing, and why it is refused.
func TestImportRows(t *testing.T) {
	const day = "13/4/2020;"
	for _, x := range []struct {
		name, row string
		want      string // "airing value unit metric source" of a good row, else "code column"
	}{
		{"by day and time", day + "8:00;;1.600", "a8 1600 persons contacts Phiếu của đài"},
		{"ten minutes late", day + "8h10;;1600", "a8 1600 persons contacts Phiếu của đài"},
		{"ten minutes early", day + "7:50;;1600", "a8 1600 persons contacts Phiếu của đài"},
		{"more than ten minutes late", day + "8:10:01;;1600", "airing.not_found Giờ"},
		{"by the station's number", day + ";ps-9;1600", "a9 1600 persons contacts Phiếu của đài"},
		{"by number and time", day + "9:05;PS-9;1600", "a9 1600 persons contacts Phiếu của đài"},
		{"a number at another time", day + "8:00;PS-9;1600", "airing.not_found Mã băng"},
		{"another number", day + ";PS-7;1600", "airing.not_found Mã băng"},
		{"another day", "14/4/2020;8:00;;1600", "airing.not_found Giờ"},
		{"by the airing's id", ";;;7;;;;a9", "a9 7 persons contacts Phiếu của đài"},
		{"an id that is not there", ";;;7;;;;a7", "airing.not_found Mã lượt phát"},
		{"no day", ";8:00;;7", "import.bad_date Ngày"},
		{"no day that is one", "30/2/2020;8:00;;7", "import.bad_date Ngày"},
		{"neither time nor number", day + "sáng;;7", "import.bad_time Giờ"},
		{"dropped", day + "10:00;;7", "airing.did_not_happen Số lượt xem"},
		{"not reported: held", day + "11:00;;7", "a11 7 persons contacts Phiếu của đài"},
		{"no value", day + "8:00;;", "figure.bad_value Số lượt xem"},
		{"a value in words", day + "8:00;;nhiều", "figure.bad_value Số lượt xem"},
		{"more than the country", day + "8:00;;100000001", "figure.too_large Số lượt xem"},
		{"households", day + "8:00;;7;Hộ gia đình", "a8 7 households contacts Phiếu của đài"},
		{"persons", day + "8:00;;7;Người", "a8 7 persons contacts Phiếu của đài"},
		{"plays", day + "8:00;;7;lượt xem", "a8 7 plays contacts Phiếu của đài"},
		{"another unit", day + "8:00;;7;con", "figure.unknown_unit Đơn vị"},
		{"an average", day + "8:00;;7,5;;average_minute_audience",
			"a8 7.5 persons average_minute_audience Phiếu của đài"},
		{"an average that could be thousands", day + "8:00;;7.500;;average_minute_audience",
			"figure.bad_value Số lượt xem"},
		{"another metric", day + "8:00;;7;;reach", "figure.unknown_metric Chỉ số"},
		{"a source of its own", day + "8:00;;7;;;Thư", "a8 7 persons contacts Thư"},
	} {
		_, s := newService(t)
		p := preview(t, s, sheetDefaults(), x.row)
		r := p.Rows[0]
		got := r.Code + " " + r.Column
		if r.Code == "" {
			f := r.Figure
			got = fmt.Sprint(f.AiringID, " ", f.Value, " ", f.Unit, " ", f.Metric, " ", f.Source)
		}
		if got != x.want || r.Row != 2 || (p.Good == 1) != (r.Code == "") || p.Good+p.Refused != 1 ||
			p.Same+p.Warnings != 0 {
			t.Errorf("%s: %s of %+v", x.name, got, p)
		}
	}
	// Two airings within ten minutes cannot be told apart by time.
	m, s := newService(t)
	near := m.airings[0]
	near.ID, near.StartsAt = "a8b", near.StartsAt.Add(15*time.Minute)
	m.airings = append(m.airings, near)
	r := preview(t, s, sheetDefaults(), day+"8:07;;7").Rows[0]
	if r.Code != "import.several_airings" || r.Column != "Giờ" {
		t.Errorf("%+v", r)
	}
}

// TestImportAgainstFigures: what exists is not added again, a different value
// needs the correction of it, and one file does not state one figure twice.
func TestImportAgainstFigures(t *testing.T) {
	const eight = "13/4/2020;8:00;;"
	m, s := newService(t)
	first, err := s.AddFigure(t.Context(), station, stated("a8", 1600))
	if err != nil {
		t.Fatal(err)
	}
	if p := preview(t, s, sheetDefaults(), eight+"1600"); p.Same != 1 || p.Good != 0 || !p.Rows[0].Same {
		t.Errorf("the same: %+v", p)
	}
	p := preview(t, s, sheetDefaults(), eight+"1700")
	if r := p.Rows[0]; r.Code != "figure.already_there" || r.Args["figure"] != first.ID || r.Column != "Số lượt xem" {
		t.Errorf("another value: %+v", r)
	}
	d := sheetDefaults()
	d.Correct = true
	p = preview(t, s, d, eight+"1700", eight+"1800", "13/4/2020;9:00;;5")
	if a, b := p.Rows[0], p.Rows[1]; a.Code != "" || a.Figure.Replaces != first.ID ||
		b.Code != "import.row_twice" || b.Args["row"] != 2 || p.Good != 2 || p.Refused != 1 {
		t.Errorf("a correction: %+v", p.Rows)
	}
	d.Grade, d.Method = GradeD, ""
	p = preview(t, s, d, eight+"7;;;VNPT", eight+"8;;;vnpt", eight+"9;;;Viettel")
	if p.Rows[0].Code != "" || p.Rows[1].Code != "import.row_twice" || p.Rows[2].Code != "" {
		t.Errorf("operators: %+v", p.Rows)
	}
	if len(m.figures) != 1 {
		t.Errorf("a preview counts: %+v", m.figures)
	}
}

// TestImportWarns: values about ten times the channel's usual ones, or a tenth,
// once three are known.
func TestImportWarns(t *testing.T) {
	m, s := newService(t)
	row := func(v int) ImportRow {
		t.Helper()
		p := preview(t, s, sheetDefaults(), fmt.Sprint("13/4/2020;9:00;;", v))
		if (p.Warnings == 1) != (p.Rows[0].Warning != "") {
			t.Errorf("%+v", p)
		}
		return p.Rows[0]
	}
	add := func(v float64) {
		f := stated("old", v)
		f.ID, f.ChannelID = fmt.Sprint("old", v), "tv1"
		m.figures = append(m.figures, f)
	}
	add(10)
	add(1000)
	if r := row(1); r.Warning != "" {
		t.Errorf("two values are not usual: %+v", r)
	}
	add(1600)
	for v, want := range map[int]string{
		7999: "", 8000: "figure.looks_tenfold", 126: "", 125: "figure.looks_tenfold",
	} {
		if r := row(v); r.Warning != want {
			t.Errorf("%d where 1000 is usual: %q", v, r.Warning)
		}
	}
	// A correction that moves a figure so far away from the usual, which is 1000
	// or, with the figure itself, 1600; back to the usual is no typing error.
	f := stated("a9", 0)
	f.ID, f.ChannelID = "first", "tv1"
	m.figures = append(m.figures, f)
	d := sheetDefaults()
	d.Correct = true
	for _, x := range []struct {
		from float64
		to   int
		want string
	}{
		{200, 1600, "figure.looks_tenfold"}, {200, 1599, ""}, {8000, 1000, "figure.looks_tenfold"}, {8000, 1001, ""},
		{16_000, 1600, ""}, {100, 1000, ""},
	} {
		m.figures[len(m.figures)-1].Value = x.from
		if r := preview(t, s, d, fmt.Sprint("13/4/2020;9:00;;", x.to)).Rows[0]; r.Warning != x.want {
			t.Errorf("from %v to %d: %+v", x.from, x.to, r)
		}
	}
}

// TestFindColumns: the header is found below a letterhead, by the file's names or
// the usual ones.
func TestFindColumns(t *testing.T) {
	plain := []string{"Ngày", "Giờ", "Số lượt"}
	letterhead := slices.Repeat([][]string{{"Đài Phát thanh"}}, 19)
	for _, x := range []struct {
		name   string
		cells  [][]string
		wanted map[string]string
		want   string // our columns with their place, or the fault and its column
	}{
		{"usual names", [][]string{{"NGÀY PHÁT", "bắt đầu", "Views"}}, nil, "date 0 time 1 value 2"},
		{"any case and marks", [][]string{{"date", "House number", "GIÁ TRỊ"}}, nil, "date 0 houseNumber 1 value 2"},
		{"by id", [][]string{{"airing", "value"}}, nil, "airing 0 value 1"},
		{"names of the last file", [][]string{append(plain, "Tổng")}, map[string]string{ColumnValue: "tổng"},
			"date 0 time 1 value 3"},
		{"names that are not in this file", [][]string{plain}, map[string]string{ColumnValue: "Tổng"},
			"date 0 time 1 value 2"},
		{"in row 20", append(slices.Clone(letterhead), plain), nil, "date 0 time 1 value 2"},
		{"in row 21", append(slices.Clone(letterhead), []string{"x"}, plain), nil, "import.missing_column value"},
		{"no value", [][]string{{"Ngày", "Giờ"}}, nil, "import.missing_column value"},
		{"no day", [][]string{{"Giờ", "Số lượt"}}, nil, "import.missing_column date"},
		{"a number without a day", [][]string{{"Mã băng", "Số lượt"}}, nil, "import.missing_column date"},
		{"a day alone", [][]string{{"Ngày", "Số lượt"}}, nil, "import.missing_column time"},
		{"nothing", nil, nil, "import.no_rows"},
	} {
		s, err := findColumns(x.cells, x.wanted)
		var got []string
		if err != nil {
			got = append(got, code(err))
			if c, ok := fault.As(err).Args["column"]; ok {
				got = append(got, fmt.Sprint(c))
			}
		} else {
			for _, c := range []string{ColumnAiring, ColumnDate, ColumnTime, ColumnItemNumber, ColumnValue} {
				if at, ok := s.column[c]; ok {
					got = append(got, fmt.Sprint(c, " ", at))
				}
			}
		}
		if strings.Join(got, " ") != x.want {
			t.Errorf("%s: %v", x.name, got)
		}
	}
}

func TestPreviewImportFaults(t *testing.T) {
	rows := func(n int) string { return sheetHead + strings.Repeat("13/4/2020;8:00;;7\n", n) }
	for name, x := range map[string]struct {
		data string
		want string
	}{
		"5 MiB":             {rows(1) + strings.Repeat("\n", MaxImportBytes-len(rows(1))), ""},
		"a byte more":       {rows(1) + strings.Repeat("\n", MaxImportBytes-len(rows(1))+1), "import.too_large"},
		"no sheet":          {"%PDF-1.4", "import.unreadable"},
		"only a header":     {sheetHead, "import.no_rows"},
		"rows of nothing":   {sheetHead + "\n\n ;;\n", "import.no_rows"},
		"an empty file":     {"", "import.no_rows"},
		"no value":          {"Ngày;Giờ\n13/4/2020;8:00", "import.missing_column"},
		"more than we read": {rows(MaxImportRows + 1), "import.too_many_rows"},
	} {
		m, s := newService(t)
		_, err := s.PreviewImport(t.Context(), station, "a.csv", []byte(x.data), sheetDefaults())
		if code(err) != x.want || (len(m.imports) == 1) != (x.want == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, method := range []string{
		"CommittedByHash", "LastDefaults", "Airings", "FiguresOf", "UsualValues", "SaveImport",
	} {
		m, s := newService(t)
		m.fail[method] = errStore
		_, err := s.PreviewImport(t.Context(), station, "a", []byte(rows(1)), sheetDefaults())
		if !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
}

// TestImportRefused: only who hands in figures sees or imports files.
func TestImportRefused(t *testing.T) {
	for name, by := range outsiders() {
		_, s := newService(t)
		d := sheetDefaults()
		d.Share = 0.5
		for method, f := range map[string]func(context.Context) (any, error){
			"PreviewImport":  func(ctx context.Context) (any, error) { return s.PreviewImport(ctx, by, "a", nil, d) },
			"CommitImport":   func(ctx context.Context) (any, error) { return s.CommitImport(ctx, by, "x", true) },
			"LastImport":     func(ctx context.Context) (any, error) { return s.LastImport(ctx, by, "tv1") },
			"ImportedFiles":  func(ctx context.Context) (any, error) { return s.ImportedFiles(ctx, by, "tv1") },
			"ImportedFile":   func(ctx context.Context) (any, error) { return s.ImportedFile(ctx, by, "x") },
			"PreviewMinutes": func(ctx context.Context) (any, error) { return s.PreviewMinutes(ctx, by, "a", nil, d) },
			"CommitMinutes":  func(ctx context.Context) (any, error) { return s.CommitMinutes(ctx, by, "x", true) },
			"AddMinutes": func(ctx context.Context) (
				any, error) {
				return s.AddMinutes(ctx, by, "a8", "s", 1, "a", nil)
			},
		} {
			if _, err := f(t.Context()); code(err) != "access.denied" {
				t.Errorf("%s, %s: %v", name, method, err)
			}
		}
	}
}
