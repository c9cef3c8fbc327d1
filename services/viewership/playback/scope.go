package playback

// Scope narrows figures; zero values mean any. Days are local, To is exclusive;
// "" means no bound.
type Scope struct {
	From, To string
	Lesson   string
	Subject  string
	Grade    int
	School   string
	Area     string // with the areas below it
	Teacher  string // person id of the lessons' teacher
	// MarkPersons has groups of fewer than five viewers marked when some of them are persons.
	MarkPersons bool
	// Among narrows persons to these person ids; nil means any.
	Among []string
}

// Total is what a lesson's day adds up to, or a change to it.
type Total struct {
	LessonID, Day  string
	Views          int64
	OfflineViews   int64 // of the views
	UnmatchedViews int64 // of the views: from embedded players
	Completions    int64
	Watch          int64 // milliseconds
}

// Add adds another total; its lesson and day are ignored.
func (t *Total) Add(o Total) {
	t.Views += o.Views
	t.OfflineViews += o.OfflineViews
	t.UnmatchedViews += o.UnmatchedViews
	t.Completions += o.Completions
	t.Watch += o.Watch
}

// ExclusionTotal is how many sessions of a lesson's day are excluded for a
// reason, or a change to it.
type ExclusionTotal struct {
	LessonID, Day, Reason string
	Sessions              int64
}

// Sums are the web's figures of one group: a lesson, a day, a subject, ...
type Sums struct {
	Key        string
	Viewers    int64  // distinct, with at least one view
	HasPersons bool   // some of fewer than five viewers are persons (Scope.MarkPersons)
	Schools    []Sums // by area: the schools directly in it
	Total
}

// LessonFacts are what groups and labels need to know of a lesson.
type LessonFacts struct {
	ID, Title, Subject, SubjectName, School, SchoolName, Area string
	Grade                                                     int
}
