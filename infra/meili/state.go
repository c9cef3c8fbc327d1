package meili

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/meilisearch/meilisearch-go"
)

// IndexName is the name of the index of lessons.
const IndexName = "lessons"

// primaryKey is the field that identifies a document.
const primaryKey = "id"

// State of the index in Meilisearch.
type State struct {
	Missing bool
	// Different are the names of the settings that are not as they must be; "primary
	// key" can only be corrected by a new index.
	Different []string
	differ    map[string]any
}

// wrongKey stands in State.Different for an index with another primary key.
const wrongKey = "primary key"

// State reads the settings of the index and compares them; fault.Unavailable when
// Meilisearch does not answer.
func (x *Index) State(ctx context.Context) (State, error) {
	info, err := x.server.GetIndexWithContext(ctx, x.c.UID)
	if notFound(err) {
		return State{Missing: true}, nil
	}
	if err != nil {
		return State{}, unavailable(err, "read index")
	}
	s, err := x.settingsState(ctx)
	if err == nil && !s.Missing && info.PrimaryKey != "" && info.PrimaryKey != primaryKey {
		s.Different = append(s.Different, wrongKey)
	}
	return s, err
}

func (x *Index) settingsState(ctx context.Context) (State, error) {
	has := map[string]any{}
	err := x.call(ctx, http.MethodGet, "/indexes/"+x.c.UID+"/settings", nil, &has)
	if notFound(err) {
		return State{Missing: true}, nil
	}
	if err != nil {
		return State{}, unavailable(err, "read settings")
	}
	differ := differentSettings(has)
	return State{Different: slices.Sorted(maps.Keys(differ)), differ: differ}, nil
}

// RestoreSettings sends the settings that differ, without waiting until
// Meilisearch has applied them; searches use the old ones until then. It returns
// the state that it found.
func (x *Index) RestoreSettings(ctx context.Context) (State, error) {
	s, _, err := x.sendSettings(ctx)
	return s, err
}

func (x *Index) sendSettings(ctx context.Context) (State, *meilisearch.TaskInfo, error) {
	s, err := x.settingsState(ctx)
	if err != nil || s.Missing || len(s.differ) == 0 {
		return s, nil, err
	}
	var task meilisearch.TaskInfo
	err = x.call(ctx, http.MethodPatch, "/indexes/"+x.c.UID+"/settings", s.differ, &task)
	return s, &task, unavailable(err, "send settings")
}

// holdSettings restores the settings and waits. What they were changed by is
// unknown, so the log names them. It fails when they still differ afterwards.
func (x *Index) holdSettings(ctx context.Context) (State, error) {
	s, task, err := x.sendSettings(ctx)
	if err != nil || task == nil {
		return s, err
	}
	x.c.Log.Warn("Meilisearch index has other settings; restoring them", "settings", s.Different)
	if err := x.waitFor(ctx, "settings", task, nil); err != nil {
		return s, err
	}
	now, err := x.settingsState(ctx)
	if err == nil && len(now.Different) > 0 {
		err = unavailable(fmt.Errorf("still other: %s", strings.Join(now.Different, ", ")), "restore settings")
	}
	return s, err
}

// call sends a request that the library has no function for: it drops settings
// that it does not know and cannot reset one.
func (x *Index) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(x.c.URL, "/")+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if x.c.Key != "" {
		r.Header.Set("Authorization", "Bearer "+x.c.Key)
	}
	failed := &meilisearch.Error{Method: method, Endpoint: path}
	res, err := x.client.Do(r)
	if err != nil {
		failed.OriginError = err
		return failed
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if failed.StatusCode = res.StatusCode; res.StatusCode/100 != 2 {
		failed.ErrorBody(raw)
		return failed
	}
	if err == nil {
		err = json.Unmarshal(raw, out)
	}
	return err
}
