package schedule

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/people"
)

func TestInferred(t *testing.T) {
	a := Airing{StartsAt: at("08:00"), EndsAt: at("08:30")}
	for _, c := range []struct {
		start, end string
		want       Outcome
	}{
		{"08:00", "08:30", Aired}, {"08:10", "08:40", Aired}, {"07:50", "08:20", Aired}, {"08:00", "08:27", Aired},
		{"08:00", "08:26", Partial}, {"08:11", "08:41", Moved}, {"07:49", "08:19", Moved}, {"14:00", "14:10", Moved},
	} {
		if got := Inferred(a, at(c.start), at(c.end)); got != c.want {
			t.Errorf("%s to %s: %s", c.start, c.end, got)
		}
	}
}

func TestXMLTV(t *testing.T) {
	svc, s := desk()
	s.airings["1"] = Airing{ID: "1", ChannelID: "c", LessonID: "<l> & co", StartsAt: at("08:00"), EndsAt: at("08:30"),
		Outcome: Planned}
	s.airings["2"] = Airing{ID: "2", ChannelID: "c", LessonID: "l", StartsAt: at("09:00"), EndsAt: at("09:30"),
		Outcome: Dropped}
	s.airings["3"] = Airing{ID: "3", ChannelID: "c", LessonID: "l", StartsAt: at("10:00"), EndsAt: at("10:30"),
		Outcome: Moved, StartedAt: at("11:00"), EndedAt: at("11:30")}
	ch := s.channels["c"]
	ch.Timezone = "Asia/Ho_Chi_Minh"
	s.channels["c"] = ch
	var b bytes.Buffer
	if err := svc.WriteXMLTV(t.Context(), &b, "c", at("00:00"), at("23:59")); err != nil {
		t.Fatal(err)
	}
	var back xmltv
	if err := xml.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatalf("%v: %s", err, b.Bytes())
	}
	if len(back.Programmes) != 2 || back.Programmes[0].Start != "20200413080000 +0700" ||
		back.Programmes[0].Title.Text != "Bài <l> & co" ||
		back.Programmes[1].Start != "20200413110000 +0700" || back.Channels[0].Name.Text != "ĐTV" {
		t.Errorf("%s", b.Bytes())
	}
	if err := svc.WriteXMLTV(t.Context(), &b, "x", at("00:00"), at("23:59")); !fault.Is(err, "channel.not_found") {
		t.Error(err)
	}
	if err := svc.WriteXMLTV(t.Context(), &b, "c", at("00:00"), at("00:00").AddDate(1, 0, 0)); !fault.Is(err,
		"schedule.bad_period") {
		t.Error(err)
	}
}

func TestFlatLines(t *testing.T) {
	i := AsRunImport{
		Data:    []byte("13/04/2020 08:00:12:05 00:29:50 MB-0001 Toán lớp 9\r\n\r\n13/04/2020 09:00\n"),
		Mapping: map[string]string{LogDate: "1-10", LogStart: "12-22", LogLength: "24-31", LogHouseNumber: "33-39"},
	}
	got, err := flatLines(i)
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v %v", got, err)
	}
	if l := got[0]; l.number != 1 || l.cells[LogDate] != "13/04/2020" || l.cells[LogStart] != "08:00:12:05" ||
		l.cells[LogLength] != "00:29:50" || l.cells[LogHouseNumber] != "MB-0001" {
		t.Errorf("%+v", l)
	}
	if l := got[1]; l.number != 3 || l.cells[LogStart] != "09:00" || l.cells[LogHouseNumber] != "" {
		t.Errorf("%+v", l)
	}
	for _, where := range []string{"0-4", "9-3", "x"} {
		i.Mapping[LogHouseNumber] = where
		if _, err := flatLines(i); !fault.Is(err, "asrun.missing_column") {
			t.Errorf("%s: %v", where, err)
		}
	}
	i.Data = []byte{0xff, 1, 0x81, 0xff}
	i.Mapping[LogHouseNumber] = "33-39"
	if _, err := flatLines(i); !fault.Is(err, "asrun.unreadable") {
		t.Error(err)
	}
}

func TestLogRow(t *testing.T) {
	svc, _ := desk() // it is 09:00
	plan := []Airing{
		{ID: "1", HouseNumber: "MB-1", StartsAt: at("07:00"), EndsAt: at("07:30"), Outcome: Planned},
		{ID: "2", HouseNumber: "MB-2", StartsAt: at("08:00"), EndsAt: at("08:30"), Outcome: Aired,
			StartedAt: at("08:00"), EndedAt: at("08:30")},
		{ID: "3", HouseNumber: "MB-1", StartsAt: at("10:00"), EndsAt: at("10:30"), Outcome: Planned},
		{ID: "4", StartsAt: at("06:00"), EndsAt: at("06:30"), Outcome: Planned},
	}
	loc := at("00:00").Location()
	for _, c := range []struct {
		name, date, start, end, length, houseNumber, word string
		id, code                                          string
		outcome                                           Outcome
		same                                              bool
	}{
		{name: "by number", date: "13/4/2020", start: "7:02", houseNumber: "mb-1", id: "1", outcome: Aired},
		{name: "by number, moved", date: "13/4/2020", start: "7:45", houseNumber: "MB-1", id: "1", outcome: Moved},
		{name: "short", date: "13/4/2020", start: "7:00", length: "0:20", houseNumber: "MB-1", id: "1",
			outcome: Partial},
		{name: "by time", date: "13/4/2020", start: "6:05", id: "4", outcome: Aired},
		{name: "by time, too far", date: "13/4/2020", start: "6:45", code: "airing.not_found"},
		{name: "unplanned number", date: "13/4/2020", start: "7:00", houseNumber: "MB-9", code: "airing.not_found"},
		{name: "reported before", date: "13/4/2020", start: "8:00", end: "8:30", houseNumber: "MB-2", id: "2",
			outcome: Aired, same: true},
		{name: "corrected", date: "13/4/2020", start: "8:00", word: "Không phát", id: "2", outcome: Dropped},
		{name: "not yet", date: "13/4/2020", start: "9:55", houseNumber: "MB-1", id: "3", code: "airing.not_started"},
		{name: "unknown outcome", date: "13/4/2020", start: "7:00", houseNumber: "MB-1", word: "hmm", id: "1",
			code: "airing.unknown_outcome"},
		{name: "no day", date: "32/4/2020", start: "7:00", code: "import.bad_date"},
		{name: "no time", date: "13/4/2020", start: "sáng", code: "import.bad_time"},
		{name: "no end", date: "13/4/2020", start: "7:00", end: "trưa", houseNumber: "MB-1", id: "1",
			code: "import.bad_time"},
	} {
		l := logLine{number: 7, cells: map[string]string{LogDate: c.date, LogStart: c.start, LogEnd: c.end,
			LogLength:      c.length,
			LogHouseNumber: c.houseNumber, LogOutcome: c.word}}
		r := svc.logRow(l, newDayPlan(plan), map[string]AsRun{}, loc)
		if r.Row != 7 || r.Code != c.code || r.Airing.ID != c.id || c.code == "" && r.AsRun.Outcome != c.outcome ||
			r.Same != c.same {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
	l := logLine{number: 1, cells: map[string]string{LogDate: "13/4/2020", LogStart: "23:50", LogEnd: "0:20"}}
	day := at("00:00")
	if end, bad := endOf(l, day, at("23:50"), Airing{}); bad != "" || end.Sub(at("23:50")) != 30*time.Minute {
		t.Errorf("over midnight: %v %s", end, bad)
	}
}

func TestAsRunRefusals(t *testing.T) {
	svc, _ := desk()
	if _, err := svc.PreviewAsRun(t.Context(), as(people.Teacher), "c", "x", nil, nil); !fault.Is(err,
		"access.denied") {
		t.Error(err)
	}
	if _, err := svc.CommitAsRun(t.Context(), as(people.Teacher), "c"); !fault.Is(err, "access.denied") {
		t.Error(err)
	}
	if _, err := svc.PreviewAsRun(t.Context(), as(people.Station), "c", "x", []byte(strings.Repeat("x", MaxLogBytes+1)),
		nil); !fault.Is(err, "asrun.too_large") {
		t.Error(err)
	}
}
