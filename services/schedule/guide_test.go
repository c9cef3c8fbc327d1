package schedule

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
)

// guides is a store of one foreign channel "vtv7" and one own "ltv".
type guides struct {
	Store
	guides map[string]Guide
	list   []Programme
}

func (g *guides) Channel(_ context.Context, id string) (Channel, error) {
	return Channel{ID: id, Name: "VTV7 Giáo dục", Own: id == "ltv", Timezone: "Asia/Ho_Chi_Minh"}, nil
}
func (g *guides) LockChannel(ctx context.Context, id string) (Channel, error) {
	return g.Channel(ctx, id)
}
func (g *guides) Programmes(context.Context, string, time.Time, time.Time) ([]Programme, error) {
	return g.list, nil
}
func (g *guides) ReplaceProgrammes(_ context.Context, _, _ string, _, _ time.Time, list []Programme) error {
	g.list = list
	return nil
}
func (g *guides) SaveGuide(_ context.Context, x Guide) error { g.guides[x.ID] = x; return nil }
func (g *guides) Guide(_ context.Context, id string) (Guide, error) {
	x, ok := g.guides[id]
	if !ok {
		return x, fault.New(fault.NotFound, "guide.not_found")
	}
	return x, nil
}
func (g *guides) LastGuide(context.Context, string) (Guide, bool, error) {
	for _, x := range g.guides {
		if !x.Committed.IsZero() {
			return x, true, nil
		}
	}
	return Guide{}, false, nil
}

type noLog struct{ audit.Log }

func (noLog) Append(context.Context, audit.Entry) error { return nil }

type atOnce struct{}

func (atOnce) Atomically(ctx context.Context, f func(context.Context) error) error { return f(ctx) }

func guideFixture() (*Service, *guides) {
	g := &guides{guides: map[string]Guide{}}
	n := 0
	return &Service{Store: g, Programmes: g, Atomic: atOnce{}, Audit: noLog{},
		Now:   func() time.Time { return time.Date(2020, 4, 12, 9, 0, 0, 0, time.UTC) },
		NewID: func() string { n++; return fmt.Sprint("g", n) },
		Fold: func(s string) string {
			return strings.NewReplacer("lớp", "lop", "giáo dục", "giao duc", "ôn thi",
				"on thi").Replace(strings.ToLower(s))
		},
		Published: func(context.Context) ([]lesson.Lesson, error) {
			return []lesson.Lesson{{ID: "l1", Title: "Hàm số bậc hai", Grade: 9}, {ID: "l2", Title: "Ôn tập", Grade: 9},
				{ID: "l3", Title: "Ôn tập", Grade: 9}, {ID: "l4", Title: "Ôn tập", Grade: 5}}, nil
		}}, g
}

var planner = people.Person{ID: "p", Active: true, Grants: []people.Grant{{Role: people.Station}}}

const listing = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tv SYSTEM "xmltv.dtd">
<tv><channel id="vtv7.vn"><display-name>VTV7</display-name></channel>
<programme start="20200413090000 +0700" stop="20200413093000 +0700" channel="vtv7.vn"><title lang="vi">Toán lớp 9</title><sub-title>Hàm số bậc hai</sub-title><desc>Bài 3</desc></programme>
<programme start="20200413093000 +0700" channel="vtv7.vn"><title>Ngữ văn lớp 9: Ôn tập</title></programme>
<programme start="20200413030000" stop="202004130330 Z" channel="vtv7.vn"><title>Bản tin</title><category>Thời sự</category></programme>
<programme start="202004130400 +0000" stop="20200413043000 +0000" channel="vtv7.vn"><title>Tiếng Anh</title><category>Giáo dục</category></programme>
<programme start="20200413041500 +0000" stop="20200413044500 +0000" channel="vtv7.vn"><title>Lớp 5 chồng giờ</title></programme>
<programme start="hôm nay" channel="vtv7.vn"><title>Lớp 5</title></programme>
<programme start="20200413120000 +0000" stop="20200413110000 +0000" channel="vtv7.vn"><title>Lớp 5</title></programme>
<programme start="20210413120000 +0000" stop="20210413123000 +0000" channel="vtv7.vn"><title>Lớp 5</title></programme>
<programme start="20200413130000 +0000" stop="20200413133000 +0000" channel="vtv7.vn"><title> </title></programme>
</tv>`

// TestGuideOfAnotherChannel: lessons are listed with their grade and, when the
// title says so, as a lesson of ours; what is not understood says why.
func TestGuideOfAnotherChannel(t *testing.T) {
	s, g := guideFixture()
	p, err := s.PreviewGuide(t.Context(), planner, "vtv7", "vtv7.xml", []byte(listing), GuideOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range p.Rows {
		x := r.Programme
		got = append(got, fmt.Sprintf("%d %s %d %s %s", r.Row, r.Code, x.Grade, x.LessonID, x.Title))
	}
	want := []string{
		"6 guide.bad_start 5  Lớp 5",
		"1  9 l1 Toán lớp 9: Hàm số bậc hai",
		"2  9  Ngữ văn lớp 9: Ôn tập", // two lessons of the title; it ends when the next begins
		"3 guide.no_lesson 0  Bản tin",
		"4  0  Tiếng Anh",
		"5 guide.overlap 5  Lớp 5 chồng giờ",
		"7 guide.bad_stop 5  Lớp 5",
		"9 guide.no_title 0  ",
		"8 guide.far 5  Lớp 5",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if p.Good != 3 || p.Other != 1 || p.Refused != 5 || p.Zoneless != 1 || p.Guide.Options.Source != "vtv7.vn" {
		t.Errorf("%+v", p)
	}
	if len(g.list) != 0 {
		t.Error("a preview was listed")
	}
	for range 2 {
		if _, err := s.CommitGuide(t.Context(), planner, p.Guide.ID); err != nil || len(g.list) != 3 {
			t.Fatalf("%v, %d listed", err, len(g.list))
		}
	}
	if x := g.list[1]; x.StartsAt.Format(time.RFC3339) != "2020-04-13T02:30:00Z" ||
		x.EndsAt.Format(time.RFC3339) != "2020-04-13T03:00:00Z" {
		t.Errorf("%+v", x)
	}
	before := fmt.Sprint(g.list)
	p, err = s.PreviewGuide(t.Context(), planner, "vtv7", "vtv7.xml", []byte(listing), GuideOptions{})
	if err == nil {
		_, err = s.CommitGuide(t.Context(), planner, p.Guide.ID)
	}
	if err != nil || fmt.Sprint(g.list) != before {
		t.Errorf("the same file again: %v %v", err, g.list)
	}
	p, err = s.PreviewGuide(t.Context(), planner, "vtv7", "vtv7.xml", []byte(listing), GuideOptions{All: true})
	if err != nil || p.Good != 4 || p.Other != 0 {
		t.Errorf("all: %v %+v", err, p)
	}
}

// TestHostileGuides: nothing is expanded, and nothing takes long.
func TestHostileGuides(t *testing.T) {
	s, _ := guideFixture()
	programme := `<programme start="20200413090000 +0700" stop="20200413093000 +0700" channel="a">` +
		`<title>Lớp 9</title></programme>`
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(`<?xml version="1.0" encoding="UTF-16"?><tv>` + programme + `</tv>`)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	var many strings.Builder
	for i := range maxGuideProgrammes + 1 {
		fmt.Fprintf(&many, `<programme start="%d" channel="a">`+
			`<title>Lớp 9</title></programme>`, 20200413090000+i)
	}
	for name, x := range map[string]struct{ data, code string }{
		"empty":            {"", "guide.unreadable"},
		"no XML":           {"Ngày;Giờ\n1;2\n", "guide.unreadable"},
		"cut off":          {listing[:700], ""},
		"another document": {"<html><body/></html>", "guide.unreadable"},
		"entity bomb":      {`<!DOCTYPE tv [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><tv><channel id="a"><display-name>&b;</display-name></channel></tv>`, "guide.unreadable"},
		"outside entity": {`<!DOCTYPE tv [<!ENTITY x SYSTEM "file:///etc/passwd">]><tv>` + programme + `</tv>`,
			"guide.unreadable"},
		"undeclared entity": {`<tv><channel id="a"><display-name>&x;</display-name></channel></tv>`,
			"guide.unreadable"},
		"deep": {"<tv>" + strings.Repeat("<a>", 5000), "guide.unreadable"},
		"wrong UTF-8": {"<tv><channel id=\"a\"><display-name>\xff\xfe\xfd</display-name></channel></tv>",
			"guide.unreadable"},
		"unknown encoding": {`<?xml version="1.0" encoding="EBCDIC"?><tv>` + programme + `</tv>`, "guide.unreadable"},
		"zeros":            {strings.Repeat("\x00", 1000), "guide.unreadable"},
		"no programmes":    {`<tv><channel id="a"/></tv>`, "guide.no_programmes"},
		"several channels": {`<tv><channel id="a"/><channel id="b"/>` + programme + `</tv>`, "guide.which_channel"},
		"too many":         {"<tv>" + many.String() + "</tv>", "guide.too_many"},
		"too large":        {strings.Repeat(" ", MaxGuideBytes+1), "guide.too_large"},
		"UTF-16":           {string(wide), ""},
		"Latin-1": {`<?xml version="1.0" encoding="ISO-8859-1"?><tv>` +
			strings.Replace(programme, "Lớp 9", "L\xf2p, Lop 9", 1) + `</tv>`, ""},
		"fine": {"\xef\xbb\xbf<tv>" + programme + "</tv>", ""},
	} {
		began := time.Now()
		_, err := s.PreviewGuide(t.Context(), planner, "vtv7", "x.xml", []byte(x.data), GuideOptions{})
		if x.code == "" && err != nil || x.code != "" && !fault.Is(err, x.code) {
			t.Errorf("%s: %v, want %q", name, err, x.code)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
	if _, err := s.PreviewGuide(t.Context(), planner, "ltv", "x.xml", []byte(listing), GuideOptions{}); !fault.Is(err,
		"guide.own_channel") {
		t.Error(err)
	}
	if _, err := s.PreviewGuide(t.Context(), people.Person{}, "vtv7", "x.xml", nil, GuideOptions{}); !fault.Is(err,
		"access.denied") {
		t.Error(err)
	}
	if _, err := s.CommitGuide(t.Context(), planner, "none"); !fault.Is(err, "guide.not_found") ||
		errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestGuideTimes: with zones, without, and cut short.
func TestGuideTimes(t *testing.T) {
	hanoi := time.FixedZone("ICT", 7*3600)
	for in, want := range map[string]string{
		"20200413080000 +0700":  "2020-04-13T01:00:00Z zoned",
		"20200413080000 +07:00": "2020-04-13T01:00:00Z zoned",
		"20200413080000+0530":   "2020-04-13T02:30:00Z zoned",
		"20200413080000 -0330":  "2020-04-13T11:30:00Z zoned",
		"202004130800 Z":        "2020-04-13T08:00:00Z zoned",
		"20200413080000 UTC":    "2020-04-13T08:00:00Z zoned",
		"20200413080000":        "2020-04-13T01:00:00Z",
		"20200413":              "2020-04-12T17:00:00Z",
		"20201332080000 +0700":  "",
		"20200413250000 +0700":  "2020-04-13T18:00:00Z zoned",
		"20200413300000 +0700":  "",
		"20200413080000 ICT":    "",
		"20200413080000 +9900":  "",
		"8:00":                  "",
	} {
		got := ""
		if at, zoned, ok := parseXMLTV(in, hanoi); ok {
			if got = at.Format(time.RFC3339); zoned {
				got += " zoned"
			}
		}
		if got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
