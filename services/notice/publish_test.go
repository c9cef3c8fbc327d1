package notice

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

func (m *memory) publish(stamp time.Time) error {
	return m.s.Publish(bg, PublishArgs{NoticeID: "n", Stamp: stamp}, m.s.Atomic.Atomically)
}

func TestPublish(t *testing.T) {
	up := start.Add(-time.Hour)
	for name, c := range map[string]struct {
		change func(*Notice)
		stamp  time.Time
		want   bool
	}{
		"its time":             {func(*Notice) {}, up, true},
		"as stores keep it":    {func(n *Notice) { n.PublishAt = up.Add(999) }, up, true},
		"its time has changed": {func(*Notice) {}, up.Add(-time.Minute), false},
		"to come":              {func(n *Notice) { n.PublishAt = start.Add(time.Hour) }, start.Add(time.Hour), false},
		"withdrawn":            {func(n *Notice) { n.WithdrawnAt = start }, up, false},
		"over":                 {func(n *Notice) { n.EndsAt = start }, up, false},
	} {
		m := newMemory()
		m.add("n", func(n *Notice) { n.Letters, n.Staff = true, true; c.change(n) })
		wantFault(t, name, m.publish(c.stamp), 0, "")
		if (len(m.events) == 1) != c.want || (len(m.letters) > 0) != c.want {
			t.Errorf("%s: told %v, letters to %v", name, m.events, m.letters)
		}
	}
	wantFault(t, "not there", newMemory().publish(up), fault.NotFound, "notice.not_found")
}

// TestLetters go to the staff that a notice is for, once, and one that fails keeps no other back.
func TestLetters(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Notice)
		want   string
	}{
		"to a school":     {func(n *Notice) { n.SchoolID = "s1" }, "hieu lan minh quan so"},
		"to a class":      {func(n *Notice) { n.SchoolID, n.Classes = "s1", []string{"c9"} }, "hieu lan quan so"},
		"to all":          {func(*Notice) {}, "dai hieu lan minh quan so tu"},
		"none wanted":     {func(n *Notice) { n.Letters = false }, ""},
		"to one":          {func(n *Notice) { n.PersonID = "em" }, "em"},
		"to one not here": {func(n *Notice) { n.PersonID = "ai" }, ""},
	} {
		m := newMemory()
		m.add("n", func(n *Notice) { n.Letters = true; c.change(n) })
		wantFault(t, name, m.publish(start.Add(-time.Hour)), 0, "")
		slices.Sort(m.letters)
		if got := strings.Join(m.letters, " "); got != c.want {
			t.Errorf("%s: letters to %q, want %q", name, got, c.want)
		}
		if private := m.notices.Must("n").PersonID != ""; (len(m.events) == 0) != private {
			t.Errorf("%s: webhooks were told %v", name, m.events)
		}
	}
	m := newMemory()
	m.add("n", func(n *Notice) { n.Letters, n.SchoolID = true, "s1" })
	silent := minh
	silent.Email = ""
	_ = m.persons.Save("minh", silent)
	m.badLetter, m.lettered["so"] = "hieu", true
	if err := m.publish(start.Add(-time.Hour)); !errors.Is(err, errDisk) ||
		!strings.Contains(err.Error(), "person hieu") ||
		len(m.events) != 0 {
		t.Errorf("%v, told %v: the job must come again", err, m.events)
	}
	if got := slices.Sorted(slices.Values(m.letters)); !slices.Equal(got, []string{"lan", "quan"}) {
		t.Errorf("letters to %v", got)
	}
	m.badLetter = ""
	if err := m.publish(start.Add(-time.Hour)); err != nil || m.letters[2] != "hieu" || len(m.letters) != 3 ||
		len(m.events) != 1 {
		t.Errorf("again: letters to %v, told %v: %v", m.letters, m.events, err)
	}
	m.readErr = errDisk
	if err := m.publish(start.Add(-time.Hour)); !errors.Is(err, errDisk) {
		t.Errorf("receipts unreadable: %v", err)
	}
	m.readErr, m.s.Letter, m.s.Hook = nil, nil, nil
	wantFault(t, "without mail and webhooks", m.publish(start.Add(-time.Hour)), 0, "")
}

// TestLettersReadStaffPageByPage: 501 of one role are two pages.
func TestLettersReadStaffPageByPage(t *testing.T) {
	m := newMemory()
	m.add("n", func(n *Notice) { n.Letters, n.SchoolID = true, "s7" })
	for i := range 501 {
		p := with(fmt.Sprintf("p%04d", i), "s7", people.Teacher)
		_ = m.persons.Save(p.ID, p)
	}
	if err := m.publish(start.Add(-time.Hour)); err != nil || len(m.letters) != 503 { // and the department's two
		t.Errorf("%d letters: %v", len(m.letters), err)
	}
}

func TestLettersStopWithTheJob(t *testing.T) {
	m := newMemory()
	m.add("n", func(n *Notice) { n.Letters, n.Staff = true, true })
	ctx, cancel := context.WithCancel(bg)
	cancel()
	err := m.s.Publish(ctx, PublishArgs{NoticeID: "n", Stamp: start.Add(-time.Hour)}, m.s.Atomic.Atomically)
	if !errors.Is(err, context.Canceled) || len(m.letters) != 0 {
		t.Errorf("letters to %v: %v", m.letters, err)
	}
}

func TestTell(t *testing.T) {
	for name, c := range map[string]struct {
		n    Notice
		ok   bool
		jobs int
	}{
		"on the page": {
			Notice{PersonID: "lan", Title: " Bài   đã duyệt ", Body: "b", SchoolID: "s9", AuthorID: "x"}, true, 0,
		},
		"by letter too": {Notice{PersonID: "lan", Title: "Bài đã duyệt", Body: "b", Letters: true}, true, 1},
		"to nobody":     {Notice{Title: "a", Body: "b"}, false, 0},
		"no title":      {Notice{PersonID: "lan", Title: " ", Body: "b"}, false, 0},
		"no body":       {Notice{PersonID: "lan", Title: "a"}, false, 0},
	} {
		m := newMemory()
		n, err := m.s.Tell(bg, c.n)
		if !c.ok {
			wantFault(t, name, err, fault.Invalid, "notice.invalid")
			if len(m.notices.All(nil)) != 0 {
				t.Errorf("%s: it was stored", name)
			}
			continue
		}
		if err != nil || n.Title != "Bài đã duyệt" || !n.PublishAt.Equal(start) || n.SchoolID != "" ||
			n.AuthorID != "" ||
			m.notices.Must(n.ID).Title != n.Title || len(m.jobs.Added) != c.jobs {
			t.Errorf("%s: %+v %v, jobs %v", name, n, err, m.jobs.Added)
		}
		if c.jobs == 1 && m.jobs.Added[0].Args != (PublishArgs{n.ID, start}) {
			t.Errorf("%s: job %+v", name, m.jobs.Added[0])
		}
	}
	m := newMemory()
	for runes, want := range map[int]string{150: strings.Repeat("ộ", 150), 151: strings.Repeat("ộ", 149) + "…"} {
		if n, err := m.s.Tell(bg, Notice{PersonID: "lan", Title: strings.Repeat("ộ", runes), Body: "b"}); err != nil ||
			n.Title != want {
			t.Errorf("a title of %d letters became %q: %v", runes, n.Title, err)
		}
	}
}

func TestRecall(t *testing.T) {
	m := newMemory()
	m.add("mine", func(n *Notice) { n.PersonID = "lan" })
	m.add("all", nil)
	m.add("gone", func(n *Notice) { n.PersonID, n.WithdrawnAt = "lan", start.Add(-time.Hour) })
	for _, id := range []string{"mine", "all", "gone", "none"} {
		wantFault(t, id, m.s.Recall(bg, id), 0, "")
	}
	if !m.notices.Must("mine").WithdrawnAt.Equal(start) || !m.notices.Must("all").WithdrawnAt.IsZero() ||
		!m.notices.Must("gone").WithdrawnAt.Equal(start.Add(-time.Hour)) {
		t.Errorf("%+v", m.notices.All(nil))
	}
	m.add("old", func(n *Notice) { n.PersonID, n.PublishAt = "lan", start.Add(-48*time.Hour) })
	if n, err := m.s.ForgetPersonal(bg, start.Add(-24*time.Hour), 10); n != 1 || err != nil ||
		len(m.notices.All(nil)) != 3 {
		t.Errorf("%d forgotten: %v", n, err)
	}
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAttach(t *testing.T) {
	data := picture(t)
	m := newMemory()
	m.add("n", func(n *Notice) { n.SchoolID = "s1" })
	for _, p := range everyone {
		if slices.Contains([]string{"hieu", "so", "quan"}, p.ID) {
			continue
		}
		_, err := m.s.Attach(bg, p, "n", "a.png", data)
		wantFault(t, p.ID, err, fault.Forbidden, "access.denied")
	}
	_, err := m.s.Attach(bg, head, "none", "a.png", data)
	wantFault(t, "no notice", err, fault.NotFound, "notice.not_found")
	if _, err = m.s.Attach(bg, head, "n", "a.png", []byte("<script>")); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no picture: %v", err)
	}
	for i := range MaxFiles {
		a, err := m.s.Attach(bg, head, "n", "../Lịch thi.exe", data)
		if err != nil || a.Type != "image/png" || strings.ContainsAny(a.Name, "/") || a.Key != "notices/n/"+a.ID ||
			m.stored[a.Key] != a.Size ||
			a.NoticeID != "n" ||
			!strings.HasSuffix(m.log.Last(), "file "+a.ID+" added") {
			t.Fatalf("file %d: %+v %v", i, a, err)
		}
	}
	_, err = m.s.Attach(bg, head, "n", "a.png", data)
	wantFault(t, "the sixth", err, fault.Conflict, "notice.too_many_files")
	if len(m.stored) != MaxFiles || len(m.files.All(nil)) != MaxFiles || MaxFiles != 5 {
		t.Errorf("%d objects, %d rows", len(m.stored), len(m.files.All(nil)))
	}
	m.putErr = errDisk
	if _, err = m.s.Attach(bg, head, "n", "a.png", data); !errors.Is(err, errDisk) {
		t.Errorf("storage is full: %v", err)
	}
}

func TestFile(t *testing.T) {
	m := newMemory()
	m.add("n", func(n *Notice) { n.Staff = true })
	_ = m.files.Save("f", Attachment{ID: "f", NoticeID: "n"})
	_ = m.files.Save("other", Attachment{ID: "other", NoticeID: "n2"})
	for _, c := range []struct {
		p    people.Person
		id   string
		code string
	}{{lan, "f", ""}, {lan, "other", "notice.not_found"}, {lan, "none", "notice.not_found"}, {student, "f",
		"notice.not_found"}} {
		a, err := m.s.File(bg, Reader{Person: c.p}, "n", c.id)
		wantFault(t, c.p.ID+" "+c.id, err, fault.NotFound, c.code)
		if (a.ID == c.id) != (c.code == "") {
			t.Errorf("%s %s: %+v", c.p.ID, c.id, a)
		}
	}
}

// TestHTML: what a body may hold, and what is left of everything else.
func TestHTML(t *testing.T) {
	for body, want := range map[string]string{
		"# Một\n## Hai":             "<h3>Một</h3>\n<h4>Hai</h4>\n",
		"###### Sáu":                "<h6>Sáu</h6>\n",
		"*a* **b** ~~c~~":           "<p><em>a</em> <strong>b</strong> <del>c</del></p>\n",
		"<script>alert(1)</script>": "\n",
		"a <b onclick=x>b</b>":      "<p>a b</p>\n",
		"![x](https://x.vn/a.png)":  "<p></p>\n",
		"[x](javascript:alert)":     "<p>x</p>\n",
		"[x](data:text/html,a)":     "<p>x</p>\n",
		"[x](https://so.vn)":        "<p><a href=\"https://so.vn\" rel=\"nofollow noreferrer\">x</a></p>\n",
		"[x](//so.vn)":              "<p>x</p>\n",
		"[![y](a.png)](//so.vn)":    "<p></p>\n",
		"[x](/)":                    "<p><a href=\"/\" rel=\"nofollow noreferrer\">x</a></p>\n",
		"[x](#muc)":                 "<p><a href=\"#muc\" rel=\"nofollow noreferrer\">x</a></p>\n",
		"[x](/lich)":                "<p><a href=\"/lich\" rel=\"nofollow noreferrer\">x</a></p>\n",
		"|a|\n|-|\n|b|":             "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>b</td>\n</tr>\n</tbody>\n</table>\n",
	} {
		got, err := HTML(body)
		if err != nil || strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("%q: %q %v, want %q", body, got, err, want)
		}
	}
	if got := Plain(" *a*\n\n"); got != "*a*" {
		t.Errorf("plain %q", got)
	}
}
