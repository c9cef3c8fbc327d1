package meili

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"lenlop/services/catalog"
	"lenlop/services/job"
)

// document is an entry in Meilisearch: folded words in fields of different
// weight, and lists that filters match exactly. None of it is displayed.
type document struct {
	ID       string `json:"id"` // Meilisearch takes letters, digits, - and _ only
	LessonID string `json:"lesson_id"`
	Version  string `json:"version"` // changes whenever any other field does

	Title       string `json:"title"`
	Tags        string `json:"tags"`
	SubjectText string `json:"subject_text"`
	Teacher     string `json:"teacher"`
	School      string `json:"school"`
	Description string `json:"description"`

	Words []string `json:"words"`
	Pairs []string `json:"pairs"`
	Tones []string `json:"tones"`

	Subject   string `json:"subject"`
	Grade     int    `json:"grade"`
	Week      int    `json:"week"`
	Language  string `json:"language"`
	SchoolID  string `json:"school_id"`
	Published int64  `json:"published"` // milliseconds since 1970
}

// documentID of a lesson.
func documentID(lessonID string) string {
	h := sha256.Sum256([]byte(lessonID))
	return hex.EncodeToString(h[:16])
}

func newDocument(e catalog.Entry) (document, error) {
	d := e.Document()
	doc := document{ID: documentID(e.LessonID), LessonID: e.LessonID,
		Title: d.Title, Tags: d.Tags, SubjectText: d.Subject, Teacher: d.Teacher, School: d.School,
		Description: d.Description,
		Words:       d.Words(), Pairs: []string{}, Tones: strings.Fields(d.Tones),
		Subject: e.Subject, Grade: e.Grade, Week: e.Week, Language: e.Language, SchoolID: e.SchoolID,
		Published: e.PublishedAt.UnixMilli()}
	for _, part := range []string{d.Title, d.Tags, d.Subject, d.Teacher, d.School, d.Description} {
		ws := strings.Fields(part)
		for i := range len(ws) - 1 {
			doc.Pairs = append(doc.Pairs, ws[i]+" "+ws[i+1])
		}
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return doc, fmt.Errorf("index lesson %s: %w", e.LessonID, err)
	}
	h := sha256.Sum256(slices.Concat([]byte(settingsVersion), raw))
	doc.Version = hex.EncodeToString(h[:12])
	return doc, nil
}

// Update copies lessons to Meilisearch, and repeats that while they change: of two
// workers on the same lesson, the one that ends last has seen the last change.
// Documents sent to a missing index would create it with no settings, so that all
// searches fail: Update waits until Repair has made it (fault.Unavailable), and
// restores settings that were changed.
func (x *Index) Update(ctx context.Context, lessonIDs ...string) error {
	s, err := x.holdSettings(ctx)
	if err == nil && s.Missing {
		err = unavailable(&answer{text: "index " + x.c.UID + " is missing", code: "index_not_found"}, "put documents")
	}
	if err != nil {
		return err
	}
	differ, err := x.outdated(ctx, lessonIDs)
	if err != nil || len(differ) == 0 {
		return err
	}
	return x.update(ctx, x.withWaiting(ctx, differ))
}

// outdated returns those of the lessons whose document is not there in the
// version of the database. An earlier job may have sent it.
func (x *Index) outdated(ctx context.Context, lessonIDs []string) ([]string, error) {
	docs, removed, err := x.documents(ctx, lessonIDs)
	if err != nil {
		return nil, err
	}
	want := make(map[string]string, len(lessonIDs)) // version by document id, "" for none
	for _, d := range docs {
		want[d.ID] = d.Version
	}
	for _, id := range removed {
		want[id] = ""
	}
	var r meilisearch.DocumentsResult
	err = x.server.Index(x.c.UID).GetDocumentsWithContext(ctx, &meilisearch.DocumentsQuery{
		Ids: slices.Sorted(maps.Keys(want)), Limit: int64(len(want)), Fields: []string{"id", "version"}}, &r)
	if err != nil {
		return nil, unavailable(err, "read documents")
	}
	var has []document
	if err := r.Results.DecodeInto(&has); err != nil {
		return nil, unavailable(err, "read documents")
	}
	versions := make(map[string]string, len(has))
	for _, d := range has {
		versions[d.ID] = d.Version
	}
	return slices.DeleteFunc(slices.Clone(lessonIDs), func(id string) bool {
		d := documentID(id)
		return versions[d] == want[d]
	}), nil
}

// withWaiting adds the lessons of jobs that wait: a change of many lessons is a
// job for each, and each task of Meilisearch takes a tenth of a second. Those jobs
// then find the versions there. Without the list the lessons are sent alone.
func (x *Index) withWaiting(ctx context.Context, lessonIDs []string) []string {
	if x.c.Waiting == nil {
		return lessonIDs
	}
	jobs, err := x.c.Waiting.Jobs(ctx, "", job.Waiting, batch)
	if err != nil {
		x.c.Log.Warn("waiting jobs not read", "error", err)
		return lessonIDs
	}
	all := slices.Clone(lessonIDs)
	for _, j := range jobs {
		var c Changed
		if j.Kind == c.Kind() && json.Unmarshal(j.Args, &c) == nil && len(all)+len(c.Lessons) <= batch {
			all = append(all, c.Lessons...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (x *Index) update(ctx context.Context, lessonIDs []string) error {
	for {
		docs, removed, err := x.documents(ctx, lessonIDs)
		if err != nil {
			return err
		}
		if err := x.sendDocuments(ctx, x.c.UID, docs, removed); err != nil {
			return err
		}
		again, _, err := x.documents(ctx, lessonIDs)
		if err != nil {
			return err
		}
		if slices.EqualFunc(docs, again, func(a, b document) bool { return a.ID == b.ID && a.Version == b.Version }) {
			return nil
		}
	}
}

// documents returns the documents of the lessons, sorted, and the document ids of
// lessons that are not indexed.
func (x *Index) documents(ctx context.Context, lessonIDs []string) (docs []document, removed []string, err error) {
	es, err := x.Local.Entries(ctx, lessonIDs...)
	if err != nil {
		return nil, nil, err
	}
	indexed := map[string]bool{}
	for _, e := range es {
		d, err := newDocument(e)
		if err != nil {
			return nil, nil, err
		}
		indexed[e.LessonID] = true
		docs = append(docs, d)
	}
	slices.SortFunc(docs, func(a, b document) int { return strings.Compare(a.ID, b.ID) })
	for _, id := range lessonIDs {
		if !indexed[id] {
			removed = append(removed, documentID(id))
		}
	}
	return docs, removed, nil
}

// sendDocuments puts and deletes documents and waits until both are done.
func (x *Index) sendDocuments(ctx context.Context, uid string, docs []document, removed []string) error {
	if len(docs) > 0 {
		key := primaryKey
		task, err := x.server.Index(uid).AddDocumentsWithContext(ctx, docs,
			&meilisearch.DocumentOptions{PrimaryKey: &key})
		if err := x.waitFor(ctx, "put documents", task, err); err != nil {
			return err
		}
	}
	if len(removed) == 0 {
		return nil
	}
	task, err := x.server.Index(uid).DeleteDocumentsWithContext(ctx, removed, nil)
	return x.waitFor(ctx, "delete documents", task, err)
}

// taskError is a failed task.
type taskError struct{ code string }

func (e *taskError) Error() string { return "task failed: " + e.code }

// waitFor waits for the end of a task. A failure with a code of except counts as
// success.
func (x *Index) waitFor(ctx context.Context, noun string, info *meilisearch.TaskInfo, err error,
	except ...string) error {
	if err != nil {
		return unavailable(err, noun)
	}
	task, err := x.ended(ctx, info.TaskUID)
	if err != nil {
		return unavailable(err, noun)
	}
	if task.Status == meilisearch.TaskStatusSucceeded || slices.Contains(except, task.Error.Code) {
		return nil
	}
	return unavailable(&taskError{task.Error.Code}, noun)
}

// ended waits until a task has ended. Most take a tenth of a second, and some a
// minute.
func (x *Index) ended(ctx context.Context, uid int64) (*meilisearch.Task, error) {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 250*time.Millisecond) {
		task, err := x.server.GetTaskWithContext(ctx, uid)
		if err != nil {
			return nil, err
		}
		if task.Status != meilisearch.TaskStatusEnqueued && task.Status != meilisearch.TaskStatusProcessing {
			return task, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// batch is how many documents are read or sent at once.
const batch = 1000

// Repair compares Meilisearch with the database's index and makes it equal.
// Settings that differ are sent, and so are the lessons that do; a missing or
// mostly different index is rebuilt beside the live one. It returns how many
// lessons differed.
func (x *Index) Repair(ctx context.Context) (int, error) {
	state, err := x.State(ctx)
	if err != nil {
		return 0, err
	}
	differ, total, missing, err := x.compare(ctx)
	if err != nil {
		return 0, err
	}
	if missing || state.Missing || slices.Contains(state.Different, wrongKey) || len(differ) > 50+total/4 {
		return max(len(differ), 1), x.rebuild(ctx)
	}
	if len(state.Different) > 0 {
		if _, err := x.holdSettings(ctx); err != nil {
			return len(differ), err
		}
	}
	for part := range slices.Chunk(differ, batch) {
		if err := x.update(ctx, part); err != nil {
			return len(differ), err
		}
	}
	return len(differ), nil
}

// Differences lists the lessons that Meilisearch lacks, holds in an outdated form
// or should not hold; fault.Unavailable when it does not answer.
func (x *Index) Differences(ctx context.Context) ([]string, error) {
	differ, _, _, err := x.compare(ctx)
	return differ, err
}

// compare returns the lessons that differ, how many there should be, and whether
// the index is missing.
func (x *Index) compare(ctx context.Context) (differ []string, total int, missing bool, err error) {
	local, err := x.localVersions(ctx)
	if err != nil {
		return nil, 0, false, err
	}
	remote, err := x.remoteVersions(ctx)
	var notFound *missingIndex
	if missing = errors.As(err, &notFound); err != nil && !missing {
		return nil, 0, false, err
	}
	return difference(local, remote), len(local), missing, nil
}

func difference(local, remote map[string]string) []string {
	var ids []string
	for id, v := range local {
		if remote[id] != v {
			ids = append(ids, id)
		}
	}
	for id := range remote {
		if _, ok := local[id]; !ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// localVersions returns the versions of all documents by lesson, as they should be.
func (x *Index) localVersions(ctx context.Context) (map[string]string, error) {
	ids, err := x.Local.IDs(ctx)
	if err != nil {
		return nil, err
	}
	all := make(map[string]string, len(ids))
	for part := range slices.Chunk(ids, batch) {
		docs, _, err := x.documents(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			all[d.LessonID] = d.Version
		}
	}
	return all, nil
}

// missingIndex: Meilisearch has no index of the name.
type missingIndex struct{ error }

func (e *missingIndex) Unwrap() error { return e.error }

// remoteVersions returns the versions of all documents in Meilisearch by lesson.
func (x *Index) remoteVersions(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	for {
		var r meilisearch.DocumentsResult
		err := x.server.Index(x.c.UID).GetDocumentsWithContext(ctx,
			&meilisearch.DocumentsQuery{Offset: int64(len(all)), Limit: batch, Fields: []string{"lesson_id",
				"version"}}, &r)
		if notFound(err) {
			return all, &missingIndex{unavailable(err, "read documents")}
		}
		if err != nil {
			return nil, unavailable(err, "read documents")
		}
		var docs []document
		if err := r.Results.DecodeInto(&docs); err != nil {
			return nil, unavailable(err, "read documents")
		}
		before := len(all)
		for _, d := range docs {
			all[d.LessonID] = d.Version
		}
		if len(docs) < batch || len(all) == before {
			return all, nil
		}
	}
}
