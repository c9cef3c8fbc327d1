package question

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

var bg = context.Background()

func (d *desk) mustAsk(t *testing.T, by people.Person, text string) Question {
	t.Helper()
	q, err := d.s.Ask(bg, by, "l", text, NoMoment)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// TestWhoMayAskAndRead: only the lesson's own classes and their teachers may.
func TestWhoMayAskAndRead(t *testing.T) {
	away := binh
	away.Grants = []people.Grant{{Role: people.Teacher, School: "s2"}}
	gone := em
	gone.Active = false
	for _, c := range []struct {
		name                        string
		by                          people.Person
		mayAsk, read, moderate, set bool
	}{
		{"nobody", nobody, false, false, false, false},
		{"a student of the class", em, true, true, false, false},
		{"a deactivated student", gone, false, false, false, false},
		{"a student of another class", la, false, false, false, false},
		{"the teacher", lan, false, true, true, true},
		{"another teacher of the class", binh, true, true, false, false},
		{"who left the school", away, false, false, false, false},
		{"who taught with her last year", cu, false, false, false, false},
		{"the head", head, false, true, true, true},
		{"a reviewer", reviewer, false, false, false, false},
		{"the administrator", admin, false, false, false, true},
	} {
		d := newDesk()
		b, err := d.s.Board(bg, c.by, "l")
		if err != nil {
			t.Fatal(err)
		}
		if page, err := d.s.OfLesson(bg, c.by, d.lessons["l"]); err != nil || !reflect.DeepEqual(page, b) {
			t.Errorf("%s: the lesson's page shows %+v, not %+v: %v", c.name, page, b, err)
		}
		if b.Ask != c.mayAsk || b.Read != c.read || b.Moderate != c.moderate || b.Set != c.set {
			t.Errorf("%s: ask %v, read %v, moderate %v, set %v", c.name, b.Ask, b.Read, b.Moderate, b.Set)
		}
		d.settings["l"] = Setting{LessonID: "l", On: true}
		d.questions = []Question{{ID: "q", LessonID: "l", PersonID: "ban", Text: "Vì sao?", State: Waiting,
			CreatedAt: d.now}}
		for what, try := range map[string]struct {
			may bool
			do  func() error
		}{
			"ask": {c.mayAsk, func() error {
				_,
					err := d.s.Ask(bg, c.by, "l", "Bài này ở trang nào?", 5)
				return err
			}},
			"list":   {c.moderate, func() error { _, err := d.s.List(bg, c.by, "l", "", "", 10); return err }},
			"show":   {c.moderate, func() error { _, err := d.s.Show(bg, c.by, "q"); return err }},
			"hide":   {c.moderate, func() error { _, err := d.s.Hide(bg, c.by, "q", "Hỏi lại nhé"); return err }},
			"answer": {c.moderate, func() error { _, err := d.s.Answer(bg, c.by, "q", "Vì thế"); return err }},
			"set":    {c.set, func() error { return d.s.Set(bg, c.by, "l", true) }},
		} {
			if err := try.do(); (err == nil) != try.may {
				t.Errorf("%s, %s: %v", c.name, what, err)
			}
		}
		if err := d.s.Delete(bg, c.by, "q"); (err == nil) != c.moderate {
			t.Errorf("%s deletes another's: %v", c.name, err)
		}
	}
	d := newDesk()
	if _, err := d.s.Board(bg, em, "draft"); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a draft's: %v", err)
	}
	if _, err := d.s.Board(bg, nobody, "draft"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a draft's, to nobody: %v", err)
	}
}

func TestQuestionsAreOffUntilTurnedOn(t *testing.T) {
	d := newDesk()
	if _, err := d.s.Ask(bg, em, "l", "Vì sao?", NoMoment); !fault.Is(err, "question.off") {
		t.Fatal(err)
	}
	for range 2 { // turning on twice is one turning on
		if err := d.s.Set(bg, lan, "l", true); err != nil {
			t.Fatal(err)
		}
	}
	if len(d.log) != 1 || d.log[0].Detail != "questions on" || d.log[0].Subject != "lesson:l" {
		t.Errorf("%+v", d.log)
	}
	q := d.mustAsk(t, em, "Vì sao?")
	if err := d.s.Set(bg, head, "l", false); err != nil {
		t.Fatal(err)
	}
	if b, err := d.s.Board(bg, em, "l"); err != nil || b.On || len(b.Questions) != 0 {
		t.Errorf("%+v %v", b, err)
	}
	if list, err := d.s.List(bg, lan, "l", Waiting, "", 10); err != nil || len(list) != 1 || list[0].ID != q.ID {
		t.Errorf("the teacher keeps them: %+v %v", list, err)
	}
}

func TestAskValidatesInput(t *testing.T) {
	for _, c := range []struct {
		name, text string
		at         float64
		field      string // that is wrong; "" when none is
	}{
		{"plain", "  Vì sao?\r\nEm chưa rõ. ", NoMoment, ""},
		{"at the very end", "Vì sao?", 600, ""},
		{"beyond the end", "Vì sao?", 600.5, "at"},
		{"before the start", "Vì sao?", -3, "at"},
		{"empty", " \r\n\t ", 3, "text"},
		{"longest", strings.Repeat("ộ", MaxText), 3, ""},
		{"too long", strings.Repeat("ộ", MaxText+1), 3, "text"},
		{"reversed letters", "a\u202eb", 3, "text"},
		{"broken letters", "a\xff", 3, "text"},
		{"markup is text", "<script>alert(1)</script>", 3, ""},
	} {
		d := newDesk()
		d.settings["l"] = Setting{LessonID: "l", On: true}
		q, err := d.s.Ask(bg, em, "l", c.text, c.at)
		if c.field == "" {
			if err != nil || q.State != Waiting || strings.Contains(q.Text, "\r") ||
				q.Text != strings.TrimSpace(q.Text) || d.questions[0].ClassID != "c9a" {
				t.Errorf("%s: %+v %v", c.name, q, err)
			}
			continue
		}
		if f := fault.As(err); f == nil || f.Code != "question.invalid" || f.Fields[0].Name != c.field {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestAskLimits(t *testing.T) {
	d := newDesk()
	d.settings["l"] = Setting{LessonID: "l", On: true}
	first := d.mustAsk(t, em, "Câu 1")
	if again := d.mustAsk(t, em, "Câu 1"); again.ID != first.ID || len(d.questions) != 1 {
		t.Errorf("sent twice: %+v", d.questions)
	}
	for i := 2; i <= MaxWaiting; i++ {
		d.mustAsk(t, em, fmt.Sprint("Câu ", i))
	}
	if _, err := d.s.Ask(bg, em, "l", "Câu nữa", NoMoment); !fault.Is(err, "question.wait_first") {
		t.Fatalf("%v", err)
	}
	d.mustAsk(t, ban, "Câu của bạn")
	n := MaxWaiting
	for i := 0; n < MaxAnHour; i++ { // the teacher approves each question at once
		if _, err := d.s.Show(bg, lan, d.questions[i].ID); err != nil {
			t.Fatal(err)
		}
		if d.questions[i].PersonID == "em" {
			n++
			d.now = d.now.Add(time.Minute)
			d.mustAsk(t, em, fmt.Sprint("Câu ", n))
		}
	}
	if _, err := d.s.Show(bg, lan, d.questions[len(d.questions)-1].ID); err != nil {
		t.Fatal(err)
	}
	_, err := d.s.Ask(bg, em, "l", "Câu thứ mười một", NoMoment)
	if f := fault.As(err); f == nil || f.Kind != fault.RateLimited || f.Args["seconds"] != 3301 {
		t.Fatalf("%v", err)
	}
	d.now = d.now.Add(time.Hour)
	d.mustAsk(t, em, "Sau một giờ")
}

// TestQuestionsAreHiddenUntilApproved follows one question as its asker, a classmate and the teacher see it.
func TestQuestionsAreHiddenUntilApproved(t *testing.T) {
	d := newDesk()
	d.settings["l"] = Setting{LessonID: "l", On: true}
	id := d.mustAsk(t, em, "Vì sao 1/2 = 2/4?").ID
	sees := func(by people.Person) []Question {
		t.Helper()
		b, err := d.s.Board(bg, by, "l")
		if err != nil {
			t.Fatal(err)
		}
		return b.Questions
	}
	if own := sees(em); len(own) != 1 || own[0].State != Waiting || own[0].PersonID != "em" {
		t.Errorf("the asker sees %+v", own)
	}
	if n := len(sees(ban)) + len(sees(binh)); n != 0 {
		t.Error("others see a question that waits")
	}
	if _, err := d.s.Hide(bg, lan, id, " "); fault.KindOf(err) != fault.Invalid {
		t.Errorf("hidden without a reason: %v", err)
	}
	if _, err := d.s.Hide(bg, lan, id, "Em xem lại phút thứ 3 nhé"); err != nil {
		t.Fatal(err)
	}
	if own := sees(em); len(own) != 1 || own[0].Reason == "" || own[0].SettledBy != "" || len(sees(ban)) != 0 {
		t.Errorf("hidden: %+v", own)
	}
	for range 2 { // answering again with the same words changes nothing
		if _, err := d.s.Answer(bg, lan, id, "Vì cùng một phần của cái bánh."); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range sees(ban) {
		if q.PersonID != "" || q.ClassID != "" || q.Reason != "" || q.SettledBy != "" || q.Answer == "" ||
			q.State != Shown {
			t.Errorf("a classmate sees %+v", q)
		}
	}
	if len(sees(ban)) != 1 || len(sees(em)) != 1 {
		t.Error("the asker and a classmate do not each see one answered question")
	}
	if len(d.notified) != 2 || d.notified[0].PersonID != "lan" || !d.notified[0].Letters ||
		d.notified[1].PersonID != "em" || d.notified[1].Title != "answered: Phân số" {
		t.Errorf("notified %+v", d.notified)
	}
	if err := d.s.Delete(bg, ban, id); !fault.Is(err, "question.not_found") {
		t.Errorf("a classmate deletes: %v", err)
	}
	if err := d.s.Delete(bg, em, id); err != nil || len(d.questions) != 0 {
		t.Errorf("the asker deletes: %v", err)
	}
	var steps []string
	for _, e := range d.log {
		steps = append(steps, e.Actor+" "+e.Detail)
		if strings.Contains(e.Detail+e.Before+e.After, "1/2") {
			t.Error("the audit log holds a student's text")
		}
	}
	if got := strings.Join(steps,
		"; "); got != "lan hidden, lesson l; lan answered, lesson l; em deleted by its asker, lesson l" {
		t.Error(got)
	}
}

// TestOneNoticeForAllThatWaits: one notice tells the teacher of all waiting questions, until none waits.
func TestOneNoticeForAllThatWaits(t *testing.T) {
	d := newDesk()
	d.settings["l"] = Setting{LessonID: "l", On: true}
	a, b := d.mustAsk(t, em, "Câu 1").ID, d.mustAsk(t, ban, "Câu 2").ID
	if len(d.notified) != 1 {
		t.Fatalf("%+v", d.notified)
	}
	if _, err := d.s.Show(bg, lan, a); err != nil || len(d.recalled) != 0 {
		t.Fatalf("%v %v", err, d.recalled)
	}
	if err := d.s.Delete(bg, ban, b); err != nil || len(d.recalled) != 1 || d.settings["l"].NoticeID != "" {
		t.Fatalf("%v %v", err, d.recalled)
	}
	d.mustAsk(t, ban, "Câu 3")
	if len(d.notified) != 2 {
		t.Errorf("%+v", d.notified)
	}
}

func TestQuestionsAreInTheLessonsOrder(t *testing.T) {
	d := newDesk()
	d.settings["l"] = Setting{LessonID: "l", On: true}
	for i, at := range []float64{300, 10, NoMoment} {
		d.questions = append(d.questions,
			Question{ID: fmt.Sprint(i), LessonID: "l", PersonID: "ban", State: Shown, At: at, CreatedAt: d.now})
	}
	b, err := d.s.Board(bg, em, "l")
	if err != nil || len(b.Questions) != 3 || b.Questions[0].ID != "2" || b.Questions[1].ID != "1" ||
		b.Questions[2].ID != "0" {
		t.Errorf("%+v %v", b.Questions, err)
	}
}

func TestQuestionsEndWithTheTerm(t *testing.T) {
	d := newDesk()
	for i := range 3*pieces + 1 {
		d.questions = append(d.questions,
			Question{ID: fmt.Sprint(i), CreatedAt: time.Date(2027, 1, 15, 23, 0, 0, 0, time.UTC)})
	}
	d.now = time.Date(2027, 1, 15, 23, 59, 0, 0, time.UTC)
	if err := d.s.Forget(bg); err != nil || len(d.questions) != 3*pieces+1 {
		t.Fatalf("gone before the term's end: %d, %v", len(d.questions), err)
	}
	d.now = d.now.Add(2 * time.Minute)
	if err := d.s.Forget(bg); err != nil || len(d.questions) != 0 {
		t.Fatalf("%d are left, %v", len(d.questions), err)
	}
}
