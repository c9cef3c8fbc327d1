package schedule

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"lenlop/services/people"
	"lenlop/services/spreadsheet"
)

// semicolonSheets reads CSV with semicolons; files of other kinds are the reader's (infra/sqldb has their cases).
func semicolonSheets(_ context.Context, _ string, data []byte) ([]spreadsheet.Sheet, error) {
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.FieldsPerRecord = ';', -1
	rows, err := r.ReadAll()
	return spreadsheet.Of(rows), err
}

// caseFile reads a file of testdata/cases.
func caseFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../testdata/cases/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// lateDesk has airings around midnight and in the morning of November 2026, with numbers.
func lateDesk(t *testing.T) *Service {
	svc, s, _ := logDesk()
	svc.Sheets = semicolonSheets
	svc.Now = func() time.Time { return time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC) }
	loc, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		t.Fatal(err)
	}
	for number, at := range map[string]string{"B001": "2026-11-27 23:58", "B002": "2026-11-26 23:56",
		"B003": "2026-11-28 00:30", "B004": "2026-11-28 08:00", "B005": "2026-11-28 09:00"} {
		from, err := time.ParseInLocation("2006-01-02 15:04", at, loc)
		if err != nil {
			t.Fatal(err)
		}
		s.airings[number] = Airing{ID: number, ChannelID: "c", HouseNumber: number, StartsAt: from.UTC(),
			EndsAt: from.Add(30 * time.Minute).UTC(), Outcome: Planned}
	}
	return svc
}

// said gives "row airing start-end", "row code" or "row same" of each row.
func summaryOf(p AsRunPreview) string {
	var out []string
	for _, r := range p.Rows {
		switch {
		case r.Code != "":
			out = append(out, fmt.Sprint(r.Row, " ", r.Code))
		case r.Same:
			out = append(out, fmt.Sprint(r.Row, " same"))
		default:
			out = append(out, fmt.Sprint(r.Row, " ", r.Airing.ID, " ", r.AsRun.StartedAt.Format("02 15:04-"),
				r.AsRun.EndedAt.Format("15:04")))
		}
	}
	return strings.Join(out, ", ")
}

// TestAsRunCases: logs with hours past midnight, the day before, and dates with times.
func TestAsRunCases(t *testing.T) {
	head := "Ngày;Giờ bắt đầu;Giờ kết thúc;Mã băng\n"
	for name, c := range map[string]struct {
		data    []byte
		want    string
		skipped int
	}{
		"alone":    {caseFile(t, "asrun/asrun-after-midnight-alone.csv"), "2 B001 28 00:02-00:32", 0},
		"24h":      {caseFile(t, "asrun/asrun-24h.csv"), "2 B002 26 23:56-00:26, 3 B003 28 00:30-01:00", 0},
		"datetime": {caseFile(t, "asrun/asrun-datetime.csv"), "2 B004 28 08:00-08:30, 3 same", 0},
		"totals": {[]byte(head + "BUỔI SÁNG;;;\n28/11/2026;8:00;8:30;B004\nTổng cộng;;0:30;1\n" + head +
			"28/11/2026;9:00;9:30;B005\n"), "3 B004 28 08:00-08:30, 6 B005 28 09:00-09:30", 3},
		"another row of one": {[]byte(head + "28/11/2026;8:00;8:30;B004\n28/11/2026;8:01;8:30;B004\n"),
			"2 B004 28 08:00-08:30, 3 asrun.row_twice", 0},
		"the day before": {[]byte(head + "28/11/2026;0:01;0:31;B001\n"), "2 B001 28 00:01-00:31", 0},
		"an error":       {[]byte(head + "28/11/2026;#N/A;8:30;B004\n"), "2 cell.error", 0},
		"a day too far":  {[]byte(head + "29/11/2026;8:00;8:30;B004\n"), "2 airing.not_found", 0},
	} {
		p, err := lateDesk(t).PreviewAsRun(t.Context(), as(people.Station), "c", "log.csv", c.data, nil)
		if err != nil || summaryOf(p) != c.want || p.Skipped != c.skipped {
			t.Errorf("%s: %q %d %v, want %q", name, summaryOf(p), p.Skipped, err, c.want)
		}
	}
	flat := "26/11/2026 23:56 B002\r28/11/2026 08:00 B004\r"
	units := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(flat)) {
		units = append(units, byte(u), byte(u>>8))
	}
	p, err := lateDesk(t).PreviewAsRun(t.Context(), as(people.Station), "c", "log.txt", units,
		map[string]string{LogDate: "1-10", LogStart: "12-16", LogHouseNumber: "18-21"})
	if err != nil || summaryOf(p) != "1 B002 26 23:56-00:26, 2 B004 28 08:00-08:30" {
		t.Errorf("flat text in UTF-16 with CR: %q %v", summaryOf(p), err)
	}
}

// TestGuideCases: hours past midnight, and wrong XML that refuses one programme and no other.
func TestGuideCases(t *testing.T) {
	programme := func(start, stop, title string) string {
		return `<programme start="` + start + ` +0700" stop="` + stop + ` +0700" channel="v"><title>` + title +
			`</title></programme>`
	}
	good := programme("20261202080000", "20261202090000", "Toán 9")
	later := programme("20261202100000", "20261202110000", "Văn 9")
	for name, c := range map[string]struct{ data, want string }{
		"24h": {string(caseFile(t, "guides/x-24h.xml")),
			"Toán 9 tới 24:00 02 16:30-17:00, Toán 9 từ 24:00 03 17:00-17:30, " +
				"Toán 9 25:00 04 18:00-18:30"},
		"amp": {string(caseFile(t, "guides/x-amp.xml")), "Toán 9 A & B 07 01:00-02:00"},
		"a name": {"<tv>" + programme("20261202080000", "20261202090000", "A&nbsp;&eacute; &amp; B") + "</tv>",
			"A é & B 02 01:00-02:00"},
		"a bare <": {"<tv>" + good + programme("20261202090000", "20261202093000", "x < y") + later + "</tv>",
			"Toán 9 02 01:00-02:00, broken x, Văn 9 02 03:00-04:00"},
		"cut short": {"<tv>" + good + later[:len(later)-30], "Toán 9 02 01:00-02:00, broken"},
		"an open tag": {"<tv>" + strings.Replace(good, "</title>", "", 1) + later + "</tv>",
			"broken Toán 9, Văn 9 02 03:00-04:00"},
		"control sign": {"<tv>" + programme("20261202080000", "20261202090000", "A\x01B") + "</tv>",
			"AB 02 01:00-02:00"},
		"UTF-16, plain": {wide("<?xml version='1.0' encoding='utf-16'?><tv>" + good + "</tv>"),
			"Toán 9 02 01:00-02:00"},
	} {
		g, err := readGuide([]byte(c.data))
		var got []string
		for _, p := range g.list {
			start, _, ok1 := parseXMLTV(p.start, time.UTC)
			stop, _, ok2 := parseXMLTV(p.stop, time.UTC)
			switch {
			case p.broken:
				got = append(got, strings.TrimSpace("broken "+p.title))
			case !ok1 || !ok2:
				got = append(got, p.start+" is no moment")
			default:
				got = append(got, p.title+start.Format(" 02 15:04-")+stop.Format("15:04"))
			}
		}
		if all := strings.Join(got, ", "); err != nil || all != c.want {
			t.Errorf("%s: %q %v, want %q", name, all, err, c.want)
		}
	}
	for _, bad := range []string{"", "<html><p>&</html>", "<tv",
		`<!DOCTYPE tv [<!ENTITY x "y">]><tv>` + good[:50] + "&</tv>"} {
		if g, err := readGuide([]byte(bad)); err == nil {
			t.Errorf("%q is a guide: %+v", bad, g)
		}
	}
	for _, s := range []string{"20261202300000 +0700", "20261202246000", "20261332000000"} {
		if at, _, ok := parseXMLTV(s, time.UTC); ok {
			t.Errorf("%s: %v", s, at)
		}
	}
}

// wide is UTF-16 without its mark.
func wide(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}
