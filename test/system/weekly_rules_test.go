package system

import (
	"net/url"
	"strings"
	"testing"

	"lenlop/test/system/harness"
)

// TestWeeklyRulesOnThePage: a rule that the week breaks is listed with what is
// there and what is needed; none takes it away.
func TestWeeklyRulesOnThePage(t *testing.T) {
	h := start(t, outside)
	w := newWorld(h)
	w.airing() // of grade 9, mathematics, today
	rule := func(atLeast string) (int, string) {
		form := url.Values{"grade": {"9"}, "subject": {"toan"}, "atLeast": {atLeast}}
		status, _ := w.send("dai", "cookie",
			asked{method: "POST", path: "/station/rules", body: form.Encode(), kind: formType})
		_, body := w.send("dai", "cookie", asked{method: "GET", path: "/station"})
		return status, string(body)
	}
	for _, x := range []struct {
		atLeast string
		status  int
		says    string
	}{
		{"2", 303, "có 1, cần 2"}, {"1", 303, "Tuần này đủ số tiết đã đặt."},
		{"51", 422, "Tuần này đủ số tiết đã đặt."},
		{"-1", 422, "Tuần này đủ số tiết đã đặt."}, {"hai", 422, "Tuần này đủ số tiết đã đặt."},
		{"0", 303, "Chưa đặt số tiết tối thiểu"},
	} {
		if status, body := rule(x.atLeast); status != x.status || !strings.Contains(body, x.says) {
			t.Errorf("at least %s: %d, want %d and %q", x.atLeast, status, x.status, x.says)
		}
	}
}

// TestOneRuleForAll: one step asks every grade and subject for slots, a subject
// may be freed of it, and it is taken away as a whole.
func TestOneRuleForAll(t *testing.T) {
	h := start(t, outside)
	w := newWorld(h)
	w.channel() // without airings
	save := func(grade, subject, atLeast, remove string) string {
		form := url.Values{"grade": {grade}, "subject": {subject}, "atLeast": {atLeast}, "remove": {remove}}
		if status, body := w.send("dai", "cookie",
			asked{method: "POST", path: "/station/rules", body: form.Encode(), kind: formType}); status != 303 {
			t.Fatalf("%s %s %s: %d %s", grade, subject, atLeast, status, harness.Brief(body))
		}
		_, body := w.send("dai", "cookie", asked{method: "GET", path: "/station"})
		return string(body)
	}
	const lacks = "Toán: có 0, cần 2"
	all := save("", "", "2", "")
	if n := strings.Count(all, lacks); n != 12 {
		t.Errorf("%d grades lack mathematics, want 12", n)
	}
	if one := save("9", "toan", "0", ""); strings.Count(one, lacks) != 11 ||
		!strings.Contains(one, "Toán, Lớp 9: không cần tiết nào") {
		t.Error("grade 9 is not freed")
	}
	if back := save("9", "toan", "", "yes"); strings.Count(back, lacks) != 12 {
		t.Error("the exception is not taken away")
	}
	save("9", "toan", "0", "")
	if none := save("", "", "0", ""); !strings.Contains(none, "Chưa đặt số tiết tối thiểu") {
		t.Error("the rule for all is not taken away")
	}
}

// TestFlaggedDaysAreRestored: the department's page lists what web-flag/1 left
// out without naming anybody, and counts it again.
func TestFlaggedDaysAreRestored(t *testing.T) {
	h := start(t, outside)
	w := newWorld(h)
	viewer, day := w.flag()
	_, body := w.send("chuyen-vien", "cookie", asked{method: "GET", path: "/department/flags"})
	if !strings.Contains(string(body), "hơn 60 phiên trong một giờ") ||
		!strings.Contains(string(body), "Cho tính lại") {
		t.Errorf("the list lacks the flag: %s", harness.Brief(body))
	}
	form := url.Values{"viewer": {viewer}, "day": {day}, "restored": {"yes"}}
	q := asked{method: "POST", path: "/department/flags", body: form.Encode(), kind: formType}
	if status, body := w.send("chuyen-vien", "cookie", q); status != 303 {
		t.Fatalf("%d %s", status, harness.Brief(body))
	}
	if _, body = w.send("chuyen-vien", "cookie",
		asked{method: "GET", path: "/department/flags"}); strings.Contains(string(body), `value="yes"`) {
		t.Error("the day still waits to be restored")
	}
	form.Set("viewer", "d:khong-co")
	q.body = form.Encode()
	if status, _ := w.send("chuyen-vien", "cookie", q); status != 404 {
		t.Errorf("an unknown flag: %d", status)
	}
}
