package teacher

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/a-h/templ"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/web/locale"
)

// action is the address of a button of a lesson.
func action(l lesson.Lesson, name string) templ.SafeURL {
	return templ.SafeURL("/teacher/lessons/" + l.ID + "/" + name)
}

// arrived reports whether a recording is in storage and was not refused.
func arrived(l lesson.Lesson) bool {
	switch l.Media.State {
	case lesson.Checking, lesson.Processing, lesson.Ready:
		return true
	}
	return false
}

// working reports whether the pipeline is at the recording.
func working(l lesson.Lesson) bool {
	return l.Media.State == lesson.Checking || l.Media.State == lesson.Processing
}

// stage is one step of a recording's way as a teacher thinks of it.
type stage struct {
	Key   string
	State string // "done", "now" or ""
}

// words are the locale key of a step: what is done reads otherwise than what
// is being done.
func (s stage) words() string {
	if s.State == "now" {
		return "teacher.step_" + s.Key + "_now"
	}
	return "teacher.step_" + s.Key
}

// stages says what is safe so far: received, being prepared, playable,
// published. They are shown as they are true, not as a queue: a recording may
// be playable while it is still being prepared.
func stages(l lesson.Lesson) []stage {
	mark := func(done, now bool) string {
		switch {
		case done:
			return "done"
		case now:
			return "now"
		}
		return ""
	}
	return []stage{
		{"received", mark(arrived(l), l.Media.State == lesson.Receiving)},
		{"prepared", mark(l.Media.State == lesson.Ready, working(l))},
		{"playable", mark(l.Media.Playable, false)},
		{"published", mark(l.Status == lesson.Published, l.Status == lesson.Submitted)},
	}
}

// stageKey says what is being done to the recording now.
func stageKey(ctx context.Context, l lesson.Lesson) string {
	key := "stage." + l.Media.Stage
	if l.Media.Stage == "" || !locale.From(ctx).Has(key) {
		key = "stage.transcode"
	}
	if l.Media.State == lesson.Checking {
		key = "stage.probe"
	}
	return locale.T(ctx, key)
}

// tags are the languages to choose from, with the lesson's own among them.
func tags(own string) []string {
	if own == "" || slices.Contains(languages, own) {
		return languages
	}
	return append([]string{own}, languages...)
}

// language is a language's name, or its tag when there is no name here.
func language(ctx context.Context, tag string) string {
	if key := "language." + tag; locale.From(ctx).Has(key) {
		return locale.T(ctx, key)
	}
	return tag
}

// islandTexts returns the texts of an island as JSON; the island itself fills in their {placeholders}.
func islandTexts(ctx context.Context, prefix string, keys ...string) string {
	m := map[string]string{"lang": string(locale.From(ctx).Lang)}
	for _, k := range keys {
		m[k] = locale.T(ctx, prefix+k)
	}
	b, _ := json.Marshal(m) // strings only: cannot fail
	return string(b)
}

// encodings are the renditions a teacher thinks of: the storyboard is none.
func encodings(l lesson.Lesson) []lesson.Rendition {
	return slices.DeleteFunc(slices.Clone(l.Renditions),
		func(r lesson.Rendition) bool { return r.Kind == lesson.KindStoryboard })
}

// why is the reason a lesson was not changed, in words: of a form the first
// field's, because that is what has to be mended.
func why(ctx context.Context, err error) string {
	f := fault.As(err)
	if f == nil {
		return locale.From(ctx).Fault(err)
	}
	if len(f.Fields) > 0 {
		return locale.From(ctx).Code(f.Fields[0].Code, f.Fields[0].Args)
	}
	return locale.From(ctx).Fault(err)
}
