package notice

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

func TestNoticeIsChecked(t *testing.T) {
	good := Notice{Title: "Lịch thi", Body: "Xem bảng."}
	for name, c := range map[string]struct {
		change func(*Notice)
		fields []string
	}{
		"good": {func(*Notice) {}, nil},
		"longest": {
			func(n *Notice) { n.Title, n.Body = strings.Repeat("ộ", 150), strings.Repeat("ộ", 20000) }, nil,
		},
		"title too long": {func(n *Notice) { n.Title = strings.Repeat("ộ", 151) }, []string{"title: field.too_long"}},
		"body too long":  {func(n *Notice) { n.Body = strings.Repeat("ộ", 20001) }, []string{"body: field.too_long"}},
		"blank": {
			func(n *Notice) { n.Title, n.Body = " \n", " \n" },
			[]string{"title: field.required", "body: field.required"},
		},
		"illegible": {
			func(n *Notice) { n.Title, n.Body = "\u202e", "\xff" },
			[]string{"title: field.bad_text", "body: field.bad_text"},
		},
		"ends as it begins": {func(n *Notice) { n.EndsAt = start }, []string{"endsAt: notice.ends_before"}},
		"ends after":        {func(n *Notice) { n.EndsAt = start.Add(1) }, nil},
		"grades 1 and 12":   {func(n *Notice) { n.Grades = []int{12, 1, 12} }, nil},
		"grade 0":           {func(n *Notice) { n.Grades = []int{0} }, []string{"grades: field.unreadable"}},
		"grade 13":          {func(n *Notice) { n.Grades = []int{13} }, []string{"grades: field.unreadable"}},
		"200 classes":       {func(n *Notice) { n.Classes = slices.Repeat([]string{"c9"}, 200) }, nil},
		"201 classes": {
			func(n *Notice) { n.Classes = slices.Repeat([]string{"c9"}, 201) },
			[]string{"classes: notice.too_many_classes"},
		},
	} {
		m := newMemory()
		n := good
		c.change(&n)
		n, err := m.s.Save(bg, reviewer, n)
		if c.fields != nil {
			wantFault(t, name, err, fault.Invalid, "notice.invalid", c.fields...)
			if len(m.notices.All(nil)) != 0 || len(m.jobs.Added) != 0 {
				t.Errorf("%s: something was stored", name)
			}
			continue
		}
		wantFault(t, name, err, 0, "")
		if !slices.IsSorted(n.Grades) || len(n.Grades) > 2 || n.Title != strings.TrimSpace(n.Title) {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

func TestWhoWritesToWhom(t *testing.T) {
	for name, c := range map[string]struct {
		by      people.Person
		at      string
		classes []string
		kind    fault.Kind
		code    string
	}{
		"the department to all":         {reviewer, "", nil, 0, ""},
		"to a school":                   {admin, "s2", nil, 0, ""},
		"to classes of several schools": {reviewer, "", []string{"c9", "x9"}, 0, ""},
		"a head to the school":          {head, "s1", []string{"c9", "c8"}, 0, ""},
		"a head to all":                 {head, "", nil, fault.Forbidden, "access.denied"},
		"a head to another school":      {head, "s2", nil, fault.Forbidden, "access.denied"},
		"a head to another's class":     {head, "s1", []string{"c9", "x9"}, fault.Invalid, "notice.invalid"},
		"to a class not there":          {head, "s1", []string{"c0"}, fault.NotFound, "class.not_found"},
		"a teacher":                     {lan, "s1", nil, fault.Forbidden, "access.denied"},
		"the station":                   {station, "", nil, fault.Forbidden, "access.denied"},
		"a student":                     {student, "s1", nil, fault.Forbidden, "access.denied"},
		"nobody":                        {people.Person{}, "", nil, fault.Forbidden, "access.denied"},
	} {
		m := newMemory()
		n, err := m.s.Save(bg, c.by, Notice{Title: "a", Body: "b", SchoolID: c.at, Classes: c.classes})
		wantFault(t, name, err, c.kind, c.code)
		if c.code != "" {
			continue
		}
		if n.AuthorID != c.by.ID || !n.CreatedAt.Equal(start) || !n.PublishAt.Equal(start) ||
			!n.ChangedAt.Equal(start) {
			t.Errorf("%s: %+v", name, n)
		}
		if want := c.by.ID + " notice.write notice:" + n.ID + " written"; m.log.Last() != want {
			t.Errorf("%s: logged %q", name, m.log.Last())
		}
		if j := m.jobs.Added; len(j) != 1 || j[0].Args != (PublishArgs{n.ID, start}) ||
			j[0].Subject != "notice:"+n.ID ||
			!j[0].RunAt.Equal(start) {
			t.Errorf("%s: jobs %+v", name, j)
		}
	}
}

// TestWhenANoticeGoesUp: a past time of a new one is now; what is on show stays so since when it was.
func TestWhenANoticeGoesUp(t *testing.T) {
	for name, c := range map[string]struct {
		was, asked, want time.Time // was: zero for a new one
	}{
		"new, now":                    {time.Time{}, time.Time{}, start},
		"new, in the past":            {time.Time{}, start.Add(-time.Hour), start},
		"new, later":                  {time.Time{}, start.Add(time.Hour), start.Add(time.Hour)},
		"on show, later":              {start.Add(-time.Hour), start.Add(time.Hour), start.Add(-time.Hour)},
		"on show in this very moment": {start, start.Add(time.Hour), start},
		"to come, later":              {start.Add(time.Hour), start.Add(2 * time.Hour), start.Add(2 * time.Hour)},
		"to come, now":                {start.Add(time.Hour), time.Time{}, start},
	} {
		m := newMemory()
		n := Notice{Title: "a", Body: "b", PublishAt: c.asked}
		if !c.was.IsZero() {
			m.add("n", func(n *Notice) { n.PublishAt, n.AuthorID = c.was, "first" })
			n.ID = "n"
		}
		n, err := m.s.Save(bg, reviewer, n)
		if err != nil || !n.PublishAt.Equal(c.want) || !m.jobs.Added[0].RunAt.Equal(c.want) {
			t.Errorf("%s: up at %v, jobs %+v %v", name, n.PublishAt, m.jobs.Added, err)
		}
		if !c.was.IsZero() &&
			(n.AuthorID != "first" || !n.CreatedAt.Equal(start.Add(-time.Hour)) ||
				!strings.HasSuffix(m.log.Last(), "changed")) {
			t.Errorf("%s: %+v, logged %q", name, n, m.log.Last())
		}
	}
}

func TestChangingANotice(t *testing.T) {
	m := newMemory()
	m.add("s1", func(n *Notice) { n.SchoolID = "s1" })
	m.add("gone", func(n *Notice) { n.WithdrawnAt = start })
	m.add("mine", func(n *Notice) { n.PersonID = "so" })
	change := func(by people.Person, id, at string) error {
		_, err := m.s.Save(bg, by, Notice{ID: id, Title: "a", Body: "b", SchoolID: at})
		return err
	}
	wantFault(t, "its head", change(head, "s1", ""), 0, "")
	if m.notices.Must("s1").SchoolID != "s1" {
		t.Error("a school's notice became the province's")
	}
	wantFault(
		t,
		"another school's head",
		change(with("ha", "s2", people.Head), "s1", "s2"),
		fault.Forbidden,
		"access.denied",
	)
	wantFault(t, "withdrawn", change(reviewer, "gone", ""), fault.Conflict, "notice.withdrawn")
	wantFault(t, "of the system", change(reviewer, "mine", ""), fault.NotFound, "notice.not_found")
	wantFault(t, "not there", change(reviewer, "none", ""), fault.NotFound, "notice.not_found")
	m.log.Err = errDisk
	if err := change(reviewer, "s1", ""); !errors.Is(err, errDisk) || len(m.jobs.Added) != 1 {
		t.Errorf("changed without being logged: %v", err)
	}
}

func TestWithdraw(t *testing.T) {
	for _, p := range everyone {
		m := newMemory()
		m.add("n", func(n *Notice) { n.SchoolID = "s1" })
		n, err := m.s.Withdraw(bg, p, "n")
		if !slices.Contains([]string{"hieu", "so", "quan"}, p.ID) {
			wantFault(t, p.ID, err, fault.Forbidden, "access.denied")
			continue
		}
		if err != nil || !n.WithdrawnAt.Equal(start) || !slices.Equal(m.events, []string{"notice.withdrawn n"}) {
			t.Errorf("%s: %+v %v, told %v", p.ID, n, err, m.events)
		}
		m.now = start.Add(time.Hour)
		if n, err = m.s.Withdraw(bg, p, "n"); err != nil || !n.WithdrawnAt.Equal(start) || len(m.events) != 1 ||
			len(m.log.List) != 1 {
			t.Errorf("%s, again: %+v %v", p.ID, n, err)
		}
	}
	m := newMemory()
	m.add("mine", func(n *Notice) { n.PersonID = "so" })
	_, err := m.s.Withdraw(bg, reviewer, "mine")
	wantFault(t, "of the system", err, fault.Forbidden, "access.denied")
	_, err = m.s.Withdraw(bg, reviewer, "none")
	wantFault(t, "not there", err, fault.NotFound, "notice.not_found")
}

// TestWhoSeesANotice: to others it is not there.
func TestWhoSeesANotice(t *testing.T) {
	const writers = "so quan"
	for name, c := range map[string]struct {
		change func(*Notice)
		want   string // "-" is nobody
	}{
		"to all": {func(*Notice) {}, "- lan minh tu hieu so dai quan em"},
		// open to all who ask
		"to grade 8":   {func(n *Notice) { n.Grades = []int{8} }, "- lan minh tu hieu so dai quan em"},
		"to come":      {func(n *Notice) { n.PublishAt = start.Add(1) }, writers},
		"over":         {func(n *Notice) { n.EndsAt = start }, writers},
		"withdrawn":    {func(n *Notice) { n.WithdrawnAt = start }, writers},
		"to staff":     {func(n *Notice) { n.Staff = true }, "lan minh tu hieu so dai quan"},
		"to a school":  {func(n *Notice) { n.SchoolID = "s1" }, "lan minh hieu so quan em"},
		"to a class":   {func(n *Notice) { n.SchoolID, n.Classes = "s1", []string{"c9"} }, "lan hieu so quan em"},
		"to one":       {func(n *Notice) { n.PersonID = "lan" }, "lan"},
		"to one, over": {func(n *Notice) { n.PersonID, n.WithdrawnAt = "lan", start }, ""},
	} {
		m := newMemory()
		m.add("n", c.change)
		var see, listed []string
		for _, p := range everyone {
			r, err := m.s.Reader(bg, p, 0)
			if err != nil {
				t.Fatal(err)
			}
			who := p.ID
			if who == "" {
				who = "-"
			}
			if _, err = m.s.Get(bg, r, "n"); err == nil {
				see = append(see, who)
			} else {
				wantFault(t, name, err, fault.NotFound, "notice.not_found")
			}
			list, err := m.s.Latest(bg, p, 0, 5)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 1 {
				listed = append(listed, who)
			}
		}
		if got := strings.Join(see, " "); got != c.want {
			t.Errorf("%s: seen by %q, want %q", name, got, c.want)
		}
		if n := m.notices.Must("n"); !n.Shown(start) && len(listed) > 0 {
			t.Errorf("%s: listed for %v", name, listed)
		}
	}
}

func TestLatestIsBounded(t *testing.T) {
	m := newMemory()
	for _, id := range []string{"a", "b", "c"} {
		m.add(id, nil)
	}
	m.add("b", func(n *Notice) { n.Staff = true })
	list, err := m.s.Latest(bg, student, 0, 2)
	if err != nil || len(list) != 2 || list[0].ID != "a" || list[1].ID != "c" {
		t.Errorf("%+v %v", list, err)
	}
	if m.filter.Person != "em" || !m.filter.At.Equal(start) || m.filter.Limit != 500 {
		t.Errorf("looked through %+v", m.filter)
	}
	m.readErr = errDisk
	if _, err = m.s.Latest(bg, student, 0, 2); !errors.Is(err, errDisk) {
		t.Errorf("classes unreadable: %v", err)
	}
	if _, err = m.s.For(bg, Reader{}, 2); !errors.Is(err, errDisk) {
		t.Errorf("notices unreadable: %v", err)
	}
}

// TestReader: a student's own class wins over the grade chosen on the device.
func TestReader(t *testing.T) {
	m := newMemory()
	for _, c := range []struct {
		p       people.Person
		grade   int
		classes string
	}{{student, 9, "c9"}, {with("moi", "s1", people.Student), 5, ""}, {lan, 5, "c9"}, {reviewer, 5, ""},
		{people.Person{},
			5, ""}} {
		r, err := m.s.Reader(bg, c.p, 5)
		if err != nil || r.Grade != c.grade || strings.Join(r.Classes, " ") != c.classes || r.Person.ID != c.p.ID {
			t.Errorf("%s: %+v %v", c.p.ID, r, err)
		}
	}
	if m.day != "2026-12-01" {
		t.Errorf("classes of %s; in Hà Nội it is the first of December", m.day)
	}
	m.readErr = errDisk
	for _, p := range []people.Person{student, lan} {
		if _, err := m.s.Reader(bg, p, 0); !errors.Is(err, errDisk) {
			t.Errorf("%s, classes unreadable: %v", p.ID, err)
		}
	}
}

func TestWritten(t *testing.T) {
	for _, p := range everyone {
		m := newMemory()
		_, err := m.s.Written(bg, p, "x", 7)
		where, may := map[string]string{"so": "", "quan": "", "hieu": "s1"}[p.ID]
		if !may {
			wantFault(t, p.ID, err, fault.Forbidden, "access.denied")
			continue
		}
		if err != nil || m.filter.School != where || m.filter.Before != "x" || m.filter.Limit != 7 ||
			m.filter.Person != "" {
			t.Errorf("%s: %+v %v", p.ID, m.filter, err)
		}
	}
}

func TestReceipts(t *testing.T) {
	m := newMemory()
	m.add("n", func(n *Notice) { n.SchoolID = "s1" })
	m.add("all", nil)
	read := func(p people.Person, id string) error { return m.s.Read(bg, Reader{Person: p}, id) }
	wantFault(t, "a teacher", read(lan, "n"), 0, "")
	wantFault(t, "whom it is not for", read(tu, "n"), fault.NotFound, "notice.not_found")
	wantFault(t, "a student", read(student, "n"), fault.Forbidden, "access.denied")
	wantFault(t, "nobody", read(people.Person{}, "all"), fault.Forbidden, "access.denied")
	left := with("nghi", "s1", people.Teacher)
	left.Active = false
	both := with("ca", "s1", people.Head)
	both.Grants = append(both.Grants, people.Grant{Role: people.Teacher, School: "s1"})
	_ = m.persons.Save("nghi", left)
	_ = m.persons.Save("ca", both)
	_ = m.persons.Save(people.OperatorID, people.Operator())
	for _, p := range everyone {
		got, err := m.s.Readers(bg, p, "n")
		if !slices.Contains([]string{"hieu", "so", "quan"}, p.ID) {
			wantFault(t, p.ID, err, fault.Forbidden, "access.denied")
			continue
		}
		var unread []string
		for _, u := range got.Unread {
			unread = append(unread, u.ID)
		}
		slices.Sort(unread)
		if err != nil || len(got.Read) != 1 || got.Read[0].Person.ID != "lan" || !got.Read[0].At.Equal(start) ||
			strings.Join(unread, " ") != "ca hieu minh quan so" {
			t.Errorf("%s: %+v, not read by %v: %v", p.ID, got.Read, unread, err)
		}
	}
	_, err := m.s.Readers(bg, reviewer, "none")
	wantFault(t, "not there", err, fault.NotFound, "notice.not_found")
	m.readErr = errDisk
	if _, err = m.s.Readers(bg, reviewer, "n"); !errors.Is(err, errDisk) {
		t.Errorf("receipts unreadable: %v", err)
	}
}
