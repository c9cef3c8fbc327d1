package worksheet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// TestAddKeepsFileAndRow with what the file really is.
func TestAddKeepsFileAndRow(t *testing.T) {
	m := newMemory()
	pdf := m.add(t, "l", `C:\bài\Phiếu số 1.pdf`, paper)
	picture := m.add(t, "l", "trang.pdf", string(pngOf(t, 30, 20)))
	sum := sha256.Sum256([]byte(paper))
	want := Worksheet{ID: "id-1", LessonID: "l", Name: "Phiếu số 1.pdf", Type: TypePDF,
		Key:  "lessons/l/attachments/id-1",
		Size: int64(len(paper)), SHA256: hex.EncodeToString(sum[:]), By: "lan", At: m.now}
	if pdf != want {
		t.Errorf("%+v, want %+v", pdf, want)
	}
	if picture.Name != "trang.pdf.png" || picture.Type != TypePNG || picture.Width != 30 || picture.Height != 20 {
		t.Errorf("%+v", picture)
	}
	if text, _ := m.files.Text(pdf.Key); text != paper {
		t.Errorf("stored %q", text)
	}
	o, err := m.files.Head(t.Context(), picture.Key)
	if err != nil || o.ContentType != TypePNG || o.Size != picture.Size || o.Meta["sha256"] != picture.SHA256 {
		t.Errorf("stored as %+v, %v", o, err)
	}
	if !slices.Equal(m.rows, []Worksheet{pdf, picture}) {
		t.Errorf("rows %+v", m.rows)
	}
	if len(m.log) != 2 || m.log[0].Subject != "lesson:l" || m.log[0].Actor != "lan" ||
		m.log[0].Detail != "worksheet id-1 added" ||
		m.log[0].Action != string(people.EditLesson) || !m.log[0].At.Equal(m.now) {
		t.Errorf("audit %+v", m.log)
	}
	if !slices.Equal(m.marked, []string{"lan l worksheets", "lan l worksheets"}) {
		t.Errorf("marked %v", m.marked)
	}
	keys, err := m.s.Keys(t.Context(), "l")
	if err != nil || !slices.Equal(keys, []string{pdf.Key, picture.Key}) {
		t.Errorf("keys %v, %v", keys, err)
	}
}

// TestPhotosAreStrippedBeforeTheyAreStored; size and hash are those of what is stored.
func TestPhotosAreStrippedBeforeTheyAreStored(t *testing.T) {
	m := newMemory()
	plain := string(pngOf(t, 30, 20))
	w := m.add(t, "l", "a.png", plain+"điện thoại của cô Hà")
	text, _ := m.files.Text(w.Key)
	sum := sha256.Sum256([]byte(text))
	if strings.Contains(text, "cô Hà") || w.Size != int64(len(text)) || w.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("%+v of %d bytes", w, len(text))
	}
}

func TestAddRefuses(t *testing.T) {
	full := func(n int) func(*memory) {
		return func(m *memory) {
			for range n {
				m.rows = append(m.rows, Worksheet{LessonID: "l"})
			}
		}
	}
	for name, c := range map[string]struct {
		by      people.Person
		lesson  string
		data    string
		prepare func(*memory)
		code    string
	}{
		"anybody":         {people.Person{}, "l", paper, nil, "access.denied"},
		"another teacher": {person("tu", people.Teacher), "l", paper, nil, "access.denied"},
		"a reviewer":      {person("cv", people.Reviewer), "l", paper, nil, "access.denied"},
		"no such lesson":  {lan, "none", paper, nil, "lesson.not_found"},
		"no worksheet":    {lan, "l", "MZ", nil, "worksheet.unknown_type"},
		"nothing":         {lan, "l", "", nil, "worksheet.empty"},
		"one too many":    {lan, "l", paper, full(20), "worksheet.too_many"},
		"over the quota": {lan, "l", paper, func(m *memory) { m.quota = int64(len(paper)) - 1 },
			"upload.over_quota"},
		"the last that fits": {lan, "l", paper, full(19), ""},
		"just the quota":     {lan, "l", paper, func(m *memory) { m.quota = int64(len(paper)) }, ""},
		"an admin":           {person("a", people.Admin), "l", paper, nil, ""},
		"who uploaded it": {person("dai", people.Station), "l", paper, func(m *memory) {
			l := m.lessons["l"]
			l.UploaderID = "dai"
			m.lessons["l"] = l
		}, ""},
		"without a quota": {lan, "l", paper, func(m *memory) { m.s.Fits, m.quota = nil, 0 }, ""},
	} {
		m := newMemory()
		if c.prepare != nil {
			c.prepare(m)
		}
		before := len(m.rows)
		_, err := m.s.Add(t.Context(), c.by, c.lesson, "a.pdf", []byte(c.data))
		if c.code == "" && (err != nil || len(m.rows) != before+1) {
			t.Errorf("%s: %v", name, err)
		}
		if c.code != "" && (!fault.Is(err, c.code) || len(m.rows) != before || m.files.Calls("Put") != 0) {
			t.Errorf("%s: %v; %d rows, %d objects", name, err, len(m.rows)-before, m.files.Calls("Put"))
		}
	}
}

// TestLimitsHoldAgainWhenItCounts: another tab took the last place, or the rest of the quota, while the file was
// stored.
func TestLimitsHoldAgainWhenItCounts(t *testing.T) {
	for code, meanwhile := range map[string]func(*memory){
		"worksheet.too_many": func(m *memory) { m.rows = make([]Worksheet, 20); m.rows = filled(m.rows) },
		"upload.over_quota":  func(m *memory) { m.quota = 1 },
		"lesson.not_found":   func(m *memory) { delete(m.lessons, "l") },
	} {
		m := newMemory()
		m.files.Fail = func(call, _ string) error {
			if call == "Put" {
				meanwhile(m)
			}
			return nil
		}
		_, err := m.s.Add(t.Context(), lan, "l", "a.pdf", []byte(paper))
		if !fault.Is(err, code) || len(m.files.Keys("")) != 0 {
			t.Errorf("%s: %v, objects %v", code, err, m.files.Keys(""))
		}
	}
}

func filled(rows []Worksheet) []Worksheet {
	for i := range rows {
		rows[i].LessonID = "l"
	}
	return rows
}

// TestAddThatFailsLeavesNothing, whichever step fails; not even when the browser has gone.
func TestAddThatFailsLeavesNothing(t *testing.T) {
	for _, call := range []string{"Worksheets", "Lock", "SaveWorksheet", "MarkForRereview", "Append"} {
		m := newMemory()
		m.fail[call] = errDown
		ctx, stop := context.WithCancel(t.Context())
		m.gone = stop // as the transaction fails
		_, err := m.s.Add(ctx, lan, "l", "a.pdf", []byte(paper))
		if !errors.Is(err, errDown) || len(m.rows) != 0 || len(m.log) != 0 || len(m.files.Keys("")) != 0 {
			t.Errorf("%s: %v; rows %v, objects %v", call, err, m.rows, m.files.Keys(""))
		}
	}
	m := newMemory()
	m.files.Fail = func(string, string) error { return errDown }
	if _, err := m.s.Add(t.Context(), lan, "l", "a.pdf", []byte(paper)); !errors.Is(err, errDown) || len(m.rows) != 0 {
		t.Errorf("storage: %v", err)
	}
}

// TestOnePictureIsDecodedAtATime, and who does not want to wait any more does not.
func TestOnePictureIsDecodedAtATime(t *testing.T) {
	m := newMemory()
	m.s.checking <- struct{}{} // somebody else's is being decoded
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := m.s.Add(ctx, lan, "l", "a.pdf", []byte(paper)); !errors.Is(err, context.Canceled) {
		t.Errorf("while another is decoded: %v", err)
	}
	<-m.s.checking
	m.add(t, "l", "a.pdf", paper)
	m.add(t, "l", "b.pdf", paper) // the first has made place
}

func TestWhoReadsWorksheets(t *testing.T) {
	student, head := person("em", people.Student), person("hp", people.Head)
	other := person("tu", people.Teacher)
	for name, c := range map[string]struct {
		by         people.Person
		lesson     string
		down       bool
		list, read string
	}{
		"anybody, published":            {people.Person{}, "l", false, "", ""},
		"a student, published":          {student, "l", false, "", ""},
		"anybody, a draft":              {people.Person{}, "d", false, "lesson.not_found", "lesson.not_found"},
		"a student, a draft":            {student, "d", false, "access.denied", "access.denied"},
		"another teacher, a draft":      {other, "d", false, "access.denied", "access.denied"},
		"its teacher, a draft":          {lan, "d", false, "", ""},
		"its school's head, a draft":    {head, "d", false, "", ""},
		"anybody, taken down":           {people.Person{}, "l", true, "lesson.not_found", "lesson.not_found"},
		"its teacher, taken down":       {lan, "l", true, "", "access.denied"},
		"its school's head, taken down": {head, "l", true, "", "access.denied"},
		"a reviewer, taken down":        {person("cv", people.Reviewer), "l", true, "", ""},
		"no such lesson":                {lan, "none", false, "lesson.not_found", "lesson.not_found"},
	} {
		m := newMemory()
		w := m.add(t, "l", "a.pdf", paper)
		if c.lesson == "d" {
			w = m.add(t, "d", "a.pdf", paper)
		}
		if c.down {
			l := m.lessons["l"]
			l.TakenDownAt = m.now
			m.lessons["l"] = l
		}
		list, err := m.s.List(t.Context(), c.by, c.lesson)
		if c.list == "" && (err != nil || !slices.Equal(list, []Worksheet{w})) || c.list != "" &&
			!fault.Is(err, c.list) {
			t.Errorf("%s: list %v, %v", name, list, err)
		}
		got, err := m.s.Read(t.Context(), c.by, c.lesson, w.ID)
		if c.read == "" && (err != nil || got != w) || c.read != "" && !fault.Is(err, c.read) {
			t.Errorf("%s: read %v, %v", name, got, err)
		}
	}
	m := newMemory()
	w := m.add(t, "d", "a.pdf", paper)
	if _, err := m.s.Read(t.Context(), people.Person{}, "l", w.ID); !fault.Is(err, "worksheet.not_found") {
		t.Errorf("a draft's worksheet at another lesson's address: %v", err)
	}
}

func TestDelete(t *testing.T) {
	m := newMemory()
	w, other := m.add(t, "l", "a.pdf", paper), m.add(t, "l", "b.pdf", paper)
	if err := m.s.Delete(t.Context(), person("tu", people.Teacher), "l", w.ID); !fault.Is(err, "access.denied") {
		t.Errorf("another teacher: %v", err)
	}
	if err := m.s.Delete(t.Context(), lan, "d", w.ID); !fault.Is(err, "worksheet.not_found") {
		t.Errorf("at another lesson's address: %v", err)
	}
	for _, call := range []string{"Lock", "DeleteWorksheet", "MarkForRereview", "Append"} {
		m.fail = map[string]error{call: errDown}
		if err := m.s.Delete(t.Context(), lan, "l", w.ID); !errors.Is(err, errDown) || len(m.rows) != 2 ||
			len(m.files.Keys("")) != 2 {
			t.Errorf("%s: %v, %d rows", call, err, len(m.rows))
		}
	}
	m.fail, m.marked, m.log = nil, nil, nil
	if err := m.s.Delete(t.Context(), lan, "l", w.ID); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.rows, []Worksheet{other}) || !slices.Equal(m.files.Keys(""), []string{other.Key}) {
		t.Errorf("left %v and %v", m.rows, m.files.Keys(""))
	}
	if len(m.marked) != 1 || len(m.log) != 1 || m.log[0].Detail != "worksheet "+w.ID+" removed" {
		t.Errorf("marked %v, audit %+v", m.marked, m.log)
	}
	m.files.Fail = func(string, string) error { return errDown }
	if err := m.s.Delete(t.Context(), lan, "l", other.ID); !errors.Is(err, errDown) ||
		!strings.Contains(err.Error(), other.ID) {
		t.Errorf("storage: %v", err)
	}
}

func TestForget(t *testing.T) {
	m := newMemory()
	m.add(t, "l", "a.pdf", paper)
	other := m.add(t, "d", "b.pdf", paper)
	if err := m.s.Forget(t.Context(), "l"); err != nil || !slices.Equal(m.rows, []Worksheet{other}) {
		t.Errorf("left %v, %v", m.rows, err)
	}
}
