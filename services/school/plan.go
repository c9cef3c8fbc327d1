package school

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"lenlop/services/fault"
)

// plan is what a file would do: what becomes of each row, and the writes in
// pieces, each one transaction.
type plan struct {
	rows  []ImportRow
	steps []func(context.Context) error
	after []func(context.Context) error // once the import is seen
}

// column is one column of a kind of file: its name in the code, its header in
// the files that the product writes, and others that are understood.
type column struct {
	name, header string
	also         []string
	needed       bool
}

// columnsOf are the columns of each kind, in the order in which they are
// written.
var columnsOf = map[ImportKind][]column{
	ImportAreas: {
		{"code", "Mã", []string{"Mã địa bàn", "code"}, true},
		{"name", "Tên", []string{"Tên địa bàn", "name"}, true},
		{"kind", "Loại", []string{"kind"}, true},
		{"parent", "Mã cấp trên", []string{"parent"}, false},
	},
	ImportSchools: {
		{"code", "Mã trường", []string{"code", "school"}, true},
		{"name", "Tên trường", []string{"Tên", "name"}, true},
		{"level", "Cấp học", []string{"Cấp", "level"}, true},
		{"area", "Mã địa bàn", []string{"Mã xã", "area"}, false},
	},
	ImportStaff: {
		{"username", "Tên đăng nhập", []string{"username"}, true},
		{"name", "Họ và tên", []string{"Họ tên", "name"}, true},
		{"role", "Vai trò", []string{"role"}, true},
		{"school", "Mã trường", []string{"school"}, false},
	},
	ImportClasses: {
		{"school", "Mã trường", []string{"school"}, true},
		{"year", "Năm học", []string{"year"}, true},
		{"code", "Mã lớp", []string{"code"}, true},
		{"name", "Tên lớp", []string{"name"}, false},
		{"grade", "Khối", []string{"Lớp", "grade"}, true},
		{"homeroom", "Chủ nhiệm", []string{"GVCN", "homeroom"}, false},
		{"teachers", "Giáo viên bộ môn", []string{"teachers"}, false},
	},
	ImportStudents: {
		{"school", "Mã trường", []string{"school"}, true},
		{"year", "Năm học", []string{"year"}, true},
		{"class", "Mã lớp", []string{"Lớp", "class"}, true},
		{"student", "Mã học sinh", []string{"Mã định danh", "student"}, true},
		{"name", "Họ và tên", []string{"Họ tên", "name"}, false},
		{"from", "Từ ngày", []string{"from"}, false},
		{"to", "Đến ngày", []string{"to"}, false},
	},
}

// Header is the first line of an export of the kind.
func Header(k ImportKind) []string {
	var list []string
	for _, c := range columnsOf[k] {
		list = append(list, c.header)
	}
	return list
}

// table is a file's rows by the columns' names.
type table struct {
	kind  ImportKind
	at    map[string]int // column by name
	first int            // line of the first row after the header
	rows  [][]string
}

// fold makes headers and words equal that people take for equal.
func fold(s string) string {
	s = norm.NFD.String(strings.ToLower(strings.TrimSpace(s)))
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == 'đ':
			b.WriteRune('d')
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		}
	}
	return b.String()
}

// open finds the header among the first lines and the columns in it.
func openTable(kind ImportKind, rows [][]string) (table, error) {
	t := table{kind: kind}
	columns, known := columnsOf[kind]
	if !known {
		return t, fault.Form("import.invalid", fault.Wrong("kind", "import.unknown_kind"))
	}
	var missing []string
	for line, cells := range rows[:min(len(rows), 10)] {
		at, lost := map[string]int{}, []string{}
		for _, c := range columns {
			found := slices.IndexFunc(cells, func(cell string) bool {
				f := fold(cell)
				return f != "" && (f == fold(c.header) ||
					slices.ContainsFunc(c.also, func(a string) bool { return f == fold(a) }))
			})
			switch {
			case found >= 0:
				at[c.name] = found
			case c.needed:
				lost = append(lost, c.header)
			}
		}
		if len(lost) == 0 {
			t.at, t.first, t.rows = at, line+2, rows[line+1:]
			return t, nil
		}
		if missing == nil || len(lost) < len(missing) {
			missing = lost
		}
	}
	if len(rows) == 0 {
		return t, fault.Form("import.invalid", fault.Wrong("file", "import.empty"))
	}
	return t, fault.Form("import.invalid",
		fault.Wrong("file", "import.columns", "columns", strings.Join(missing, ", ")))
}

// maxCell is the longest cell taken, in bytes: more than any name or list.
const maxCell = 2000

// cell is a row's text in a column: composed, with single spaces, without the
// apostrophe that exports close formulas with.
func (t table) cell(row []string, name string) string {
	i, ok := t.at[name]
	if !ok || i >= len(row) || len(row[i]) > maxCell {
		return ""
	}
	s := strings.Join(strings.Fields(norm.NFC.String(strings.ToValidUTF8(row[i], "�"))), " ")
	if rest, led := strings.CutPrefix(s, "'"); led && rest != "" && risky(rest) {
		s = rest
	}
	return s
}

// each calls fn with every row that is not empty.
func (t table) each(fn func(r *ImportRow, get func(name string) string)) []ImportRow {
	var out []ImportRow
	for i, cells := range t.rows {
		if !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" }) {
			continue
		}
		r := ImportRow{Row: t.first + i}
		for name, at := range t.at {
			if at < len(cells) && len(cells[at]) > maxCell {
				t.refuse(&r, name, "field.too_long", "max", maxCell)
			}
		}
		if r.Outcome == "" {
			fn(&r, func(name string) string { return t.cell(cells, name) })
		}
		out = append(out, r)
	}
	return out
}

// refuse says why a row is not taken; the first reason stays.
func (t table) refuse(r *ImportRow, name, code string, kv ...any) {
	if r.Outcome == RowRefused {
		return
	}
	r.Outcome, r.Code, r.Args = RowRefused, code, fault.New(fault.Invalid, code, kv...).Args
	for _, c := range columnsOf[t.kind] {
		if c.name == name {
			r.Column = c.header
		}
	}
}

// refuseForm refuses a row for the first field that a form would complain of.
func (t table) refuseForm(r *ImportRow, bad []fault.Field) bool {
	if len(bad) == 0 {
		return false
	}
	f := bad[0]
	t.refuse(r, f.Name, f.Code)
	r.Args = f.Args
	return true
}

// risky reports whether text begins so that a spreadsheet may run it: exports
// lead such a cell by an apostrophe (OWASP, "CSV Injection").
func risky(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return strings.ContainsRune("=+-@\t\r\n|＝＋－＠", r)
}

// plan reads the file and weighs each row.
func (s *Importer) plan(ctx context.Context, i Import) (*plan, error) {
	none := &plan{}
	rows, err := s.Sheets(ctx, i.Filename, i.Data)
	if err != nil {
		e := fault.Wrap(err, fault.Invalid, "import.invalid")
		e.Fields = []fault.Field{fault.Wrong("file", "import.unreadable")}
		return none, e
	}
	t, err := openTable(i.Kind, rows)
	if err != nil {
		return none, err
	}
	var p *plan
	switch i.Kind {
	case ImportAreas:
		p, err = s.planAreas(ctx, t)
	case ImportSchools:
		p, err = s.planSchools(ctx, t)
	case ImportStaff:
		p, err = s.planStaff(ctx, t)
	case ImportClasses:
		p, err = s.planClasses(ctx, t)
	case ImportStudents:
		p, err = s.planStudents(ctx, t, i.ID)
	}
	if err != nil {
		return none, err
	}
	if len(p.rows) == 0 {
		return none, fault.Form("import.invalid", fault.Wrong("file", "import.empty"))
	}
	return p, nil
}

// pieces makes steps that each save a few things.
func pieces[T any](list []T, save func(context.Context, T) error) (steps []func(context.Context) error) {
	for part := range slices.Chunk(list, simplePiece) {
		steps = append(steps, func(ctx context.Context) error {
			for _, x := range part {
				if err := save(ctx, x); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return steps
}
