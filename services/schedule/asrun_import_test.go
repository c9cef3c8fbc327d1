package schedule

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/test/memstore"
)

var errDisk = errors.New("disk failed")

// logDesk has three airings of channel "c" that are over at 09:00, one to come, and one of another day.
func logDesk() (*Service, *memoryStore, *memoryLogs) {
	svc, s := desk()
	logs := newLogs()
	svc.Logs, svc.Sheets = logs, commaSheets
	staged := &memoryStaged{store: s, logs: logs, rows: memstore.NewTable[Airing]("")}
	svc.Staged, svc.Atomic = staged, memstore.NewAtomic(staged.rows)
	ch := s.channels["c"]
	ch.Timezone = "Asia/Ho_Chi_Minh"
	s.channels["c"] = ch
	for id, from := range map[string]string{"1": "06:00", "2": "07:00", "3": "08:00", "4": "10:00"} {
		a := Airing{ID: id, ChannelID: "c", StartsAt: at(from), Outcome: Planned}
		a.EndsAt = a.StartsAt.Add(30 * 60e9)
		s.airings[id] = a
	}
	other := s.airings["1"]
	other.ID, other.StartsAt, other.EndsAt = "yesterday", at("06:00").AddDate(0, 0, -1), at("06:30").AddDate(0, 0, -1)
	s.airings["yesterday"] = other
	return svc, s, logs
}

const goodLog = "Đài truyền hình\n\nNgày,Giờ phát,Kết thúc,Kết quả,Ghi chú\n13/4/2020,6:00,6:30,,a\n,,\n" +
	"13/4/2020,7:00,7:10,,\n13/4/2020,12:00,,,\n"

func TestPreviewAsRun(t *testing.T) {
	svc, s, logs := logDesk()
	p, err := svc.PreviewAsRun(t.Context(), as(people.Station), "c", "log.csv", []byte(goodLog), nil)
	if err != nil || p.Good != 2 || p.Refused != 1 || p.Same != 0 || len(p.Rows) != 3 {
		t.Fatalf("%+v %v", p, err)
	}
	for i, want := range []struct {
		row     int
		airing  string
		outcome Outcome
		code    string
	}{{4, "1", Aired, ""}, {6, "2", Partial, ""}, {7, "", "", "airing.not_found"}} {
		if r := p.Rows[i]; r.Row != want.row || r.Airing.ID != want.airing || r.AsRun.Outcome != want.outcome ||
			r.Code != want.code {
			t.Errorf("row %d: %+v", i, r)
		}
	}
	// Nobody says of the third that it was on air; yesterday is not the log's day.
	if len(p.Silent) != 1 || p.Silent[0].ID != "3" {
		t.Errorf("silent %+v", p.Silent)
	}
	kept := logs.logs.Must(p.Import.ID)
	if kept.ChannelID != "c" || string(kept.Data) != goodLog || kept.By != "station" || !kept.Committed.IsZero() ||
		len(kept.Hash) != 64 {
		t.Errorf("kept %+v", kept)
	}
	if s.airings["1"].Outcome != Planned || len(s.log) != 0 {
		t.Error("a preview reported something")
	}
}

func TestLogsThatCannotBeRead(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		mapping map[string]string
		code    string
	}{
		"empty":          {"", nil, "asrun.no_rows"},
		"headings alone": {"Ngày,Giờ phát\n", nil, "asrun.no_rows"},
		"no day":         {"Giờ phát\n7:00\n", nil, "asrun.missing_column"},
		"no time":        {"Ngày,x\n13/4/2020,7:00\n", nil, "asrun.missing_column"},
		"no table":       {"\"", nil, "asrun.unreadable"},
		"headings in row 21": {
			strings.Repeat("a\n", 20) + "Ngày,Giờ phát\n13/4/2020,6:00\n", nil, "asrun.missing_column",
		},
		"headings in row 20":     {strings.Repeat("a\n", 19) + "Ngày,Giờ phát\n13/4/2020,6:00\n", nil, ""},
		"any case and spaces":    {" NGÀY  PHÁT ,GIỜ\n13/4/2020,6:00\n", nil, ""},
		"the station's headings": {"D,T\n13/4/2020,6:00\n", map[string]string{LogDate: "d", LogStart: "T"}, ""},
		"at positions":           {"13/04/2020 06:00\n", map[string]string{LogDate: "1-10", LogStart: "12-16"}, ""},
	} {
		svc, _, logs := logDesk()
		p, err := svc.PreviewAsRun(t.Context(), as(people.Station), "c", "x", []byte(c.text), c.mapping)
		if c.code == "" {
			if err != nil || len(p.Rows) == 0 {
				t.Errorf("%s: %+v %v", name, p, err)
			}
			continue
		}
		if !fault.Is(err, c.code) || len(logs.logs.All(nil)) != 0 {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	svc, s, logs := logDesk()
	if _, err := svc.PreviewAsRun(t.Context(), as(people.Station), "x", "x", []byte(goodLog), nil); !fault.Is(
		err,
		"channel.not_found",
	) {
		t.Error(err)
	}
	logs.mapping = map[string]string{LogDate: "D", LogStart: "T"}
	if p, err := svc.PreviewAsRun(t.Context(), as(people.Station), "c", "x", []byte("D,T\n13/4/2020,6:00\n"),
		nil); err != nil ||
		p.Good != 1 {
		t.Errorf("with the channel's last mapping: %+v %v", p, err)
	}
	logs.err = errDisk
	if _, err := svc.PreviewAsRun(t.Context(), as(people.Station), "c", "x", []byte(goodLog), nil); !errors.Is(
		err,
		errDisk,
	) {
		t.Errorf("logs unreadable: %v", err)
	}
	logs.err = nil
	s.channels["c"] = Channel{ID: "c", Timezone: "Mars/Olympus"}
	if _, err := svc.PreviewAsRun(t.Context(), as(people.Station), "c", "x", []byte(goodLog), nil); err == nil ||
		fault.As(err) != nil {
		t.Errorf("a channel of no zone: %v", err)
	}
}

// TestRowsOfALogAreBounded: 20,000 are read, one more is not.
func TestRowsOfALogAreBounded(t *testing.T) {
	svc, _, _ := logDesk()
	flat := map[string]string{LogDate: "1-1"}
	for rows, code := range map[int]string{MaxLogRows: "", MaxLogRows + 1: "asrun.too_many_rows"} {
		lines, err := svc.logLines(t.Context(), AsRunImport{Data: []byte(strings.Repeat("x\n", rows)), Mapping: flat})
		if code == "" && (err != nil || len(lines) != rows) || code != "" && !fault.Is(err, code) {
			t.Errorf("%d rows: %d read, %v", rows, len(lines), err)
		}
	}
}

func TestCommitAsRun(t *testing.T) {
	svc, s, logs := logDesk()
	var heard []string
	svc.OnAsRun = func(_ context.Context, a Airing) error { heard = append(heard, a.ID); return nil }
	ctx, by := t.Context(), as(people.Station)
	p, err := svc.PreviewAsRun(ctx, by, "c", "log.csv", []byte(goodLog), nil)
	if err != nil {
		t.Fatal(err)
	}
	twin, err := svc.PreviewAsRun(ctx, by, "c", "copy.csv", []byte(goodLog), nil)
	if err != nil {
		t.Fatal(err)
	}
	done, err := svc.CommitAsRun(ctx, by, p.Import.ID)
	if err != nil || done.Good != 2 || done.Import.Reported != 2 || !done.Import.Committed.Equal(at("09:00")) {
		t.Fatalf("%+v %v", done, err)
	}
	if a := s.airings["1"]; a.Outcome != Aired || a.ReportedBy != "station" || !a.ReportedAt.Equal(at("09:00")) {
		t.Errorf("%+v", a)
	}
	if a := s.airings["2"]; a.Outcome != Partial || !a.EndedAt.Equal(at("07:10")) || s.airings["3"].Outcome != Planned {
		t.Errorf("%+v", s.airings)
	}
	var logged []string
	for _, e := range s.log {
		logged = append(logged, e.Subject+" "+e.Detail)
	}
	want := []string{"asrun:" + p.Import.ID + " 2 airings, file " + p.Import.Hash[:12], "airing:1 aired",
		"airing:2 partial"}
	if !slices.Equal(logged, want) || !slices.Equal(heard, []string{"1", "2"}) {
		t.Errorf("logged %q, heard %v", logged, heard)
	}
	if again, err := svc.CommitAsRun(ctx, by, p.Import.ID); err != nil || again.Good != 2 || len(s.log) != 3 ||
		len(heard) != 2 {
		t.Errorf("again: %+v %v", again, err)
	}
	if _, err = svc.CommitAsRun(ctx, by, twin.Import.ID); !fault.Is(err, "asrun.already") ||
		fault.KindOf(err) != fault.Conflict {
		t.Errorf("the same file again: %v", err)
	}
	if _, err = svc.PreviewAsRun(ctx, by, "c", "x", []byte(goodLog), nil); !fault.Is(err, "asrun.already") {
		t.Errorf("the same file again: %v", err)
	}
	if _, err = svc.CommitAsRun(ctx, by, "none"); !fault.Is(err, "asrun.not_found") {
		t.Error(err)
	}
	// A second file that says the same reports nothing again.
	p, err = svc.PreviewAsRun(ctx, by, "c", "x", []byte(goodLog+"\n"), nil)
	if err != nil || p.Same != 2 || p.Good != 0 {
		t.Fatalf("%+v %v", p, err)
	}
	if _, err = svc.CommitAsRun(ctx, by, p.Import.ID); err != nil || len(heard) != 2 {
		t.Errorf("heard %v: %v", heard, err)
	}
	if l, err := svc.ImportedLogs(ctx, by, "c"); err != nil || len(l) != 2 || logs.limit != 31 {
		t.Errorf("%d logs of at most %d: %v", len(l), logs.limit, err)
	}
}

// TestWhatFollowsIsRepeated: a log stays committed when what follows from its reports fails, and is settled later.
func TestWhatFollowsIsRepeated(t *testing.T) {
	svc, s, logs := logDesk()
	svc.OnAsRun = func(context.Context, Airing) error { return errDisk }
	p, err := svc.PreviewAsRun(t.Context(), as(people.Station), "c", "x", []byte(goodLog), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = svc.CommitAsRun(t.Context(), as(people.Station), p.Import.ID); err != nil {
		t.Fatal(err)
	}
	if logs.logs.Must(p.Import.ID).Committed.IsZero() {
		t.Error("it does not count as committed")
	}
	if err = svc.TidyLogs(t.Context()); !errors.Is(err, errDisk) {
		t.Error(err)
	}
	var heard []string
	svc.OnAsRun = func(_ context.Context, a Airing) error { heard = append(heard, a.ID); return nil }
	if err = svc.TidyLogs(t.Context()); err != nil || !slices.Equal(heard, []string{"1", "2"}) ||
		s.airings["1"].Outcome != Aired {
		t.Errorf("heard %v: %v", heard, err)
	}
}

// TestCommitChecksAgain when the channel's airings change meanwhile, five times at most.
func TestCommitChecksAgain(t *testing.T) {
	for moved, code := range map[int]string{0: "", 4: "", 5: "import.changed"} {
		svc, s, logs := logDesk()
		p, err := svc.PreviewAsRun(t.Context(), as(people.Station), "c", "x", []byte(goodLog), nil)
		if err != nil {
			t.Fatal(err)
		}
		svc.Staged.(*memoryStaged).moved = moved
		_, err = svc.CommitAsRun(t.Context(), as(people.Station), p.Import.ID)
		if code == "" && err != nil || code != "" && !fault.Is(err, code) {
			t.Errorf("changed %d times: %v", moved, err)
		}
		done := s.airings["1"].Outcome == Aired && !logs.logs.Must(p.Import.ID).Committed.IsZero()
		if left := len(svc.Staged.(*memoryStaged).rows.All(nil)); done != (code == "") || left != 0 {
			t.Errorf("changed %d times: done %v, %d rows left", moved, done, left)
		}
	}
}

func TestWhoReadsLogs(t *testing.T) {
	svc, _, logs := logDesk()
	logs.mapping = map[string]string{LogDate: "D"}
	_ = logs.SaveAsRun(t.Context(), AsRunImport{ID: "i", ChannelID: "c", Filename: "a.csv"})
	for _, r := range people.Roles {
		mapping, e1 := svc.LastLog(t.Context(), as(r), "c")
		_, e2 := svc.ImportedLogs(t.Context(), as(r), "c")
		i, e3 := svc.ImportedLog(t.Context(), as(r), "i")
		may := r == people.Station || r == people.Reviewer || r == people.Admin
		for _, err := range []error{e1, e2, e3} {
			if may != (err == nil) || !may && !fault.Is(err, "access.denied") {
				t.Errorf("%s: %v", r, err)
			}
		}
		if may && (mapping[LogDate] != "D" || i.Filename != "a.csv") {
			t.Errorf("%s: %v %+v", r, mapping, i)
		}
	}
	if _, err := svc.ImportedLog(t.Context(), as(people.Station), "none"); !fault.Is(err, "asrun.not_found") {
		t.Error(err)
	}
}
