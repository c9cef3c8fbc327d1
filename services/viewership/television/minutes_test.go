package television

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/schedule"
)

// byMinute is a file of households from a time of day on.
func byMinute(from string, homes ...int) string {
	at, _ := time.Parse("15:04", from)
	var b strings.Builder
	b.WriteString("Phút;Số hộ\n")
	for i, n := range homes {
		fmt.Fprintf(&b, "%s;%d\n", at.Add(time.Duration(i)*time.Minute).Format("15:04"), n)
	}
	return b.String()
}

// rising is 1, 2, ... n.
func rising(n int) (out []int) {
	for i := range n {
		out = append(out, i+1)
	}
	return out
}

// TestAddMinutes: the average and the peak of the minutes that were really on
// air, when nine tenths of them are in the file.
func TestAddMinutes(t *testing.T) {
	half := byMinute("08:00", rising(30)...)
	for _, x := range []struct {
		name, airing, file string
		want               string // average and peak, or the fault
	}{
		{"all of half an hour", "a8", byMinute("08:00", rising(30)...), "15.5 30"},
		{"minutes around it do not count", "a8",
			byMinute("07:30", append(slices.Repeat([]int{999}, 30), rising(60)...)...), "15.5 30"},
		{"27 of 30", "a8", byMinute("08:00", rising(27)...), "14 27"},
		{"26 of 30", "a8", byMinute("08:00", rising(26)...), "minutes.missing"},
		{"the part that was on air", "a9", byMinute("09:10", rising(15)...), "8 15"},
		{"the planned time alone", "a9", byMinute("09:00", rising(10)...), "minutes.missing"},
		{"another day", "a8", "minute;homes;date\n8:00;5;14/4/2020\n", "minutes.missing"},
		{"no day that is one", "a8", "minute;homes;date\n8:00;5;x\n", "minutes.missing"},
		{"rows that are no minutes", "a8", "minute;homes\nx;5\n8:00\n\n8:00;x\n8:00;100000001\n", "minutes.missing"},
		{"the last row of a minute", "a8", byMinute("08:00", rising(30)...) + "8:29;60\n", "16.5 60"},
		{"no column of minutes", "a8", "x;homes\n8:00;5\n", "import.missing_column"},
		{"no column of households", "a8", "minute;x\n8:00;5\n", "import.missing_column"},
		{"no sheet", "a8", "%PDF", "import.unreadable"},
		{"dropped", "a10", byMinute("10:00", rising(30)...), "airing.did_not_happen"},
		{"not reported", "a11", byMinute("11:00", rising(30)...), "airing.not_reported"},
		{"no airing", "a12", "", "airing.not_found"},
		{"too large", "a8", strings.Repeat("x", MaxImportBytes+1), "import.too_large"},
		{"with the day", "a8", "date;minute;homes\n" +
			strings.ReplaceAll(strings.TrimPrefix(half, "Phút;Số hộ\n"), "08:", "13/4/2020;08:"), "15.5 30"},
	} {
		m, s := newService(t)
		fs, err := s.AddMinutes(t.Context(), station, x.airing, "VNPT", 0.4567, "a.csv", []byte(x.file))
		got := code(err)
		if err == nil {
			got = fmt.Sprint(fs[0].Value, " ", fs[1].Value)
			if fs[0].Metric != AverageAudience || fs[1].Metric != PeakAudience || fs[0].Unit != Households ||
				fs[0].Grade != GradeD || fs[0].State != Counted || len(m.figures) != 2 ||
				!strings.HasSuffix(fs[1].Method, " min; 45.7 %") {
				t.Errorf("%s: %+v", x.name, fs)
			}
		}
		if got != x.want || err != nil && len(m.figures) != 0 {
			t.Errorf("%s: %s, %v", x.name, got, err)
		}
	}
	for share, want := range map[float64]string{
		0: "share minutes.bad_share", 0.001: "", 1: "", 1.001: "share minutes.bad_share",
	} {
		_, s := newService(t)
		_, err := s.AddMinutes(t.Context(), station, "a8", "VNPT", share, "a.csv", []byte(half))
		if fields(err) != want {
			t.Errorf("share %v: %v", share, err)
		}
	}
	// Either both figures or none.
	m, s := newService(t)
	m.figures = []Figure{{ID: "x", AiringID: "a8", Metric: PeakAudience, Unit: Households, Grade: GradeD,
		Source: "vnpt"}}
	_, err := s.AddMinutes(t.Context(), station, "a8", "VNPT", 1, "a.csv", []byte(half))
	if code(err) != "figure.already_there" || len(m.figures) != 1 {
		t.Errorf("%v, %+v", err, m.figures)
	}
}

func minuteDefaults() ImportDefaults {
	return ImportDefaults{ChannelID: "tv1", Source: " VNPT ", Share: 0.5, Day: "13/4/2020"}
}

// evening is a file of the whole day's airings.
func evening() []byte { return []byte(byMinute("08:00", rising(240)...)) }

// TestMinutesFile: every airing of the file's time has a row with its figures, or
// why it has none.
func TestMinutesFile(t *testing.T) {
	m, s := newService(t)
	p, err := s.PreviewMinutes(t.Context(), station, "a.csv", evening(), minuteDefaults())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range p.Rows {
		got = append(got, fmt.Sprint(r.Airing.ID, " ", r.Have, "/", r.Need, " ", r.Average, " ", r.Peak, " ", r.Code))
	}
	want := []string{
		"a8 30/30 15.5 30 ", "a9 15/15 78 85 ", "a10 30/30 0 0 airing.did_not_happen",
		"a11 30/30 0 0 airing.not_reported",
	}
	if !slices.Equal(got, want) || p.Good != 2 || p.Refused != 2 || p.Same+p.Warnings+len(p.Bad) != 0 ||
		len(m.figures) != 0 {
		t.Errorf("%q of %+v", got, p)
	}
	m.now = m.now.Add(time.Hour)
	for range 2 {
		p, err := s.CommitMinutes(t.Context(), station, p.Import.ID, false)
		if err != nil || p.Good != 2 || p.Import.Added != 4 || p.Import.Committed != m.now {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	f := m.figures[2]
	if len(m.figures) != 4 || f.AiringID != "a9" || f.Metric != AverageAudience || f.Value != 78 ||
		f.Source != "VNPT" ||
		f.Method != "15/15 min; 50 %" || f.Grade != GradeD || f.Unit != Households || f.ImportID != p.Import.ID ||
		f.ImportRow != 2 || f.HandedInBy != "dai" || f.At != m.now || f.LessonID != "l" || f.ChannelID != "tv1" {
		t.Errorf("%+v", m.figures)
	}
	if len(m.audit) != 1 || m.audit[0].Detail != "4 figures by minute, file "+p.Import.Hash[:12] {
		t.Errorf("%+v", m.audit)
	}
	if _, err = s.PreviewMinutes(t.Context(), station, "b", evening(),
		minuteDefaults()); code(err) != "import.already" {
		t.Errorf("the same file: %v", err)
	}
	// Another file with the same and with other households.
	p, err = s.PreviewMinutes(t.Context(), station, "b", append(evening(), "12:30;5\n"...), minuteDefaults())
	if err != nil || p.Same != 2 || p.Good != 0 || !p.Rows[0].Same || p.Rows[0].Code != "" {
		t.Errorf("%+v, %v", p, err)
	}
	p, err = s.PreviewMinutes(t.Context(), station, "b", append(evening(), "8:29;31\n"...), minuteDefaults())
	if err != nil || p.Rows[0].Code != "figure.already_there" || p.Same != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	// The average is the same, the peak is not.
	p, err = s.PreviewMinutes(t.Context(), station, "b", append(evening(), "8:28;28\n8:29;31\n"...), minuteDefaults())
	if err != nil || p.Rows[0].Average != 15.5 || p.Rows[0].Code != "figure.already_there" || p.Same != 1 {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestMinutesRows: what is wrong in a file is named with its row and column.
func TestMinutesRows(t *testing.T) {
	rest := strings.TrimPrefix(byMinute("08:00", rising(30)...), "Phút;Số hộ\n")
	dated := strings.ReplaceAll(rest, "08:", "13/4/2020;08:")
	for _, x := range []struct {
		name, file, day string
		want            string // the bad rows
	}{
		{"no day anywhere", "Phút;Số hộ\n8:00;5\n", "", "2 Phút import.bad_date"},
		{"an impossible time", "Phút;Số hộ\n30:00;5\n" + rest, "13/4/2020", "2 Phút import.bad_time"},
		{"households in words", "Phút;Số hộ\n8:00;nhiều\n" + rest, "13/4/2020", "2 Số hộ figure.bad_value"},
		{"more than the country", "Phút;Số hộ\n8:00;100000001\n" + rest, "13/4/2020", "2 Số hộ figure.bad_value"},
		{"a short row", "Phút;Số hộ\n\n8:00\n" + rest, "13/4/2020", "3 Số hộ figure.bad_value"},
		{"a bad date in the first column", "Ngày;Phút;Số hộ\n30/2/2020;8:00;5\n" + dated, "13/4/2020",
			"2 Ngày import.bad_date"},
		{"a missing date without a day", "Ngày;Phút;Số hộ\n;8:00;5\n" + dated, "", "2 Ngày import.bad_date"},
		{"a bad date beside the time", "Phút;Số hộ\n30/2/2020 8:00;5\n" + rest, "13/4/2020", "2 Phút import.bad_date"},
		{"date and time in one cell", "Phút;Số hộ\n" + strings.ReplaceAll(rest, "08:", "2020-04-13T08:"), "", ""},
	} {
		_, s := newService(t)
		d := minuteDefaults()
		d.Day = x.day
		p, err := s.PreviewMinutes(t.Context(), station, "a.csv", []byte(x.file), d)
		var got []string
		for _, r := range p.Bad {
			got = append(got, fmt.Sprint(r.Row, " ", r.Column, " ", r.Code))
		}
		if strings.Join(got, ", ") != x.want {
			t.Errorf("%s: %v", x.name, got)
		}
		if x.name == "no day anywhere" {
			if code(err) != "import.no_rows" {
				t.Errorf("%s: %v", x.name, err)
			}
			continue
		}
		if err != nil || p.Good != 1 || p.Rows[0].Average != 15.5 {
			t.Errorf("%s: %+v, %v", x.name, p, err)
		}
	}
}

func TestPreviewMinutesFaults(t *testing.T) {
	for _, x := range []struct {
		name   string
		change func(*ImportDefaults)
		data   string
		want   string
	}{
		{"no share", func(d *ImportDefaults) { d.Share = 0 }, "", "figure.invalid: share minutes.bad_share"},
		{"more than all homes", func(d *ImportDefaults) { d.Share = 1.01 }, "",
			"figure.invalid: share minutes.bad_share"},
		{"no source", func(d *ImportDefaults) { d.Source = " " }, "", "figure.invalid: source field.required"},
		{"too large", nil, strings.Repeat("x", MaxImportBytes+1), "import.too_large: "},
		{"no sheet", nil, "%PDF", "import.unreadable: "},
		{"no header", nil, "8:00;5\n", "import.missing_column: "},
		{"no minutes", nil, "Phút;Số hộ\n", "import.no_rows: "},
		{"no airing at that time", nil, byMinute("13:00", rising(30)...), "minutes.no_airings: "},
		{"the minute before an airing", nil, byMinute("07:59", 5), "minutes.no_airings: "},
		{"the minute after its end", nil, byMinute("08:30", 5), "minutes.no_airings: "},
		{"its last minute", nil, byMinute("08:29", 5), ": "},
		{"all homes", func(d *ImportDefaults) { d.Share = 1 }, byMinute("08:00", 5), ": "},
	} {
		m, s := newService(t)
		d := minuteDefaults()
		if x.change != nil {
			x.change(&d)
		}
		_, err := s.PreviewMinutes(t.Context(), station, "a.csv", []byte(x.data), d)
		if got := code(err) + ": " + fields(err); got != x.want || (len(m.imports) == 1) != (err == nil) {
			t.Errorf("%s: %v", x.name, err)
		}
	}
	for _, method := range []string{"CommittedByHash", "Airings", "FiguresOf", "UsualValues", "SaveImport"} {
		m, s := newService(t)
		m.fail[method] = errStore
		if _, err := s.PreviewMinutes(t.Context(), station, "a", evening(),
			minuteDefaults()); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
}

func TestCommitMinutesFaults(t *testing.T) {
	m, s := newService(t)
	m.imports["figures"] = Import{ID: "figures"}
	for _, id := range []string{"nothing", "figures"} {
		if _, err := s.CommitMinutes(t.Context(), station, id, true); code(err) != "import.not_found" {
			t.Errorf("%s: %v", id, err)
		}
	}
	m.imports["broken"] = Import{ID: "broken", Data: []byte("%PDF"), Defaults: ImportDefaults{Kind: MinuteFile}}
	if _, err := s.CommitMinutes(t.Context(), station, "broken", true); code(err) != "import.unreadable" {
		t.Errorf("%v", err)
	}
	for n := range 3 { // what is usual
		f := stated("old", 100)
		f.ID, f.ChannelID, f.Metric, f.Unit, f.Grade = fmt.Sprint(n), "tv1", AverageAudience, Households, GradeD
		m.figures = append(m.figures, f)
	}
	file := []byte(byMinute("08:00", slices.Repeat([]int{800}, 30)...))
	p, err := s.PreviewMinutes(t.Context(), station, "a", file, minuteDefaults())
	if err != nil || p.Warnings != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	_, err = s.CommitMinutes(t.Context(), station, p.Import.ID, false)
	if code(err) != "import.needs_confirmation" || fault.As(err).Args["rows"] != 1 || len(m.figures) != 3 {
		t.Errorf("not confirmed: %v", err)
	}
	m.airings[0].Outcome = schedule.Dropped // since the preview
	got, err := s.CommitMinutes(t.Context(), station, p.Import.ID, true)
	if err != nil || got.Refused != 1 || len(m.figures) != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	twin := p.Import
	twin.ID = "twin"
	m.imports["twin"] = twin
	if _, err := s.CommitMinutes(t.Context(), station, "twin", true); code(err) != "import.already" {
		t.Errorf("%v", err)
	}
	for _, method := range commitSteps {
		m, s := newService(t)
		p, err := s.PreviewMinutes(t.Context(), station, "a", evening(), minuteDefaults())
		if err != nil {
			t.Fatal(err)
		}
		m.fail[method] = errStore
		if _, err := s.CommitMinutes(t.Context(), station, p.Import.ID, true); !errors.Is(err, errStore) ||
			len(m.figures)+len(m.audit)+len(m.staged) != 0 || !m.imports[p.Import.ID].Committed.IsZero() {
			t.Errorf("%s fails: %v, %v", method, err, m.figures)
		}
	}
}
