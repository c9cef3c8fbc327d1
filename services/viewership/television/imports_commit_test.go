package television

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/schedule"
)

// TestCommitImport: the good rows count all at once, and once.
func TestCommitImport(t *testing.T) {
	m, s := newService(t)
	p := preview(t, s, sheetDefaults(), "13/4/2020;8:00;;1600", "13/4/2020;10:00;;5", "13/4/2020;11:00;;900")
	m.now = m.now.Add(time.Hour)
	for range 2 {
		got, err := s.CommitImport(t.Context(), station, p.Import.ID, false)
		if err != nil || got.Good != 2 || got.Import.Added != 2 || got.Import.Committed != m.now {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if len(m.figures) != 2 || len(m.audit) != 1 || m.audit[0].Subject != "import:"+p.Import.ID ||
		m.audit[0].Detail != "2 figures, file "+p.Import.Hash[:12] {
		t.Errorf("%+v, %+v", m.figures, m.audit)
	}
	f := m.figures[1]
	if f.AiringID != "a11" || f.ImportID != p.Import.ID || f.ImportRow != 4 || f.HandedInBy != "dai" || f.At != m.now {
		t.Errorf("%+v", f)
	}
	if fmt.Sprint(m.locked) != "[tv1 tv2]" {
		t.Errorf("channels are locked in order: %v", m.locked)
	}
	// The same file again, previewed before or after.
	_, err := s.PreviewImport(t.Context(), station, "x", p.Import.Data, sheetDefaults())
	if code(err) != "import.already" || fault.As(err).Args["import"] != p.Import.ID ||
		fault.As(err).Args["at"] != m.now {
		t.Errorf("previewed again: %v", err)
	}
	twin := p.Import
	twin.ID = "twin"
	m.imports["twin"] = twin
	_, err = s.CommitImport(t.Context(), station, "twin", false)
	if code(err) != "import.already" || len(m.figures) != 2 {
		t.Errorf("committed again: %v", err)
	}
	other := sheetDefaults()
	other.ChannelID = "tv2"
	if _, err := s.PreviewImport(t.Context(), station, "x", p.Import.Data, other); err != nil {
		t.Errorf("the same file for another channel: %v", err)
	}
	// The next file is read as this one was.
	d, err := s.LastImport(t.Context(), station, "tv1")
	if err != nil || d.Columns[ColumnValue] != "Số lượt xem" || d.Source != "Phiếu của đài" {
		t.Errorf("%+v, %v", d, err)
	}
	list, err := s.ImportedFiles(t.Context(), station, "tv1")
	if err != nil || len(list) != 1 || list[0].ID != p.Import.ID || list[0].Data != nil {
		t.Errorf("%+v, %v", list, err)
	}
	file, err := s.ImportedFile(t.Context(), station, p.Import.ID)
	if err != nil || string(file.Data) != string(p.Import.Data) {
		t.Errorf("%+v, %v", file, err)
	}
}

// TestImportReadsLikeTheLast: the channel's last names of columns are taken when
// none are given.
func TestImportReadsLikeTheLast(t *testing.T) {
	m, s := newService(t)
	m.imports["old"] = Import{ID: "old", Committed: m.now, Defaults: ImportDefaults{
		ChannelID: "tv1", Columns: map[string]string{ColumnValue: "Tổng cộng"},
	}}
	data := []byte("Ngày;Giờ;Số lượt;Tổng cộng\n13/4/2020;8:00;5;7\n")
	d := sheetDefaults()
	for want, columns := range map[float64]map[string]string{7: nil, 5: {}} {
		d.Columns = columns
		p, err := s.PreviewImport(t.Context(), station, "a.csv", data, d)
		if err != nil || p.Rows[0].Figure.Value != want {
			t.Errorf("%v: %+v, %v", columns, p.Rows, err)
		}
	}
}

// TestCommitImportConfirms: a file with warnings counts only when they are confirmed.
func TestCommitImportConfirms(t *testing.T) {
	m, s := newService(t)
	for n := range 3 {
		f := stated("old", 100)
		f.ID, f.ChannelID = fmt.Sprint(n), "tv1"
		m.figures = append(m.figures, f)
	}
	p := preview(t, s, sheetDefaults(), "13/4/2020;8:00;;1000", "13/4/2020;9:00;;100")
	_, err := s.CommitImport(t.Context(), station, p.Import.ID, false)
	if code(err) != "import.needs_confirmation" || fault.As(err).Args["rows"] != 1 || len(m.figures) != 3 {
		t.Errorf("not confirmed: %v", err)
	}
	got, err := s.CommitImport(t.Context(), station, p.Import.ID, true)
	if err != nil || got.Good != 2 || len(m.figures) != 5 {
		t.Errorf("confirmed: %+v, %v", got, err)
	}
}

// commitSteps are the stores' methods that a commit of a file calls.
var commitSteps = []string{
	"Import", "Revision", "StageFigures", "Channels", "LockChannel", "CommittedByHash", "CommitStaged", "Append",
}

func TestCommitImportFaults(t *testing.T) {
	m, s := newService(t)
	m.imports["minutes"] = Import{ID: "minutes", Defaults: ImportDefaults{Kind: MinuteFile}}
	for _, id := range []string{"nothing", "minutes"} {
		if _, err := s.CommitImport(t.Context(), station, id, true); code(err) != "import.not_found" {
			t.Errorf("%s: %v", id, err)
		}
	}
	m.imports["broken"] = Import{ID: "broken", Data: []byte("%PDF")}
	if _, err := s.CommitImport(t.Context(), station, "broken", true); code(err) != "import.unreadable" {
		t.Errorf("a file that became unreadable: %v", err)
	}
	// As-run that changed since the preview holds.
	p := preview(t, s, sheetDefaults(), "13/4/2020;8:00;;7")
	m.airings[0].Outcome = schedule.Dropped
	got, err := s.CommitImport(t.Context(), station, p.Import.ID, true)
	if err != nil || got.Good != 0 || got.Refused != 1 || len(m.figures) != 0 {
		t.Errorf("dropped since: %+v, %v", got, err)
	}
	for _, method := range commitSteps {
		m, s := newService(t)
		p := preview(t, s, sheetDefaults(), "13/4/2020;8:00;;7")
		m.fail[method] = errStore
		if _, err := s.CommitImport(t.Context(), station, p.Import.ID, true); !errors.Is(err, errStore) ||
			len(m.figures)+len(m.audit)+len(m.staged) != 0 || !m.imports[p.Import.ID].Committed.IsZero() {
			t.Errorf("%s fails: %v, %v", method, err, m.figures)
		}
	}
}
