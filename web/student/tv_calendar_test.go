package student

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestCalendarLinesFold: at most 75 octets, never within a character, and
// unfolding gives the text back.
func TestCalendarLinesFold(t *testing.T) {
	for _, n := range []int{0, 10, 66, 67, 68, 69, 200} {
		text := strings.Repeat("ặ", n)
		w := &ical{}
		w.line("SUMMARY", text)
		for l := range strings.SplitSeq(strings.TrimSuffix(w.b.String(), "\r\n"), "\r\n") {
			if len(l) > 75 || !utf8.ValidString(l) {
				t.Errorf("%d letters: a line of %d octets: %q", n, len(l), l)
			}
		}
		if got := strings.ReplaceAll(w.b.String(), "\r\n ", ""); got != "SUMMARY:"+text+"\r\n" {
			t.Errorf("%d letters unfold to %q", n, got)
		}
	}
}

// TestCalendarTextsAreTexts: a title cannot end its line or begin another.
func TestCalendarTextsAreTexts(t *testing.T) {
	for in, want := range map[string]string{
		"Toán, lớp 9; hàm số":  `Toán\, lớp 9\; hàm số`,
		"a\r\nBEGIN:VEVENT":    `a\nBEGIN:VEVENT`,
		"a\rEND:VCALENDAR\x00": `aEND:VCALENDAR`,
		`\n`:                   `\\n`,
	} {
		if got := icalText(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// TestCalendarZones: one offset is named with its zone; a change of clocks
// between the airings makes every moment UTC.
func TestCalendarZones(t *testing.T) {
	hanoi, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		t.Fatal(err)
	}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := func(loc *time.Location, day int) showing {
		s := time.Date(2020, 3, day, 8, 30, 0, 0, loc)
		return showing{starts: s, ends: s.Add(time.Hour)}
	}
	for _, x := range []struct {
		loc  *time.Location
		want string
	}{{hanoi, "DTSTART;TZID=Asia/Ho_Chi_Minh:20200328T083000\r\n"}, {paris, "DTSTART:20200328T073000Z\r\n"}} {
		all := []showing{at(x.loc, 28), at(x.loc, 30)} // clocks in Paris go forward on the 29th
		w := &ical{}
		w.moment("DTSTART", all[0].starts, fixedZone(all, x.loc))
		if w.b.String() != x.want {
			t.Errorf("%s: %q", x.loc, w.b.String())
		}
	}
	w := &ical{}
	w.zone("Asia/Ho_Chi_Minh", at(hanoi, 28).starts)
	if !strings.Contains(w.b.String(), "TZOFFSETTO:+0700\r\n") {
		t.Errorf("%q", w.b.String())
	}
}
