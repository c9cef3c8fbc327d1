package people_test

import (
	"slices"
	"strings"
	"testing"

	"lenlop/services/people"
)

// crew has somebody in every position to a lesson of lan's at school s1 that the station's ghi uploaded.
func crew() []people.Person {
	return []people.Person{
		{}, with("em", "s1", people.Student), with("lan", "s1", people.Teacher), with("minh", "s1", people.Teacher),
		with("tu", "s2", people.Teacher), with("hieu", "s1", people.Head), with("ha", "s2", people.Head),
		with("so", "", people.Reviewer), with("dai", "", people.Station), with("ghi", "", people.Station), admin,
		people.Operator(),
	}
}

// allowed names those of the crew who may; nobody is "-".
func allowed(a people.Action, o people.Object) string {
	var may []string
	for _, p := range crew() {
		if people.May(p, a, o) {
			name := p.ID
			if p.Anonymous() {
				name = "-"
			}
			if p.ID == people.OperatorID {
				name = "op"
			}
			may = append(may, name)
		}
	}
	return strings.Join(may, " ")
}

// TestPolicy: every action on a lesson, or a school, that is not published.
func TestPolicy(t *testing.T) {
	draft := people.Object{Owner: "lan", Uploader: "ghi", School: "s1"}
	for a, want := range map[people.Action]string{
		people.ReadPublic: "- em lan minh tu hieu ha so dai ghi quan op",
		people.SeeSelf:    "em lan minh tu hieu ha so dai ghi quan op",
		people.ManageSelf: "em lan minh tu hieu ha so dai ghi quan op",

		people.CreateLesson:     "lan minh tu dai ghi quan op",
		people.ListLessons:      "lan minh tu hieu ha so dai ghi quan op",
		people.ReadLesson:       "lan hieu so dai ghi quan op",
		people.WatchLesson:      "lan hieu so dai ghi quan op",
		people.EditLesson:       "lan ghi quan op",
		people.ReadRecording:    "lan so ghi quan op",
		people.ReviewLesson:     "so op",
		people.PreapproveLesson: "hieu op",
		people.WithdrawLesson:   "lan hieu so ghi quan op",
		people.TakeDownLesson:   "lan hieu so ghi quan op",
		people.PutBackLesson:    "so quan op",
		people.ReadHistory:      "lan hieu so ghi quan op",
		people.AnswerProblem:    "lan hieu so ghi quan op",
		people.ReadLedger:       "lan hieu so dai ghi quan op",
		people.SetReviewRules:   "so quan op",
		people.MarkLesson:       "op",

		people.ReadSchedule: "so dai ghi quan op",
		people.ReportAsRun:  "so dai ghi quan op",
		people.WriteFigure:  "so dai ghi quan op",
		people.EditSchedule: "so dai ghi op",
		people.EditChannel:  "so dai ghi quan op",
		people.ReadViewing:  "so quan op",
		people.MakeReport:   "so quan op",

		people.ManagePeople:  "quan op",
		people.ErasePerson:   "quan op",
		people.ManageSchools: "quan op",
		people.ManageTokens:  "quan op",
		people.ManageQueue:   "quan op",
		people.ManageHooks:   "quan op",
		people.ReadAudit:     "quan op",
		people.ReadHealth:    "quan op",
		people.ReadQueue:     "so quan op",
		people.ReadSchool:    "lan minh hieu so quan op",

		people.WriteNotice: "hieu so quan op",
		people.ReadNotice:  "lan minh tu hieu ha so dai ghi quan op",

		people.SetQuestions:      "lan hieu ghi quan op",
		people.AskQuestion:       "op",
		people.ReadQuestions:     "lan hieu ghi op",
		people.ModerateQuestions: "lan hieu ghi op",

		people.ListClasses:   "lan minh tu hieu ha quan op",
		people.ReadClass:     "hieu quan op",
		people.ManageClass:   "hieu quan op",
		people.RollCall:      "hieu op",
		people.ReadUnreached: "hieu op",
		"made.up":            "op",
	} {
		if got := allowed(a, draft); got != want {
			t.Errorf("%s: %q, want %q", a, got, want)
		}
	}
}

// TestPolicyOfWhatIsPublished: what publishing, the bin, a take-down, a class together and ownership change.
func TestPolicyOfWhatIsPublished(t *testing.T) {
	const (
		everybody = "- em lan minh tu hieu ha so dai ghi quan op"
		concerned = "lan hieu so dai ghi quan op"
	)
	open := people.Object{Owner: "lan", Uploader: "ghi", School: "s1", Published: true}
	binned, down, together, own := open, open, open, open
	binned.Deleted = true
	down.Published, down.TakenDown = false, true
	together.Together = true
	own.Owner, own.Uploader = "so", ""
	gone := together
	gone.Deleted = true
	headOwn, province := open, people.Object{}
	headOwn.Owner = "hieu"
	for _, c := range []struct {
		what string
		a    people.Action
		o    people.Object
		want string
	}{
		{"open", people.WatchLesson, open, everybody}, {"open", people.ReadLesson, open, everybody},
		{"open", people.MarkLesson, open, "- em op"}, // staff would blur what students say
		{"open", people.EditLesson, open, "lan ghi quan op"},
		{"binned", people.WatchLesson, binned, concerned}, {"binned", people.ReadLesson, binned, concerned},
		{"binned", people.MarkLesson, binned, "op"},
		{"taken down", people.WatchLesson, down, "so quan op"}, {"taken down", people.ReadLesson, down, concerned},
		{"together", people.AskQuestion, together, "em minh tu op"}, // not its own teacher
		{"together", people.ReadQuestions, together, "em lan minh tu hieu ghi op"},
		{"apart", people.AskQuestion, open, "op"},
		{"binned, together", people.AskQuestion, gone, "op"},
		{"a reviewer's own", people.ReviewLesson, own, "op"},
		{"a reviewer's own", people.PutBackLesson, own, "quan op"},
		{"a head's own", people.PreapproveLesson, headOwn, "op"},
		{"of the province", people.WriteNotice, province, "so quan op"},
		{"of the province", people.ReadSchool, province, "so quan op"},
	} {
		if got := allowed(c.a, c.o); got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.what, c.a, got, c.want)
		}
	}
}

func TestDeactivatedPersonsMayDoWhatAnybodyMay(t *testing.T) {
	open := people.Object{Owner: "lan", School: "s1", Published: true, Together: true}
	for _, p := range crew()[1:11] {
		p.Active = false
		for _, c := range []struct {
			a    people.Action
			want bool
		}{
			{people.WatchLesson, true}, {people.ReadPublic, true}, {people.MarkLesson, true}, {people.SeeSelf, false},
			{people.EditLesson, false}, {people.ManagePeople, false}, {people.AskQuestion, false},
			{people.ReviewLesson, false},
		} {
			if people.May(p, c.a, open) != c.want {
				t.Errorf("%s, deactivated, %s: %v", p.ID, c.a, !c.want)
			}
		}
	}
}

// TestScopesNarrow: what a credential was not made for, it may do as anonymous.
func TestScopesNarrow(t *testing.T) {
	p := with("so", "", people.Reviewer)
	p.Scopes = []people.Action{people.ReadAudit, people.ReviewLesson}
	draft, open := people.Object{School: "s1"}, people.Object{Published: true}
	for _, c := range []struct {
		a    people.Action
		o    people.Object
		want bool
	}{
		{people.ReviewLesson, draft, true},
		{people.ReadAudit, draft, false}, // a scope gives nothing that the role does not
		{people.ReadLesson, draft, false}, {people.ReadLesson, open, true}, {people.SeeSelf, draft, false},
	} {
		if people.May(p, c.a, c.o) != c.want {
			t.Errorf("%s: %v", c.a, !c.want)
		}
	}
}

func TestScopesOfRoles(t *testing.T) {
	for _, p := range crew() {
		p.Scopes = []people.Action{people.SeeSelf} // of the credential in use: no matter
		scopes := people.ScopesOf(p)
		// What makes further credentials or gives rights is not for tokens.
		for _, a := range []people.Action{
			people.ManageSelf, people.ManageTokens, people.ManagePeople, people.ErasePerson, people.ManageHooks,
			people.SetReviewRules,
		} {
			if slices.Contains(scopes, a) {
				t.Errorf("a token of %s's may %s", p.ID, a)
			}
		}
		if slices.Contains(scopes, people.EditLesson) != (p.Is(people.Teacher) || p.Is(people.Admin)) &&
			!p.Is(people.Station) {
			t.Errorf("%s: %v", p.ID, scopes)
		}
		if slices.Contains(scopes, people.ReviewLesson) != (p.Is(people.Reviewer)) {
			t.Errorf("%s may make a token that reviews: %v", p.ID, scopes)
		}
	}
	if got := people.ScopesOf(people.Person{}); len(got) != 0 {
		t.Errorf("nobody may make tokens for %v", got)
	}
}

func TestRolesOfAPerson(t *testing.T) {
	p := people.Person{ID: "p", Active: true, Grants: []people.Grant{
		{
			Role: people.Reviewer,
		}, {Role: people.Head, School: "s1"}, {Role: people.Teacher, School: "s2"},
		{Role: people.Student, School: "s3"},
	}}
	if p.School() != "s1" || p.SchoolAs(people.Teacher) != "s2" || p.SchoolAs(people.Reviewer) != "" ||
		p.SchoolAs(people.Station) != "" {
		t.Errorf("schools %q %q", p.School(), p.SchoolAs(people.Teacher))
	}
	if !p.At(people.Head, "s1") || p.At(people.Head, "s2") || p.At(people.Reviewer, "") || !p.Is(people.Reviewer) ||
		!p.Staff() {
		t.Error("roles are not those granted")
	}
	p.Active = false
	if p.At(people.Head, "s1") || p.Is(people.Reviewer) {
		t.Error("a deactivated person holds roles")
	}
	if with("em", "s1", people.Student).Staff() || (people.Person{}).Staff() || (people.Person{}).School() != "" {
		t.Error("a student or nobody is staff")
	}
	for r, want := range map[people.Role]bool{
		people.Student: true, people.Teacher: true, people.Head: true, people.Reviewer: false, people.Station: false,
		people.Admin: false,
	} {
		if people.AtSchool(r) != want {
			t.Errorf("%s is held at a school: %v", r, !want)
		}
	}
}
