package television

import (
	"errors"
	"testing"
	"time"
)

// TestCommitPlansAgain: a file is checked again when figures changed while it
// was being written, and refused when they change every time.
func TestCommitPlansAgain(t *testing.T) {
	for changes, want := range map[int]string{0: "", 1: "", commitTries - 1: "", commitTries: "import.changed"} {
		m, s := newService(t)
		p := preview(t, s, sheetDefaults(), "13/4/2020;8:00;;7")
		m.whileStaged = func() {
			if changes--; changes >= 0 {
				m.revision++
			}
		}
		got, err := s.CommitImport(t.Context(), station, p.Import.ID, true)
		if code(err) != want || err == nil && got.Good != 1 || len(m.figures) != got.Import.Added ||
			len(m.staged) != 0 {
			t.Errorf("%q, want %q: %d figures, %d batches left", code(err), want, len(m.figures), len(m.staged))
		}
	}
}

// TestTidyImports removes batches that nobody has committed for an hour.
func TestTidyImports(t *testing.T) {
	m, s := newService(t)
	m.staged["old"] = []Figure{{At: m.now.Add(-abandoned - time.Second)}}
	m.staged["new"] = []Figure{{At: m.now.Add(-abandoned + time.Second)}}
	if err := s.TidyImports(t.Context()); err != nil || len(m.staged) != 1 || m.staged["new"] == nil {
		t.Errorf("%v, %v", m.staged, err)
	}
	for _, method := range []string{"SettleFigures", "DropAbandoned"} {
		m.fail = map[string]error{method: errStore}
		if err := s.TidyImports(t.Context()); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
}
