package meili

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"lenlop/services/catalog"
)

// document is an entry as Meilisearch keeps it: folded words by how much they
// weigh, and lists that filters match exactly. Nothing of it is shown.
type document struct {
	ID       string `json:"id"` // Meilisearch takes letters, digits, - and _ only
	LessonID string `json:"lesson_id"`
	Version  string `json:"version"` // changes whenever anything else does

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

// documentID is a lesson's name there.
func documentID(lessonID string) string {
	h := sha256.Sum256([]byte(lessonID))
	return hex.EncodeToString(h[:16])
}

func newDocument(e catalog.Entry) (document, error) {
	d := e.Document()
	doc := document{ID: documentID(e.LessonID), LessonID: e.LessonID,
		Title: d.Title, Tags: d.Tags, SubjectText: d.Subject, Teacher: d.Teacher, School: d.School, Description: d.Description,
		Words: d.Words(), Pairs: []string{}, Tones: strings.Fields(d.Tones),
		Subject: e.Subject, Grade: e.Grade, Week: e.Week, Language: e.Language, SchoolID: e.SchoolID, Published: e.PublishedAt.UnixMilli()}
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

// Follow brings lessons up to date in Meilisearch, and again as long as they
// change meanwhile: of two workers on one lesson the one that ends last has
// seen the last change.
func (x *Index) Follow(ctx context.Context, lessonIDs ...string) error {
	for {
		docs, gone, err := x.read(ctx, lessonIDs)
		if err != nil {
			return err
		}
		if err := x.send(ctx, x.c.UID, docs, gone); err != nil {
			return err
		}
		again, _, err := x.read(ctx, lessonIDs)
		if err != nil {
			return err
		}
		if slices.EqualFunc(docs, again, func(a, b document) bool { return a.ID == b.ID && a.Version == b.Version }) {
			return nil
		}
	}
}

// read gives the documents of the lessons, in order, and the ids of those that
// are in no index.
func (x *Index) read(ctx context.Context, lessonIDs []string) (docs []document, gone []string, err error) {
	es, err := x.Local.Entries(ctx, lessonIDs...)
	if err != nil {
		return nil, nil, err
	}
	have := map[string]bool{}
	for _, e := range es {
		d, err := newDocument(e)
		if err != nil {
			return nil, nil, err
		}
		have[e.LessonID] = true
		docs = append(docs, d)
	}
	slices.SortFunc(docs, func(a, b document) int { return strings.Compare(a.ID, b.ID) })
	for _, id := range lessonIDs {
		if !have[id] {
			gone = append(gone, documentID(id))
		}
	}
	return docs, gone, nil
}

// send puts and deletes documents and waits until they are.
func (x *Index) send(ctx context.Context, uid string, docs []document, gone []string) error {
	if len(docs) > 0 {
		key := "id"
		task, err := x.server.Index(uid).AddDocumentsWithContext(ctx, docs, &meilisearch.DocumentOptions{PrimaryKey: &key})
		if err := x.await(ctx, "put documents", task, err); err != nil {
			return err
		}
	}
	if len(gone) == 0 {
		return nil
	}
	task, err := x.server.Index(uid).DeleteDocumentsWithContext(ctx, gone, nil)
	return x.await(ctx, "delete documents", task, err)
}

// taskError is a task that did not succeed.
type taskError struct{ code string }

func (e *taskError) Error() string { return "task failed: " + e.code }

// await waits for the end of a task. except are codes that are as good as success.
func (x *Index) await(ctx context.Context, noun string, info *meilisearch.TaskInfo, err error, except ...string) error {
	if err != nil {
		return unavailable(err, noun)
	}
	task, err := x.server.WaitForTaskWithContext(ctx, info.TaskUID, 20*time.Millisecond)
	if err != nil {
		return unavailable(err, noun)
	}
	if task.Status == meilisearch.TaskStatusSucceeded || slices.Contains(except, task.Error.Code) {
		return nil
	}
	return unavailable(&taskError{task.Error.Code}, noun)
}

// Batches of reading and sending documents.
const batch = 1000

// Mend compares Meilisearch with the database's index and makes it equal: a
// few lessons one by one; a missing, foreign or mostly different index by
// making it anew beside the live one. It says how many were different.
func (x *Index) Mend(ctx context.Context) (int, error) {
	differ, wanted, missing, err := x.compare(ctx)
	if err != nil {
		return 0, err
	}
	if missing || len(differ) > 50+wanted/4 {
		return max(len(differ), 1), x.remake(ctx)
	}
	for part := range slices.Chunk(differ, batch) {
		if err := x.Follow(ctx, part...); err != nil {
			return len(differ), err
		}
	}
	return len(differ), nil
}

// Differ lists the lessons that Meilisearch holds otherwise than the database's
// index, lacks, or has too many; fault.Unavailable when it does not answer.
func (x *Index) Differ(ctx context.Context) ([]string, error) {
	differ, _, _, err := x.compare(ctx)
	return differ, err
}

// compare gives the lessons that differ, how many there should be, and whether
// there is no index at all.
func (x *Index) compare(ctx context.Context) (differ []string, lessons int, none bool, err error) {
	wanted, err := x.wanted(ctx)
	if err != nil {
		return nil, 0, false, err
	}
	there, err := x.there(ctx)
	var missing *missingIndex
	if none = errors.As(err, &missing); err != nil && !none {
		return nil, 0, false, err
	}
	return difference(wanted, there), len(wanted), none, nil
}

func difference(wanted, there map[string]string) []string {
	var ids []string
	for id, v := range wanted {
		if there[id] != v {
			ids = append(ids, id)
		}
	}
	for id := range there {
		if _, ok := wanted[id]; !ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// wanted gives the versions of all documents by lesson.
func (x *Index) wanted(ctx context.Context) (map[string]string, error) {
	ids, err := x.Local.IDs(ctx)
	if err != nil {
		return nil, err
	}
	all := make(map[string]string, len(ids))
	for part := range slices.Chunk(ids, batch) {
		docs, _, err := x.read(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			all[d.LessonID] = d.Version
		}
	}
	return all, nil
}

// missingIndex says that there is no index of the name.
type missingIndex struct{ error }

// there gives the versions that Meilisearch holds.
func (x *Index) there(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	for {
		var r meilisearch.DocumentsResult
		err := x.server.Index(x.c.UID).GetDocumentsWithContext(ctx, &meilisearch.DocumentsQuery{Offset: int64(len(all)), Limit: batch, Fields: []string{"lesson_id", "version"}}, &r)
		var e *meilisearch.Error
		if errors.As(err, &e) && e.MeilisearchApiError.Code == "index_not_found" {
			return all, &missingIndex{err}
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

// remake fills a new index beside the live one and swaps the two, so that
// searches never meet a half-filled one. What changed meanwhile is sent after.
func (x *Index) remake(ctx context.Context) error {
	next := x.c.UID + "_next"
	drop := func() error {
		task, err := x.server.DeleteIndexWithContext(ctx, next)
		return x.await(ctx, "delete index "+next, task, err, "index_not_found")
	}
	create := func(uid string) error {
		task, err := x.server.CreateIndexWithContext(ctx, &meilisearch.IndexConfig{Uid: uid, PrimaryKey: "id"})
		return x.await(ctx, "create index "+uid, task, err, "index_already_exists")
	}
	if err := drop(); err != nil {
		return err
	}
	if err := create(next); err != nil {
		return err
	}
	task, err := x.server.Index(next).UpdateSettingsWithContext(ctx, settings())
	if err := x.await(ctx, "settings", task, err); err != nil {
		return err
	}
	ids, err := x.Local.IDs(ctx)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(ids, batch) {
		docs, _, err := x.read(ctx, part)
		if err != nil {
			return err
		}
		if err := x.send(ctx, next, docs, nil); err != nil {
			return err
		}
	}
	// Swapping wants both to be there. An empty one answers no filter, so until
	// the swap searches fail and the database's index answers them.
	if err := create(x.c.UID); err != nil {
		return err
	}
	task, err = x.server.SwapIndexesWithContext(ctx, []*meilisearch.SwapIndexesParams{{Indexes: []string{x.c.UID, next}}})
	if err := x.await(ctx, "swap", task, err); err != nil {
		return err
	}
	if err := drop(); err != nil {
		return err
	}
	wanted, err := x.wanted(ctx)
	if err != nil {
		return err
	}
	there, err := x.there(ctx)
	if err != nil {
		return err
	}
	late := difference(wanted, there)
	if len(late) == 0 {
		return nil
	}
	return x.Follow(ctx, late...)
}
