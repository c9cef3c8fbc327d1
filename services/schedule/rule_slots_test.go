package schedule

import (
	"context"
	"slices"
	"testing"

	"lenlop/services/fault"
	"lenlop/services/people"
)

func TestBroken(t *testing.T) {
	rules := []Slots{{9, "toan", 2}, {9, "ngu-van", 2}, {1, "toan", 1}}
	week := []Slot{{"a", 9, "toan"}, {"a", 9, "toan"}, {"b", 9, "ngu-van"}, {"c", 9, "ngu-van"}, {"d", 12, "toan"}}
	got := Broken(rules, week)
	want := []Shortfall{{Slots{1, "toan", 1}, 0, 0}, {Slots{9, "toan", 2}, 1, 1}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if got := Broken(nil, week); got != nil {
		t.Errorf("no rules: %+v", got)
	}
}

// TestSpread: the rule for all is about what is taught, except where a rule of
// its own says more, less or nothing.
func TestSpread(t *testing.T) {
	taught := []Slots{{1, "toan", 0}, {9, "toan", 0}, {9, "vat-li", 0}, {9, "gdtc", 0}}
	for _, x := range []struct{ rules, want []Slots }{
		{nil, nil},
		{[]Slots{{9, "toan", 3}}, []Slots{{9, "toan", 3}}},
		{[]Slots{{0, "", 2}}, []Slots{{1, "toan", 2}, {9, "toan", 2}, {9, "vat-li", 2}, {9, "gdtc", 2}}},
		{[]Slots{{0, "", 2}, {9, "toan", 3}, {9, "gdtc", 0}, {12, "am-nhac", 1}},
			[]Slots{{9, "toan", 3}, {12, "am-nhac", 1}, {1, "toan", 2}, {9, "vat-li", 2}}},
	} {
		if got := Spread(x.rules, taught); !slices.Equal(got, x.want) {
			t.Errorf("%v: %v, want %v", x.rules, got, x.want)
		}
	}
}

type ruleBook []Slots

func (b *ruleBook) Rules(context.Context) ([]Slots, error) { return *b, nil }

func (b *ruleBook) SaveRules(_ context.Context, rules []Slots) error {
	*b = rules
	return nil
}

func TestCheckWeek(t *testing.T) {
	svc, s := desk()
	svc.WeekRules = &ruleBook{}
	ctx := t.Context()
	s.channels["own"] = Channel{ID: "own", Own: true}
	for id, a := range map[string]Airing{
		"1": {ChannelID: "own", LessonID: "l", StartsAt: at("08:00"), Outcome: Planned},
		"2": {ChannelID: "own", LessonID: "m", StartsAt: at("09:00"), Outcome: Dropped},
		"3": {ChannelID: "c", LessonID: "n", StartsAt: at("10:00"), Outcome: Planned}, // another's channel
		"4": {ChannelID: "own", LessonID: "o", StartsAt: at("08:00").AddDate(0, 0, 7), Outcome: Planned},
	} {
		a.ID = id
		s.airings[id] = a
	}
	if err := svc.SetRules(ctx, as(people.Reviewer), []Slots{{9, "toan", 2}}); err != nil {
		t.Fatal(err)
	}
	s.about = Slots{Grade: 9, Subject: "toan"}
	got, err := svc.CheckWeek(ctx, as(people.Station), at("00:00"))
	if err != nil || len(got) != 1 || got[0].Has != 1 {
		t.Errorf("%+v %v", got, err)
	}
	svc.Taught = func(context.Context) ([]Slots, error) {
		return []Slots{{9, "toan", 0}, {9, "vat-li", 0}, {9, "gdtc", 0}}, nil
	}
	if err := svc.SetRules(ctx, as(people.Reviewer), []Slots{{0, "", UsualSlots}, {9, "gdtc", 0}}); err != nil {
		t.Fatal(err)
	}
	got, err = svc.CheckWeek(ctx, as(people.Station), at("00:00"))
	if want := []Shortfall{{Slots{9, "toan", 2}, 1, 0}, {Slots{9, "vat-li", 2}, 0, 0}}; err != nil ||
		!slices.Equal(got, want) {
		t.Errorf("%+v %v", got, err)
	}
	for _, bad := range [][]Slots{{{0, "toan", 2}}, {{0, "", 0}}, {{9, "", 2}, {0, "", 2}}, {{-1, "", 2}},
		{{13, "toan", 2}}, {{9, "", 2}}, {{9, "toan", 0}}, {{9, "toan", 51}}, {{9, "toan", 2}, {9, "toan", 3}}} {
		if err := svc.SetRules(ctx, as(people.Reviewer), bad); !fault.Is(err, "schedule.bad_rules") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if err := svc.SetRules(ctx, as(people.Teacher), nil); !fault.Is(err, "access.denied") {
		t.Error(err)
	}
	if _, err := svc.CheckWeek(ctx, as(people.Teacher), at("00:00")); !fault.Is(err, "access.denied") {
		t.Error(err)
	}
}
