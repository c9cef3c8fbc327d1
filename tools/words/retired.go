package main

import "regexp"

// retiredWords are refused as a whole word, or as a part of an identifier, in any file; the value says what to write.
var retiredWords = map[string]string{
	"house":     "App, the program, the installation",
	"houses":    "installations",
	"room":      "package, Handler, page",
	"rooms":     "packages, handlers, pages",
	"door":      "Authenticator, accessCache, JoinCode, entry point",
	"doors":     "entry points",
	"stranger":  "anonymous, outside, unclassified",
	"strangers": "anonymous people, others",
	"anew":      "again, from the start",
	"bell":      "Notifier",
	"bells":     "notifiers",
	"rouse":     "notify, Register",
	"roused":    "notified",
	"goon":      "continue-watching",
	"shelf":     "offline store, in-memory store",
	"pupil":     "student",
	"pupils":    "students",
	"ails":      "is wrong with",
	"amongst":   "among",
	"upon":      "on",
	"lest":      "so that ... not",
}

// retiredNames are refused as a whole identifier of Go; in prose they are ordinary words or do not occur.
var retiredNames = map[string]string{
	"telling":       "wireNotifications",
	"asking":        "wireQuestions, meiliEngine",
	"aroundLessons": "wireBookmarksAndReports",
	"openPlace":     "openData",
	"errSaid":       "errReported",
	"Heard":         "NotifyRemote",
	"GivenBack":     "Released",
	"summer":        "totalsDelta",
	"warmer":        "addHeat",
	"hotter":        "maxHeat",
	"Asking":        "ClassSurvey",
	"LeftOutIn":     "ExclusionReport",
	"audible":       "spokenQuery",
	"takeTurn":      "acquire",
	"takeUp":        "loadExisting",
	"Told":          "OnChange",
	"Touched":       "MarkForRereview",
	"AgainSince":    "RereviewSince",
	"AgainWhy":      "RereviewReasons",
	"WithdrawLess":  "the full name of what is done",
	"Ill":           "FileProblem",
	"Stated":        "ReportedMs",
	"Keeps":         "OfflineDownloads",
	"Tally":         "ServedCounter",
	"ask":           "a verb that names what is done: query, request, fetch",
	"tell":          "a verb that names what is done: notify, report",
	"told":          "notified, reported",
	"say":           "a verb that names what is done: write, report, format",
	"said":          "reported, stated",
}

// retiredPhrases are refused in any file, whatever the case.
var retiredPhrases = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`(?i)\bis ill\b`), "is damaged, failed"},
	{regexp.MustCompile(`(?i)\bthere is no \w+ in %s`), "no ... in %s"},
	{regexp.MustCompile(`(?i)\bthe test says so\b|\band a test says so\b`), "enforced by a test"},
}

// retiredFiles are base names, without extension, that say nothing of their subject.
var retiredFiles = map[string]string{
	"around": "its subject", "care": "its subject", "tell": "notifications", "ask": "questions", "place": "data",
	"aired": "asrun_hook", "taught": "weekly_slots", "bar": "progressbar", "strange": "its subject",
	"along": "transcript", "goon": "continue-watching", "moment": "timestamp-field", "showing": "offline-player",
	"strip": "storyboard", "shelf": "offline-store", "keeping": "offline-download", "kept": "offline-page",
	"left": "time-left", "ways": "its subject", "last": "its subject", "remember": "statecache",
}

// exceptions are removed from a line before it is read.
var exceptions = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\bclass ?rooms?`),
	regexp.MustCompile(`(?i)house[ _-]?numbers?`),
	regexp.MustCompile(`(?i)\bhouse ?holds?`),
	regexp.MustCompile(`(?i)\bhead ?room\b`),
	// The column with the join code of a class, in the SQL of its migration.
	regexp.MustCompile(`^    door +TEXT NOT NULL$`),
	regexp.MustCompile(`ON classes \(door\)`),
	// Icons keep the names of their collection, lucide.
	regexp.MustCompile(`(?i)\bicon\("(house|bell|door-open)"`),
	regexp.MustCompile(`^\s*'(house|bell|door-open)',$`),
}
