// Package memstore keeps objects in memory, for tests of the services that store files.
package memstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/media"
)

// Media is a media.Store that obeys the same contract as a server (mediatest.Store). A call inside a transaction is
// reported as one to a server would be.
type Media struct {
	// Now dates what is stored; nil is time.Now.
	Now func() time.Time
	// Fail, when set, may fail a call ("Put", "Get", "Head", "Delete", "List") before it does anything. Delete of
	// several keys asks for each, List for the prefix.
	Fail func(call, key string) error

	mu      sync.Mutex
	objects map[string]object
	puts    int
	calls   map[string]int
}

type object struct {
	media.Object
	data []byte
}

// begin locks m for a call, unless the call is to fail.
func (m *Media) begin(ctx context.Context, call string, keys ...string) error {
	job.Outside(ctx, "storage: "+call)
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, k := range keys {
		if m.Fail == nil {
			break
		}
		if err := m.Fail(call, k); err != nil {
			return err
		}
	}
	m.mu.Lock()
	if m.calls == nil {
		m.calls, m.objects = map[string]int{}, map[string]object{}
	}
	m.calls[call]++
	return nil
}

// Put stores an object; see media.Store.
func (m *Media) Put(
	ctx context.Context, key string, body io.ReadSeeker, size int64, o media.PutOptions,
) (media.Object, error) {
	data, err := io.ReadAll(body)
	if err != nil {
		return media.Object{}, err
	}
	if err := m.begin(ctx, "Put", key); err != nil {
		return media.Object{}, err
	}
	defer m.mu.Unlock()
	sum := sha256.Sum256(data)
	if int64(len(data)) != size || o.SHA256 != "" && o.SHA256 != hex.EncodeToString(sum[:]) {
		return media.Object{}, fault.New(fault.Invalid, "media.damaged")
	}
	now := time.Now
	if m.Now != nil {
		now = m.Now
	}
	m.puts++
	meta := map[string]string{}
	if o.SHA256 != "" {
		meta["sha256"] = o.SHA256
	}
	stored := object{media.Object{Key: key, Size: size, ETag: hex.EncodeToString(sum[:8]) + "-" + strconv.Itoa(m.puts),
		ContentType: o.ContentType, ModifiedAt: now(), Meta: meta}, data}
	m.objects[key] = stored
	return stored.Object, nil
}

// Get reads an object; see media.Store.
func (m *Media) Get(ctx context.Context, key string, r media.Range) (io.ReadCloser, media.Object, error) {
	if err := m.begin(ctx, "Get", key); err != nil {
		return nil, media.Object{}, err
	}
	defer m.mu.Unlock()
	o, ok := m.objects[key]
	if !ok {
		return nil, media.Object{}, fault.New(fault.NotFound, "media.not_found")
	}
	data := o.data
	if r != media.All {
		if r.Offset < 0 || r.Length == 0 || r.Offset >= o.Size {
			return nil, media.Object{}, fault.New(fault.Invalid, "media.bad_range")
		}
		data = data[r.Offset:]
		if r.Length > 0 {
			data = data[:min(r.Length, int64(len(data)))]
		}
	}
	return io.NopCloser(bytes.NewReader(data)), o.Object, nil
}

// Head describes an object; see media.Store.
func (m *Media) Head(ctx context.Context, key string) (media.Object, error) {
	if err := m.begin(ctx, "Head", key); err != nil {
		return media.Object{}, err
	}
	defer m.mu.Unlock()
	o, ok := m.objects[key]
	if !ok {
		return media.Object{}, fault.New(fault.NotFound, "media.not_found")
	}
	return o.Object, nil
}

// Delete removes objects; see media.Store.
func (m *Media) Delete(ctx context.Context, keys ...string) error {
	if err := m.begin(ctx, "Delete", keys...); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for _, k := range keys {
		delete(m.objects, k)
	}
	return nil
}

// List calls each for the objects below prefix in key order; each may call m.
func (m *Media) List(ctx context.Context, prefix string, each func(media.Object) bool) error {
	if err := m.begin(ctx, "List", prefix); err != nil {
		return err
	}
	var list []media.Object
	for _, k := range slices.Sorted(maps.Keys(m.objects)) {
		if strings.HasPrefix(k, prefix) {
			list = append(list, m.objects[k].Object)
		}
	}
	m.mu.Unlock()
	for _, o := range list {
		if !each(o) {
			return nil
		}
	}
	return nil
}

// Set stores text under a key, for the beginning of a test.
func (m *Media) Set(key, text string) {
	_, err := m.Put(context.Background(), key, strings.NewReader(text), int64(len(text)), media.PutOptions{})
	if err != nil {
		panic(err)
	}
}

// Text is what a key holds, and whether there is such an object.
func (m *Media) Text(key string) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.objects[key]
	return string(o.data), ok
}

// Keys lists the keys below prefix in order.
func (m *Media) Keys(prefix string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []string
	for k := range m.objects {
		if strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// Calls is how often a call was begun that was not failed.
func (m *Media) Calls(call string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls[call]
}
