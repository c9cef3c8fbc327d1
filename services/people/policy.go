package people

import "slices"

// Action is something that a person wants to do to an Object.
type Action string

// The actions. Every route names one (web/routes.go), and the access matrix
// test tries each with every role.
const (
	ReadPublic Action = "public.read" // anybody, signed in or not

	SeeSelf      Action = "self.see"      // own account, own sessions
	ManageSelf   Action = "self.manage"   // own password, second step, sessions and tokens
	ManageTokens Action = "tokens.manage" // service tokens
	ErasePerson  Action = "people.erase"  // give out, or erase, all that is stored about somebody

	CreateLesson   Action = "lesson.create"
	ReadLesson     Action = "lesson.read"  // its page, whatever its status
	WatchLesson    Action = "lesson.watch" // play it
	EditLesson     Action = "lesson.edit"  // text, recording, captions, submit, bin
	ReviewLesson   Action = "lesson.review"
	WithdrawLesson Action = "lesson.withdraw"
	ReadRecording  Action = "recording.read" // download the original file
	ListLessons    Action = "lesson.list"    // a list of lessons that are not all published

	PreapproveLesson Action = "lesson.preapprove" // look at it for the department, where that lets schools
	TakeDownLesson   Action = "lesson.takedown"   // off for everybody, at once
	PutBackLesson    Action = "lesson.putback"    // undo that
	ReadHistory      Action = "lesson.history"    // every step of its life
	SetReviewRules   Action = "review.rules"      // which schools look at lessons first

	ReadSchedule  Action = "schedule.read" // the internal one, with outcomes
	EditSchedule  Action = "schedule.edit"
	EditChannel   Action = "channel.edit"
	ReportAsRun   Action = "asrun.report"
	WriteFigure   Action = "figure.write"
	ReadViewing   Action = "viewership.read"        // province-wide figures
	ReadLedger    Action = "viewership.read_ledger" // one lesson's figures
	MakeReport    Action = "report.make"
	ManagePeople  Action = "people.manage"
	ManageSchools Action = "school.manage"
	ReadSchool    Action = "school.read" // a school's own lessons and people
	ReadAudit     Action = "audit.read"
	ReadQueue     Action = "queue.read"
	ManageQueue   Action = "queue.manage"
	ReadHealth    Action = "health.read" // each dependency and its state

	WriteNotice Action = "notice.write"   // guidance from the department, or a school to its own
	ReadNotice  Action = "notice.receipt" // say that one has read it

	AnswerProblem Action = "problem.answer" // see and close what viewers say is wrong with a lesson

	ManageHooks Action = "webhook.manage"

	SetQuestions      Action = "question.set"      // whether students may ask under a lesson
	AskQuestion       Action = "question.ask"      // and take one's own back
	ReadQuestions     Action = "question.read"     // those that were approved, and one's own
	ModerateQuestions Action = "question.moderate" // all of them, with names; approve, answer, hide, delete
	MarkLesson        Action = "lesson.mark"       // say whether one has understood it

	ListClasses   Action = "class.list"      // the classes that one has to do with
	ReadClass     Action = "class.read"      // its page and its roster
	ManageClass   Action = "class.manage"    // teachers, roster, students' cards
	RollCall      Action = "class.rollcall"  // say who watched an airing
	ReadUnreached Action = "class.unreached" // whom no lesson reached, by name
)

// Object is what the action is done to: facts only, so that the rule stays pure.
type Object struct {
	Owner     string // person id: a lesson's teacher
	Uploader  string // person id: who uploaded it, when not the teacher
	School    string // school id
	Published bool
	Deleted   bool
	TakenDown bool
	// Together says that the person is in, or teaches, a class that the
	// lesson's teacher teaches this year.
	Together bool

	// Of a class: person ids of its homeroom teachers, and of all its teachers.
	Homeroom, ClassTeachers []string
}

// OperatorID is the person that the command line on the server itself acts as.
// It has no password and no session: whoever may read the data folder is it.
const OperatorID = "operator"

// Operator is that person.
func Operator() Person {
	return Person{ID: OperatorID, Username: "may-chu", Name: "Máy chủ", Active: true,
		Grants: []Grant{{Role: Teacher}, {Role: Reviewer}, {Role: Station}, {Role: Admin}}}
}

// teaches reports whether the person is one of a class's teachers and still a
// teacher at its school: who has left it keeps nothing of it.
func (p Person) teaches(teachers []string, school string) bool {
	return p.At(Teacher, school) && slices.Contains(teachers, p.ID)
}

// May is the one policy function of the product. It is pure and takes under a
// microsecond. A person who was deactivated may do what anybody may.
func May(p Person, a Action, o Object) bool { //nolint:funlen // one table of all actions, a case each
	if p.ID == OperatorID {
		return true
	}
	if !p.covers(a) {
		p = Person{} // what the credential was not made for, it may do as anonymous
	}
	switch a {
	case ReadPublic:
		return true
	case WatchLesson, ReadLesson:
		if o.Published && !o.Deleted {
			return true
		}
	case MarkLesson: // what students say, signed in or not; staff would blur it
		return o.Published && !o.Deleted && (p.Anonymous() || !p.Active || p.Is(Student))
	}
	if p.Anonymous() || !p.Active {
		return false
	}
	// Who recorded it for its teacher, at the station or as a colleague, has the same care of it.
	own := p.Is(Teacher) && (o.Owner == p.ID || o.Uploader == p.ID) || p.Is(Station) && o.Uploader == p.ID
	if o.TakenDown && a == WatchLesson {
		return p.Is(Reviewer) || p.Is(Admin) // somebody must be able to judge it
	}
	switch a {
	case SeeSelf, ManageSelf:
		return true
	case CreateLesson:
		return p.Is(Teacher) || p.Is(Station) || p.Is(Admin)
	case ListLessons:
		return p.Is(Teacher) || p.Is(Head) || p.Is(Reviewer) || p.Is(Station) || p.Is(Admin)
	case ReadLesson, WatchLesson:
		return own || p.At(Head, o.School) || p.Is(Reviewer) || p.Is(Station) || p.Is(Admin)
	case EditLesson:
		return own || p.Is(Admin)
	case ReadRecording:
		return own || p.Is(Reviewer) || p.Is(Admin)
	case ReviewLesson:
		// Nobody approves their own lesson.
		return p.Is(Reviewer) && o.Owner != p.ID && o.Uploader != p.ID
	case PreapproveLesson:
		return p.At(Head, o.School) && o.Owner != p.ID && o.Uploader != p.ID
	case TakeDownLesson:
		return own || p.At(Head, o.School) || p.Is(Reviewer) || p.Is(Admin)
	case PutBackLesson:
		return p.Is(Reviewer) && o.Owner != p.ID && o.Uploader != p.ID || p.Is(Admin)
	case AnswerProblem:
		return own || p.At(Head, o.School) || p.Is(Reviewer) || p.Is(Admin)
	case ReadHistory:
		return own || p.At(Head, o.School) || p.Is(Reviewer) || p.Is(Admin)
	case WriteNotice:
		return p.Is(Reviewer) || p.Is(Admin) || p.At(Head, o.School)
	case ReadNotice:
		return p.Staff()
	case ManageHooks:
		return p.Is(Admin)
	case SetReviewRules:
		return p.Is(Reviewer) || p.Is(Admin)
	case WithdrawLesson:
		return own || p.Is(Reviewer) || p.Is(Admin) || p.At(Head, o.School)
	case ReadLedger:
		return own || p.At(Head, o.School) || p.Is(Reviewer) || p.Is(Station) || p.Is(Admin)
	case ReadSchedule, ReportAsRun, WriteFigure:
		return p.Is(Station) || p.Is(Reviewer) || p.Is(Admin)
	case EditSchedule:
		return p.Is(Station) || p.Is(Reviewer)
	case EditChannel:
		return p.Is(Station) || p.Is(Reviewer) || p.Is(Admin)
	case ReadViewing, MakeReport:
		return p.Is(Reviewer) || p.Is(Admin)
	case ReadSchool:
		return p.At(Head, o.School) || p.At(Teacher, o.School) || p.Is(Reviewer) || p.Is(Admin)
	case ManagePeople, ErasePerson, ManageSchools, ManageTokens, ManageQueue, ReadAudit, ReadHealth:
		return p.Is(Admin)
	case ReadQueue:
		return p.Is(Admin) || p.Is(Reviewer)
	case SetQuestions:
		return own || p.At(Head, o.School) || p.Is(Admin)
	case AskQuestion:
		return o.Published && !o.Deleted && o.Owner != p.ID && o.Together && (p.Is(Student) || p.Is(Teacher))
	case ReadQuestions:
		// Words of minors: for their own classes and those who teach them, and
		// not for the province's own staff.
		return own || p.At(Head, o.School) || o.Together && (p.Is(Student) || p.Is(Teacher))
	case ModerateQuestions:
		return own || p.At(Head, o.School)
	case ListClasses:
		return p.Is(Teacher) || p.Is(Head) || p.Is(Admin)
	case ReadClass:
		return p.teaches(o.ClassTeachers, o.School) || p.At(Head, o.School) || p.Is(Admin)
	case ManageClass:
		return p.teaches(o.Homeroom, o.School) || p.At(Head, o.School) || p.Is(Admin)
	case RollCall, ReadUnreached:
		// Names of minors: for those who know them anyway, and not for the
		// province's own staff.
		return p.teaches(o.ClassTeachers, o.School) || p.At(Head, o.School)
	}
	return false
}
