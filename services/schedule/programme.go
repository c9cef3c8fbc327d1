package schedule

import (
	"context"
	"time"
)

// Programme is what another channel announces for a time: a lesson of its own,
// shown in the public guide beside ours. It is not an airing: nobody reports on
// it and no figures belong to it.
type Programme struct {
	ID          string
	ChannelID   string
	Title       string
	Description string
	Category    string // the guide's own word, such as "Giáo dục"
	Grade       int    // read out of the words, or 0
	LessonID    string // the published lesson of ours that it is, or ""
	StartsAt    time.Time
	EndsAt      time.Time
}

// ProgrammeStore keeps what other channels announce and the guides it came from.
// A missing guide is fault.NotFound "guide.not_found".
type ProgrammeStore interface {
	// Programmes lists those that begin from one time up to another, by time;
	// of one channel or (empty) of all.
	Programmes(ctx context.Context, channelID string, from, to time.Time) ([]Programme, error)
	// ReplaceProgrammes puts a list in the place of a channel's programmes that
	// begin from one time up to another.
	ReplaceProgrammes(ctx context.Context, channelID, importID string, from, to time.Time, list []Programme) error
	SaveGuide(ctx context.Context, g Guide) error
	Guide(ctx context.Context, id string) (Guide, error)
	// LastGuide gives the channel's last committed guide, without its file.
	LastGuide(ctx context.Context, channelID string) (g Guide, found bool, err error)
}

// Guide is another channel's XMLTV file: previewed, and listed once committed.
// The file is kept as it came.
type Guide struct {
	ID        string
	ChannelID string
	Filename  string
	Hash      string // hex SHA-256
	Data      []byte // nil in LastGuide
	Options   GuideOptions
	By        string
	At        time.Time
	Committed time.Time // zero: a preview
	Listed    int       // programmes listed
}

// GuideOptions say how a guide is read.
type GuideOptions struct {
	Source string // the channel's id in the file; "" for its only one, or the one of the same name
	All    bool   // keep also what is no lesson: news, films
	Local  bool   // times without a zone are the channel's, not UTC as XMLTV has it
}

// GuideRow is what becomes of one programme of a guide.
type GuideRow struct {
	Row       int    // 1 is the channel's first programme in the file
	Code      string // why it is left out, or ""
	Programme Programme
	Lesson    string // title of the lesson that it is, or ""
}

// Why programmes of a guide are left out, beside times that are not understood.
const (
	NoLesson = "guide.no_lesson" // news, films: not what the guide is for
)

// GuidePreview is a guide read and checked.
type GuidePreview struct {
	Guide                Guide
	Rows                 []GuideRow
	Good, Other, Refused int // listed, no lessons, not understood
	From, To             time.Time
	Zoneless             int // programmes whose times name no zone
}
