package sqldb_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"lenlop/infra/sqldb"
	"lenlop/services/fault"
	"lenlop/services/school"
)

// rosterCase reads a file of testdata/cases.
func rosterCase(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "cases", "rosters", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// becomes gives "row outcome" or "row code" of each row of a preview.
func becomes(p school.Preview) (out []string) {
	for _, r := range p.Rows {
		s := string(r.Outcome)
		if r.Code != "" {
			s = r.Code
		}
		if r.Asks {
			s += "?"
		}
		out = append(out, strconv.Itoa(r.Row)+" "+s)
	}
	return out
}

// TestRosterCases: files that schools sent, which once were taken wrongly.
func TestRosterCases(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		s := importer(db)
		province(t, s)
		bring(t, s, school.ImportSchools, "Mã trường;Tên trường;Cấp học\nDEMO-THCS;Trường THCS Bản Mẫu;THCS\n")
		bring(t, s, school.ImportClasses, "Mã trường;Năm học;Mã lớp;Khối\nDEMO-THCS;2026-2027;9A;9\n")
		ctx := context.Background()
		for _, c := range []struct {
			file string
			kind school.ImportKind
			want []string
		}{
			{"unbalanced-quote-short.csv", school.ImportStudents, []string{"2 new", "3 cell.open_quote", "4 new"}},
			{"hs-text.csv", school.ImportStudents, []string{"2 new"}},
			{"hs-float.xlsx", school.ImportStudents, []string{"2 cell.rounded", "3 cell.rounded"}},
			{"hs-scientific.csv", school.ImportStudents, []string{"2 cell.rounded", "3 cell.rounded"}},
			{"lop-date.xlsx", school.ImportClasses, []string{"2 cell.is_date", "3 cell.is_date"}},
			{"hidden-first.xlsx", school.ImportStudents, []string{"2 new"}},
			{"dates.csv", school.ImportStudents, []string{"2 import.outside_year", "3 new", "4 import.bad_day",
				"5 import.bad_day", "6 new", "7 import.bad_day", "8 import.outside_year", "9 import.outside_year",
				"10 import.bad_day"}},
			{"codes.csv", school.ImportStudents, []string{"2 new", "3 import.twice", "4 student.bad_letter", "5 new",
				"6 import.unknown_school", "7 class.bad_year", "8 new"}},
			{"merged.xlsx", school.ImportStudents, []string{"4 new", "5 new", "6 new", "7 cell.error"}},
		} {
			p, err := s.Preview(ctx, boss, c.kind, c.file, rosterCase(t, c.file))
			if err != nil || !slices.Equal(becomes(p), c.want) {
				t.Errorf("%s: %q %v, want %q", c.file, becomes(p), err, c.want)
			}
		}
		// The code as the cell shows it is the code of the text file.
		p, err := s.Preview(ctx, boss, school.ImportStudents, "hs-text.csv", rosterCase(t, "hs-text.csv"))
		if err == nil {
			_, err = s.Commit(ctx, boss, p.Import.ID, false)
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err = s.Preview(ctx, boss, school.ImportStudents, "x.xlsx", rosterCase(t, "hs-number-format.xlsx"))
		if err != nil || !slices.Equal(becomes(p), []string{"2 same"}) {
			t.Errorf("the code with a format of zeros: %q %v", becomes(p), err)
		}
		// Without its zeros it is another code: somebody must say whether it is another student.
		short := "Mã trường;Năm học;Mã lớp;Mã học sinh;Họ và tên\nDEMO-THCS;2026-2027;9A;12345678;Nguyễn Văn An\n"
		p, err = s.Preview(ctx, boss, school.ImportStudents, "x.csv", []byte(short))
		if err != nil || !slices.Equal(becomes(p), []string{"2 new?"}) || p.Asks != 1 {
			t.Errorf("a known name under a new code: %q %v", becomes(p), err)
		}
		if _, err = s.Commit(ctx, boss, p.Import.ID, false); !fault.Is(err, "import.names_known") {
			t.Errorf("committed without an answer: %v", err)
		}
		if _, err = s.Commit(ctx, boss, p.Import.ID, true); err != nil {
			t.Errorf("committed with the answer: %v", err)
		}
		// Two students of one name whose codes the file has are two, and nobody is asked.
		both := short + "DEMO-THCS;2026-2027;9A;0012345678;Nguyễn Văn An\nDEMO-THCS;2026-2027;9A;99887766;Nguyễn Văn An\n"
		p, err = s.Preview(ctx, boss, school.ImportStudents, "x.csv", []byte(both))
		if err != nil || !slices.Equal(becomes(p), []string{"2 same", "3 same", "4 new"}) {
			t.Errorf("students of one name: %q %v", becomes(p), err)
		}
	})
}
