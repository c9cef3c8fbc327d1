package school

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"lenlop/services/fault"
	"lenlop/services/spreadsheet"
)

// plan is what a file would do: what becomes of each row, and the writes in
// pieces, each one transaction.
type plan struct {
	rows  []ImportRow
	steps []func(context.Context) error
	after []func(context.Context) error // once the import is seen
	asks  int                           // rows that somebody must look at first
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
	kind ImportKind
	at   map[string]int // column by name
	head spreadsheet.Row
	rows []spreadsheet.Row // below the header, without empty ones
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

// headRows is how far down the header may stand: below a letterhead.
const headRows = 10

// openTable finds the first sheet that has the columns, and its header among
// the first rows.
func openTable(kind ImportKind, sheets []spreadsheet.Sheet) (table, error) {
	t := table{kind: kind}
	if _, known := columnsOf[kind]; !known {
		return t, fault.Form("import.invalid", fault.Wrong("kind", "import.unknown_kind"))
	}
	var missing []string
	font, some := "", false
	for _, s := range sheets {
		for i, row := range s.Rows {
			if row.Number > headRows {
				break
			}
			at, lost := t.find(row)
			if len(lost) == 0 {
				t.at, t.head = at, row
				t.rows = slices.DeleteFunc(slices.Clone(s.Rows[i+1:]), spreadsheet.Row.Blank)
				if f, n := oldFont(t.rows); n >= oldFontRows {
					return t, fault.Form("import.invalid", fault.Wrong("file", "import.old_font", "font", f))
				}
				return t, nil
			}
			some = some || !row.Blank()
			if missing == nil || len(lost) < len(missing) {
				missing = lost
			}
		}
		if f, n := oldFont(s.Rows); n > 0 && font == "" {
			font = f
		}
	}
	switch {
	case !some:
		return t, fault.Form("import.invalid", fault.Wrong("file", "import.empty"))
	case font != "":
		return t, fault.Form("import.invalid", fault.Wrong("file", "import.old_font", "font", font))
	}
	return t, fault.Form("import.invalid",
		fault.Wrong("file", "import.columns", "columns", strings.Join(missing, ", ")))
}

// find gives the columns that a row names, and the needed ones that it does not.
func (t table) find(row spreadsheet.Row) (at map[string]int, lost []string) {
	at = map[string]int{}
	for _, c := range columnsOf[t.kind] {
		found := slices.IndexFunc(row.Cells, func(cell spreadsheet.Cell) bool {
			f := fold(cell.Text)
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
	return at, lost
}

// oldFontRows is from how many garbled rows on a file is refused as a whole:
// words without marks look right in such a file, and names that are not found
// out would be taken as they look.
const oldFontRows = 3

// oldFont counts the rows that were typed for an old font, and names it.
func oldFont(rows []spreadsheet.Row) (font string, n int) {
	for _, r := range rows {
		i := slices.IndexFunc(r.Cells, func(c spreadsheet.Cell) bool { return c.Kind == spreadsheet.OldFont })
		if i >= 0 {
			font = cmp.Or(font, spreadsheet.Font(r.Cells[i].Text), spreadsheet.TCVN3)
			n++
		}
	}
	return font, n
}

// maxCell is the longest cell taken, in bytes: more than any name or list.
const maxCell = 2000

// cell is a row's text in a column: composed, with single spaces, without the
// apostrophe that exports close formulas with.
func (t table) cell(row spreadsheet.Row, name string) string {
	i, ok := t.at[name]
	if !ok {
		return ""
	}
	s := norm.NFC.String(strings.ToValidUTF8(row.Cell(i).Text, "\uFFFD"))
	s = strings.Join(strings.Fields(s), " ")
	if rest, led := strings.CutPrefix(s, "'"); led && rest != "" && risky(rest) {
		s = rest
	}
	return s
}

// each calls fn with every row that is an entry, and says of the others what
// becomes of them.
func (t table) each(fn func(r *ImportRow, get func(name string) string)) []ImportRow {
	var out []ImportRow
	for _, row := range t.rows {
		r := ImportRow{Row: row.Number}
		switch {
		case row.Skippable(t.head):
			r.Outcome, r.Label = RowSkipped, strings.Join(strings.Fields(strings.Join(row.Texts(), " ")), " ")
		case row.Broken != "":
			t.refuse(&r, "", row.Broken)
		default:
			t.checkCells(&r, row)
		}
		if r.Outcome == "" {
			fn(&r, func(name string) string { return t.cell(row, name) })
		}
		out = append(out, r)
	}
	return out
}

// dayColumns hold days; a date anywhere else has been made of something else.
var dayColumns = []string{"from", "to"}

// checkCells refuses a row with a cell whose text cannot be believed.
func (t table) checkCells(r *ImportRow, row spreadsheet.Row) {
	for _, c := range columnsOf[t.kind] {
		at, ok := t.at[c.name]
		if !ok {
			continue
		}
		cell := row.Cell(at)
		switch day := slices.Contains(dayColumns, c.name); {
		case cell.Problem() != "":
			t.refuse(r, c.name, cell.Problem(), "cell", cell.Text)
		case len(cell.Text) > maxCell:
			t.refuse(r, c.name, "field.too_long", "max", maxCell)
		case cell.Kind == spreadsheet.Boolean,
			!day && (cell.Kind == spreadsheet.Date || cell.Kind == spreadsheet.Time || cell.Kind == spreadsheet.Moment),
			c.code() && cell.LooksLikeDate():
			t.refuse(r, c.name, "cell.is_date", "cell", cell.Text)
		}
	}
}

// code reports whether a column holds codes of classes, which spreadsheets
// take for dates.
func (c column) code() bool { return c.header == "Mã lớp" }

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
	sheets, err := s.Sheets(ctx, i.Filename, i.Data)
	if err != nil {
		code := "import.unreadable"
		if e := fault.As(err); e != nil {
			code = e.Code // a known kind of file that is no table
		}
		e := fault.Wrap(err, fault.Invalid, "import.invalid")
		e.Fields = []fault.Field{fault.Wrong("file", code)}
		return none, e
	}
	t, err := openTable(i.Kind, sheets)
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
	if err := p.accounted(t); err != nil {
		return none, fmt.Errorf("import %s: %w", i.ID, err)
	}
	if !slices.ContainsFunc(p.rows, func(r ImportRow) bool { return r.Outcome != RowSkipped }) {
		return none, fault.Form("import.invalid", fault.Wrong("file", "import.empty"))
	}
	return p, nil
}

// accounted holds that each row of the file is taken, refused or skipped: none
// may vanish without being counted.
func (p *plan) accounted(t table) error {
	c := p.counts()
	if n := c.New + c.Changed + c.Same + c.Refused + c.Skipped; n != len(t.rows) || len(p.rows) != len(t.rows) {
		return fmt.Errorf("%d rows in, %d accounted for", len(t.rows), n)
	}
	return nil
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
