package people

import (
	"slices"

	"lenlop/services/fault"
)

// covers reports whether the credential in use was made for the action.
func (p Person) covers(a Action) bool {
	return len(p.Scopes) == 0 || slices.Contains(p.Scopes, a)
}

// scopable are the actions that a token may be made for, in the order shown.
// What could make further credentials, or give somebody else rights, is not
// among them: a token must not outgrow its scopes.
var scopable = []Action{
	SeeSelf, ListLessons, ReadLesson, WatchLesson, CreateLesson, EditLesson, ReadRecording, ReviewLesson,
	WithdrawLesson,
	PreapproveLesson, TakeDownLesson, PutBackLesson, ReadHistory, AnswerProblem,
	ReadSchedule, EditSchedule, EditChannel, ReportAsRun, WriteFigure, ReadViewing, ReadLedger, MakeReport,
	ReadSchool, ManageSchools, ReadAudit, ReadQueue, ReadHealth,
}

// ScopesOf are those of the actions a token may be made for that a person with
// these roles may ever do.
func ScopesOf(p Person) []Action {
	p.Scopes = nil
	var out []Action
	for _, a := range scopable {
		if May(p, a, Object{Owner: p.ID, School: p.School()}) || May(p, a, Object{School: p.School()}) {
			out = append(out, a)
		}
	}
	return out
}

// checkScopes refuses none, and any that the person may never do.
func checkScopes(p Person, scopes []Action) []fault.Field {
	if len(scopes) == 0 {
		return []fault.Field{fault.Wrong("scopes", "token.no_scopes")}
	}
	may := ScopesOf(p)
	for _, a := range scopes {
		if !slices.Contains(may, a) {
			return []fault.Field{fault.Wrong("scopes", "token.bad_scope", "scope", string(a))}
		}
	}
	return nil
}
