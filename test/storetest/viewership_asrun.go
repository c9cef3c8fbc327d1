package storetest

import (
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/schedule"
)

// AsRunLogs: a station's log is previewed and imported once, and its column mapping is reused for the next log.
func AsRunLogs(t *testing.T, open OpenViewing) {
	h := newHarness(t, open) // 13 April, 08:00
	h.teach(t, "l", 600)
	h.onAir(t, "a1", "c", "l", -3*time.Hour)
	h.onAir(t, "a2", "c", "l", -2*time.Hour)
	h.onAir(t, "a3", "c", "l", -time.Hour)
	for id, number := range map[string]string{"a1": "MB-1", "a2": "MB-2", "a3": "MB-3"} {
		a, err := h.st.Schedule.Airing(bg, id)
		ok(t, err)
		a.HouseNumber = number
		ok(t, h.st.Schedule.SaveAiring(bg, a))
	}
	s := schedule.Service{
		Store: h.st.Schedule, Lessons: h.st.Lessons, Atomic: h.st.Atomic, Audit: h.st.Audit, Now: h.Now, NewID: h.id,
		Logs: h.st.Logs, Staged: h.st.Schedule, Sheets: h.st.Sheets,
	}
	s.OnAsRun = h.svc.ReevaluateCheckIns
	flat := map[string]string{schedule.LogDate: "1-10", schedule.LogStart: "12-19", schedule.LogLength: "21-28",
		schedule.LogHouseNumber: "30-33"}
	data := []byte(
		"13/04/2020 05:00:10 00:29:50 MB-1\n13/04/2020 06:00:00 00:10:00 MB-2\n13/04/2020 06:30:00 00:30:00 QC-9\n")
	p, err := s.PreviewAsRun(bg, station, "c", "log.txt", data, flat)
	ok(t, err)
	if p.Good != 2 || p.Refused != 1 || len(p.Silent) != 1 || p.Silent[0].ID != "a3" {
		t.Fatalf("%+v", p)
	}
	outcomes := func() (list []schedule.Outcome) {
		for _, id := range []string{"a1", "a2", "a3"} {
			a, err := h.st.Schedule.Airing(bg, id)
			ok(t, err)
			list = append(list, a.Outcome)
		}
		return list
	}
	same(t, outcomes(), []schedule.Outcome{schedule.Planned, schedule.Planned, schedule.Planned})
	for range 2 {
		c, err := s.CommitAsRun(bg, station, p.Import.ID)
		ok(t, err)
		if c.Good != 2 {
			t.Fatalf("%+v", c)
		}
	}
	same(t, outcomes(), []schedule.Outcome{schedule.Aired, schedule.Partial, schedule.Planned})
	if _, err := s.PreviewAsRun(bg, station, "c", "log.txt", data, flat); !fault.Is(err, "asrun.already") {
		t.Fatalf("the same log: %v", err)
	}
	// The next day's file needs no mapping.
	p, err = s.PreviewAsRun(bg, station, "c", "log2.txt",
		[]byte("13/04/2020 07:15:00 00:30:00 MB-3\n13/04/2020 05:00:10 00:29:50 MB-1\n"), nil)
	ok(t, err)
	if p.Good != 1 || p.Same != 1 || p.Rows[0].AsRun.Outcome != schedule.Moved {
		t.Fatalf("%+v", p)
	}
	table := []byte("Đài PTTH\nNgày phát;Giờ phát;Thời lượng;Mã băng\n13/04/2020;07:00:30;00:30:00;MB-3\n")
	p, err = s.PreviewAsRun(bg, station, "c", "log.csv", table, map[string]string{schedule.LogHouseNumber: "Mã băng"})
	ok(t, err)
	if p.Good != 1 || p.Rows[0].Row != 3 {
		t.Fatalf("%+v", p)
	}
	_, err = s.CommitAsRun(bg, station, p.Import.ID)
	ok(t, err)
	same(t, outcomes(), []schedule.Outcome{schedule.Aired, schedule.Partial, schedule.Aired})
	for code, f := range map[string]string{"asrun.no_rows": "", "asrun.missing_column": "Một;Hai\n1;2\n",
		"asrun.unreadable": "\x00"} {
		if _, err := s.PreviewAsRun(bg, station, "c", "x.csv", []byte(f),
			map[string]string{schedule.LogDate: "Ngày"}); !fault.Is(err, code) {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := s.PreviewAsRun(bg, station, "none", "x.csv", table[1:], nil); !fault.Is(err, "channel.not_found") {
		t.Error(err)
	}
	if _, err := s.CommitAsRun(bg, station, "none"); !fault.Is(err, "asrun.not_found") {
		t.Error(err)
	}
}
