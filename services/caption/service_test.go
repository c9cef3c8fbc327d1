package caption

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
)

func TestCaptionsAreStoredAndSaved(t *testing.T) {
	m := newMemory()
	c := m.put(t, "l", "VI", "Chào <b>các em")
	want := Caption{LessonID: "l", Language: "vi", Key: "lessons/l/captions/vi.v1.vtt", Cues: 1, Source: Uploaded,
		Body: "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nChào <b>các em</b>\n", UpdatedAt: m.now, UpdatedBy: "lan"}
	want.Size = int64(len(want.Body))
	if c != want || m.captions[[2]string{"l", "vi"}] != want {
		t.Errorf("%+v, want %+v", c, want)
	}
	o, err := m.files.Head(t.Context(), c.Key)
	if text, _ := m.files.Text(c.Key); err != nil || text != c.Body || o.ContentType != Type {
		t.Errorf("stored %q as %+v, %v", text, o, err)
	}
	if len(m.log) != 1 || m.log[0].Detail != "captions vi" || m.log[0].Subject != "lesson:l" ||
		m.log[0].Actor != "lan" ||
		m.log[0].Action != string(people.EditLesson) {
		t.Errorf("audit %+v", m.log)
	}
	if !slices.Equal(m.indexed, []string{"l"}) {
		t.Errorf("indexed %v", m.indexed)
	}
	// A new version has an address of its own: the one before stays for those who watch.
	next, err := m.s.Edit(t.Context(), lan, "l", "vi", []Row{{"0:03", "0:04", "3 < 5"}, {"0:01", "0:02", "Một"}})
	if err != nil || next.Key == c.Key || next.Cues != 2 || next.Source != Edited || len(m.files.Keys("")) != 2 {
		t.Errorf("edited %+v, %v", next, err)
	}
	cues, err := m.s.Cues(t.Context(), lan, "l", "vi")
	if err != nil || !slices.Equal(cues, []Cue{{second, 2 * second, "Một"}, {3 * second, 4 * second, "3 &lt; 5"}}) {
		t.Errorf("cues %+v, %v", cues, err)
	}
	keys, err := m.s.Keys(t.Context(), "l")
	if err != nil || !slices.Equal(keys, []string{next.Key}) {
		t.Errorf("keys %v, %v", keys, err)
	}
	m.put(t, "d", "vi", "bản nháp")
	if len(m.indexed) != 2 { // twice for "l"
		t.Errorf("a draft was indexed: %v", m.indexed)
	}
}

func TestPutRefuses(t *testing.T) {
	const good = "WEBVTT\n\n00:01.000 --> 00:02.000\nA\n"
	for name, c := range map[string]struct {
		by                     people.Person
		lesson, language, data string
		prepare                func(*memory)
		code                   string
	}{
		"anybody":            {anybody, "l", "vi", good, nil, "access.denied"},
		"a student":          {student, "l", "vi", good, nil, "access.denied"},
		"another teacher":    {other, "l", "vi", good, nil, "access.denied"},
		"a reviewer":         {person("cv", people.Reviewer), "l", "vi", good, nil, "access.denied"},
		"no such lesson":     {lan, "none", "vi", good, nil, "lesson.not_found"},
		"no language":        {lan, "l", "", good, nil, "caption.invalid"},
		"undetermined":       {lan, "l", "und", good, nil, "caption.invalid"},
		"no language at all": {lan, "l", "../x", good, nil, "caption.invalid"},
		"no captions":        {lan, "l", "vi", "xin chào", nil, "caption.invalid"},
		"behind its end":     {lan, "l", "vi", "WEBVTT\n\n01:01.000 --> 01:02.000\nA\n", nil, "caption.invalid"},
		"too large":          {lan, "l", "vi", strings.Repeat("x", MaxBytes+1), nil, "caption.too_large"},
		"the 21st language": {lan, "l", "vi", good, func(m *memory) { m.languages("l", 20) },
			"caption.too_many_languages"},
		"the 20th language": {lan, "l", "vi", good, func(m *memory) { m.languages("l", 19) }, ""},
		"one of the 20":     {lan, "l", "qad", good, func(m *memory) { m.languages("l", 20) }, ""},
		"an erased lesson": {lan, "l", "vi", good, func(m *memory) {
			m.change("l", func(l *lesson.Lesson) { l.Media.State = lesson.Erased })
		}, "lesson.erased"},
		"an admin":               {person("a", people.Admin), "l", "vi", good, nil, ""},
		"a length not yet known": {lan, "d", "vi", "WEBVTT\n\n01:01.000 --> 01:02.000\nA\n", nil, ""},
	} {
		m := newMemory()
		if c.prepare != nil {
			c.prepare(m)
		}
		before := len(m.captions)
		_, err := m.s.Put(t.Context(), c.by, c.lesson, c.language, []byte(c.data))
		wantCode(t, name, err, c.code)
		if c.code != "" && (len(m.captions) != before || len(m.log) != 0 || len(m.indexed) != 0) {
			t.Errorf("%s: saved %v", name, m.captions)
		}
		if fault.KindOf(err) == fault.Forbidden && m.files.Calls("Put") != 0 {
			t.Errorf("%s: stored an object", name)
		}
	}
}

// languages gives a lesson captions in n languages.
func (m *memory) languages(id string, n int) {
	for i := range n {
		language := fmt.Sprintf("qa%c", 'a'+i)
		m.captions[[2]string{id, language}] = Caption{LessonID: id, Language: language}
	}
}

// TestChangesCommitWhole: captions, index and audit entry, or none.
func TestChangesCommitWhole(t *testing.T) {
	for _, call := range []string{"Captions", "SaveCaption", "Changed", "Append"} {
		m := newMemory()
		m.fail[call] = errDown
		_, err := m.s.Edit(t.Context(), lan, "l", "vi", []Row{{"0:01", "0:02", "A"}})
		if !errors.Is(err, errDown) || len(m.captions) != 0 || len(m.log) != 0 || len(m.indexed) != 0 {
			t.Errorf("%s: %v, %v", call, err, m.captions)
		}
	}
	m := newMemory()
	m.files.Fail = func(string, string) error { return errDown }
	_, err := m.s.Edit(t.Context(), lan, "l", "vi", []Row{{"0:01", "0:02", "A"}})
	if !errors.Is(err, errDown) || len(m.captions) != 0 || !strings.Contains(err.Error(), "captions vi of lesson l") {
		t.Errorf("storage: %v, %v", err, m.captions)
	}
}

// TestOfferedCaptionsAreShownToTheirTeacherOnly until they are accepted.
func TestOfferedCaptionsAreShownToTheirTeacherOnly(t *testing.T) {
	m := newMemory()
	m.put(t, "l", "vi", "Chào")
	m.offer(t, "l", "ENG", "Hello")
	languages := func(list []Caption, err error) string {
		if err != nil {
			t.Error(err)
		}
		var l []string
		for _, c := range list {
			l = append(l, c.Language)
		}
		return strings.Join(l, " ")
	}
	for name, c := range map[string]struct {
		by   people.Person
		want string
	}{
		"its teacher": {lan, "en vi"}, "an admin": {person("a", people.Admin), "en vi"},
		"a reviewer":      {person("cv", people.Reviewer), "vi"},
		"another teacher": {other, "vi"}, "a student": {student, "vi"}, "anybody": {anybody, "vi"},
	} {
		if got := languages(m.s.List(t.Context(), c.by, "l")); got != c.want {
			t.Errorf("%s sees %q, want %q", name, got, c.want)
		}
	}
	if got := languages(m.s.Shown(t.Context(), "l")); got != "vi" {
		t.Errorf("the lesson plays with %q", got)
	}
	c := m.captions[[2]string{"l", "en"}]
	if !c.Offered || c.Source != Found || c.UpdatedBy != "" || c.Cues != 1 {
		t.Errorf("offered as %+v", c)
	}
	if len(m.indexed) != 1 || len(m.log) != 1 {
		t.Errorf("an offer was indexed or noted: %v %v", m.indexed, m.log)
	}
}

// TestOfferLeavesWhatPeopleMade, and replaces an older offer.
func TestOfferLeavesWhatPeopleMade(t *testing.T) {
	m := newMemory()
	made := m.put(t, "l", "vi", "Chào")
	m.offer(t, "l", "vi", "tự động")
	if m.captions[[2]string{"l", "vi"}] != made || len(m.files.Keys("")) != 1 {
		t.Errorf("a person's captions were replaced, or objects stored: %v", m.files.Keys(""))
	}
	m.offer(t, "l", "", "một")
	m.offer(t, "l", "not a tag!", "hai")
	if c := m.captions[[2]string{"l", "und"}]; !strings.Contains(c.Body, "hai") || len(m.captions) != 2 {
		t.Errorf("offered %+v", m.captions)
	}
	// Somebody typed captions in that language while the recording's were stored.
	m.files.Fail = func(call, _ string) error {
		m.files.Fail = nil
		m.put(t, "l", "en", "typed")
		return nil
	}
	m.offer(t, "l", "en", "found")
	if c := m.captions[[2]string{"l", "en"}]; c.Offered || !strings.Contains(c.Body, "typed") {
		t.Errorf("what was typed meanwhile has become %+v", c)
	}
	m.change("l", func(l *lesson.Lesson) { l.Media.State = lesson.Erased })
	m.offer(t, "l", "fr", "erased")
	if _, ok := m.captions[[2]string{"l", "fr"}]; ok {
		t.Error("an erased lesson was offered captions")
	}
	wantCode(t, "a lesson that is gone", m.s.Offer(t.Context(), "none", "vi", nil), "lesson.not_found")
	m.fail["Caption"] = errDown
	if err := m.s.Offer(t.Context(), "l", "vi", nil); !errors.Is(err, errDown) {
		t.Errorf("error %v", err)
	}
}

func TestAccept(t *testing.T) {
	m := newMemory()
	m.offer(t, "l", "", "Chào")
	m.offer(t, "l", "en", "Hello")
	for name, c := range map[string]struct {
		by                        people.Person
		lesson, offered, language string
		code                      string
	}{
		"another teacher":   {other, "l", "und", "vi", "access.denied"},
		"anybody":           {anybody, "l", "und", "vi", "access.denied"},
		"no such lesson":    {lan, "none", "und", "vi", "lesson.not_found"},
		"no such captions":  {lan, "l", "fr", "vi", "caption.not_found"},
		"in no language":    {lan, "l", "und", "und", "caption.invalid"},
		"in a bad language": {lan, "l", "und", "!", "caption.invalid"},
	} {
		_, err := m.s.Accept(t.Context(), c.by, c.lesson, c.offered, c.language)
		wantCode(t, name, err, c.code)
	}
	first, err := m.s.Accept(t.Context(), lan, "l", "und", "VI")
	if err != nil || first.Language != "vi" || first.Offered || first.Source != Found || first.UpdatedBy != "lan" ||
		!strings.Contains(first.Body, "Chào") {
		t.Errorf("accepted as %+v, %v", first, err)
	}
	if _, ok := m.captions[[2]string{"l", "und"}]; ok || m.captions[[2]string{"l", "vi"}] != first {
		t.Errorf("saved %+v", m.captions)
	}
	same, err := m.s.Accept(t.Context(), lan, "l", "en", "en")
	if err != nil || len(m.captions) != 2 || m.captions[[2]string{"l", "en"}] != same || same.Offered {
		t.Errorf("accepted in its own language: %+v, %v", same, err)
	}
	if len(m.log) != 2 || len(m.indexed) != 2 || m.log[0].Detail != "captions vi" {
		t.Errorf("audit %+v, indexed %v", m.log, m.indexed)
	}
	again, err := m.s.Accept(t.Context(), lan, "l", "en", "en")
	if err != nil || again != same || len(m.log) != 2 {
		t.Errorf("accepted twice: %+v, %v", again, err)
	}
	// What was not offered is not moved over what somebody made.
	_, err = m.s.Accept(t.Context(), lan, "l", "en", "vi")
	wantCode(t, "not offered", err, "caption.not_found")
	if m.captions[[2]string{"l", "vi"}] != first || m.captions[[2]string{"l", "en"}] != same {
		t.Errorf("moved: %+v", m.captions)
	}
}

// TestAcceptMeanwhile: another tab replaced the offer while it was stored.
func TestAcceptMeanwhile(t *testing.T) {
	m := newMemory()
	m.offer(t, "l", "vi", "found")
	m.files.Fail = func(string, string) error {
		m.files.Fail = nil
		m.put(t, "l", "vi", "typed")
		return nil
	}
	_, err := m.s.Accept(t.Context(), lan, "l", "vi", "vi")
	wantCode(t, "replaced", err, "caption.not_found")
	if c := m.captions[[2]string{"l", "vi"}]; !strings.Contains(c.Body, "typed") {
		t.Errorf("what was typed has become %+v", c)
	}
	m.offer(t, "l", "und", "found")
	for _, call := range []string{"DeleteCaption", "SaveCaption"} {
		m.fail = map[string]error{call: errDown}
		if _, err := m.s.Accept(t.Context(), lan, "l", "und", "en"); !errors.Is(err, errDown) ||
			!m.captions[[2]string{"l", "und"}].Offered {
			t.Errorf("%s: %v, %+v", call, err, m.captions)
		}
	}
	m.fail = nil
	m.captions[[2]string{"l", "und"}] = Caption{LessonID: "l", Language: "und", Body: "WEBVTT\n\nbroken\nA\n",
		Offered: true}
	if _, err := m.s.Accept(t.Context(), lan, "l", "und", "en"); err == nil {
		t.Error("captions that cannot be read were accepted")
	}
	m.files.Fail = func(string, string) error { return errDown }
	m.captions[[2]string{"l", "und"}] = Caption{LessonID: "l", Language: "und", Body: "WEBVTT\n", Offered: true}
	if _, err := m.s.Accept(t.Context(), lan, "l", "und", "en"); !errors.Is(err, errDown) {
		t.Errorf("storage: %v", err)
	}
}

func TestDelete(t *testing.T) {
	m := newMemory()
	c := m.put(t, "l", "vi", "Chào")
	m.log, m.indexed = nil, nil
	wantCode(t, "another teacher", m.s.Delete(t.Context(), other, "l", "vi"), "access.denied")
	wantCode(t, "another language", m.s.Delete(t.Context(), lan, "l", "en"), "caption.not_found")
	if err := m.s.Delete(t.Context(), lan, "l", "VIE"); err != nil || len(m.captions) != 0 {
		t.Errorf("%v, left %v", err, m.captions)
	}
	if _, ok := m.files.Text(c.Key); !ok {
		t.Error("the object went at once, under those who watch")
	}
	if len(m.log) != 1 || m.log[0].Detail != "captions vi removed" || len(m.indexed) != 1 {
		t.Errorf("audit %+v, indexed %v", m.log, m.indexed)
	}
	wantCode(t, "again", m.s.Delete(t.Context(), lan, "l", "vi"), "caption.not_found")
}

func TestWhoReads(t *testing.T) {
	for name, c := range map[string]struct {
		by     people.Person
		lesson string
		read   string // captions and chapters
		cues   string // to change them
	}{
		"its teacher":              {lan, "d", "", ""},
		"anybody, a draft":         {anybody, "d", "lesson.not_found", "access.denied"},
		"a student, a draft":       {student, "d", "access.denied", "access.denied"},
		"another teacher, a draft": {other, "d", "access.denied", "access.denied"},
		"a reviewer, a draft":      {person("cv", people.Reviewer), "d", "", "access.denied"},
		"anybody, published":       {anybody, "l", "", "access.denied"},
		"no such lesson":           {lan, "none", "lesson.not_found", "lesson.not_found"},
	} {
		m := newMemory()
		m.put(t, "l", "vi", "Chào")
		m.put(t, "d", "vi", "Chào")
		_, err := m.s.List(t.Context(), c.by, c.lesson)
		wantCode(t, name+", list", err, c.read)
		_, err = m.s.Chapters(t.Context(), c.by, c.lesson)
		wantCode(t, name+", chapters", err, c.read)
		_, err = m.s.Cues(t.Context(), c.by, c.lesson, "vi")
		wantCode(t, name+", cues", err, c.cues)
	}
	m := newMemory()
	_, err := m.s.Cues(t.Context(), lan, "l", "vi")
	wantCode(t, "no captions", err, "caption.not_found")
	m.fail["Captions"] = errDown
	if _, err := m.s.List(t.Context(), lan, "l"); !errors.Is(err, errDown) {
		t.Errorf("error %v", err)
	}
}

func TestPutChapters(t *testing.T) {
	m := newMemory()
	list, err := m.s.PutChapters(t.Context(), lan, "l", []Chapter{{30 * second, "Bài  tập"}, {0, "Mở đầu"}})
	want := []Chapter{{0, "Mở đầu"}, {30 * second, "Bài tập"}}
	if err != nil || !slices.Equal(list, want) || !slices.Equal(m.chapters["l"], want) {
		t.Errorf("%+v, %v", list, err)
	}
	if of, err := m.s.ChaptersOf(t.Context(), "l"); err != nil || !slices.Equal(of, want) {
		t.Errorf("%+v, %v", of, err)
	}
	if len(m.log) != 1 || m.log[0].Detail != "chapters" || len(m.indexed) != 1 {
		t.Errorf("audit %+v, indexed %v", m.log, m.indexed)
	}
	_, err = m.s.PutChapters(t.Context(), other, "l", nil)
	wantCode(t, "another teacher", err, "access.denied")
	_, err = m.s.PutChapters(t.Context(), lan, "l", []Chapter{{60 * second, "sau cùng"}})
	wantCode(t, "at the end", err, "chapter.invalid")
	m.fail["SaveChapters"] = errDown
	if _, err := m.s.PutChapters(t.Context(), lan, "l", nil); !errors.Is(err, errDown) {
		t.Errorf("error %v", err)
	}
	m.fail = nil
	if _, err := m.s.PutChapters(t.Context(), lan, "l", nil); err != nil || len(m.chapters["l"]) != 0 {
		t.Errorf("all removed: %v, left %v", err, m.chapters["l"])
	}
}

func TestForget(t *testing.T) {
	m := newMemory()
	m.put(t, "l", "vi", "Chào")
	m.put(t, "d", "vi", "Chào")
	m.chapters["l"] = []Chapter{{0, "A"}}
	if err := m.s.Forget(t.Context(), "l"); err != nil || len(m.captions) != 1 || len(m.chapters) != 0 {
		t.Errorf("%v, left %v and %v", err, m.captions, m.chapters)
	}
}

func TestLength(t *testing.T) {
	for seconds, want := range map[float64]time.Duration{0: 0, 1.5: 1500 * time.Millisecond, 14400: 4 * time.Hour} {
		if got := Length(lesson.Lesson{Media: lesson.Media{Duration: seconds}}); got != want {
			t.Errorf("%v s is %v", seconds, got)
		}
	}
}
