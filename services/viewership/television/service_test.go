package television

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"lenlop/services/viewership/playback"
)

func TestNewRequires(t *testing.T) {
	for name, drop := range map[string]func(*Config){
		"Figures":  func(c *Config) { c.Figures = nil },
		"Imports":  func(c *Config) { c.Imports = nil },
		"Schedule": func(c *Config) { c.Schedule = nil },
		"Sheets":   func(c *Config) { c.Sheets = nil },
		"Location": func(c *Config) { c.Location = nil },
		"Now":      func(c *Config) { c.Now = nil },
		"NewID":    func(c *Config) { c.NewID = nil },
		"Atomic":   func(c *Config) { c.Atomic = nil },
		"Audit":    func(c *Config) { c.Audit = nil },
		"Viewers":  func(c *Config) { c.Viewers = nil },
		"Classes":  func(c *Config) { c.Classes = nil },
		"Lessons":  func(c *Config) { c.Lessons = nil },
		"Facts":    func(c *Config) { c.Facts = nil },
	} {
		c := newMemory().config()
		drop(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
		// What only roll calls and codes need may be missing without these.
		c.CheckIns, c.RollCalls = nil, nil
		optional := name == "Viewers" || name == "Classes" || name == "Lessons" || name == "Facts"
		if _, err := New(c); (err == nil) != optional {
			t.Errorf("without %s, check-ins and roll calls: %v", name, err)
		}
	}
}

// TestWithoutClasses: an installation without classes and codes has no surveys,
// names or sheets, and still its figures.
func TestWithoutClasses(t *testing.T) {
	m, s := newService(t, func(c *Config) { c.CheckIns, c.RollCalls, c.Classes = nil, nil, nil })
	if _, err := s.AddFigure(t.Context(), station, stated("a8", 5)); err != nil {
		t.Fatal(err)
	}
	list, err := s.AiringFigures(t.Context(), m.airings)
	if err != nil || len(list) != 4 || len(list[0].Figures) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	if names, err := s.NamedPersons(t.Context(), []string{"a8"}); err != nil || len(names) != 0 || names == nil {
		t.Errorf("%v, %v", names, err)
	}
	if lists, err := s.RollCallsOf(t.Context(), teacher, day13); err != nil || lists != nil {
		t.Errorf("%v, %v", lists, err)
	}
	if _, err := s.RollSheetOf(t.Context(), teacher, "a8", "c9"); code(err) != "class.not_found" {
		t.Errorf("%v", err)
	}
}

// TestAiringFigures: airings in their order, with the channel, and figures whose
// state follows from as-run.
func TestAiringFigures(t *testing.T) {
	m, s := newService(t)
	for _, a := range []string{"a8", "a11"} {
		if _, err := s.AddFigure(t.Context(), station, stated(a, 5)); err != nil {
			t.Fatal(err)
		}
	}
	late := stated("a10", 5)
	late.ID = "late" // handed in before the airing was reported as dropped
	m.figures = append(m.figures, late)
	m.checkIns[[2]string{"a8", "d:x"}] = CheckIn{State: CheckInCounted, Viewer: "d:x"}
	m.checkIns[[2]string{"a8", "p:an"}] = CheckIn{State: CheckInCounted, Viewer: "p:an"}
	for _, names := range [][]string{{"an", "binh"}, {"an", "binh", "chi"}} {
		r := RollCall{AiringID: "a8", ClassID: "c9", Named: true, Names: names}
		if _, err := s.TakeRollCall(t.Context(), teacher, r); err != nil {
			t.Fatal(err)
		}
	}
	m.airings[1].ChannelID = "gone"
	list, err := s.AiringFigures(t.Context(), m.airings)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range list {
		x := fmt.Sprint(a.Airing.ID, " ", a.Channel.Name, " ", a.Codes, " ", a.NamedPersons())
		for _, f := range a.Figures {
			x += " " + string(f.State)
		}
		got = append(got, x)
	}
	want := "a8 Đài tỉnh 1 3 counted, a9  0 0, a10 Đài tỉnh 0 0 rejected, a11 Đài tỉnh 0 0 held"
	if strings.Join(got, ", ") != want {
		t.Errorf("%q", got)
	}
	names, err := s.NamedPersons(t.Context(), []string{"a8", "a9"})
	if err != nil || fmt.Sprint(names) != "map[an:true binh:true chi:true]" {
		t.Errorf("%v, %v", names, err)
	}
	for _, method := range []string{"Channels", "FiguresOf", "CountCheckIns"} {
		m.fail = map[string]error{method: errStore}
		if _, err := s.AiringFigures(t.Context(), m.airings); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
	for _, method := range []string{"Persons", "Names"} {
		m.fail = map[string]error{method: errStore}
		if _, err := s.NamedPersons(t.Context(), []string{"a8"}); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
	}
	_, s = newService(t, func(c *Config) { c.RollCalls = nil })
	s.cfg.CheckIns = m
	m.fail = nil
	if names, err := s.NamedPersons(t.Context(), []string{"a8"}); err != nil || fmt.Sprint(names) != "map[an:true]" {
		t.Errorf("without roll calls: %v, %v", names, err)
	}
	if k := playback.PersonPrefix; k != "p:" {
		t.Errorf("persons are named %q", k)
	}
}
