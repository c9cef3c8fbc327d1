//go:build long

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/infra/meili/meilitest"
	"lenlop/services/media"
	"lenlop/test/pgtest"
	"lenlop/test/system/harness"
)

// TestFsckAtScale breaks each invariant by hand, on PostgreSQL, an S3 server
// and Meilisearch's stand-in; fsck names it and ends with an error, and finds
// no problem left when it is repaired.
func TestFsckAtScale(t *testing.T) {
	endpoint, dsn, search := harness.S3Server(t), pgtest.Postgres(t), meilitest.New(t)
	h := harness.Start(t, func(f *app.Settings) {
		f.Database, f.S3Endpoint, f.S3AccessKey, f.S3SecretKey = dsn, endpoint, "examaccess", "examsecret"
		f.MeiliURL, f.MeiliKey = search.URL, search.Key
		f.Scratch = filepath.Join(f.Data, "files-in-the-making")
	})
	l := fill(t, h)
	workDone(t, h.App)
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if ids, err := h.App.Meili.Differences(t.Context()); err == nil && len(ids) == 0 {
			break
		} else if time.Now().After(end) {
			t.Fatalf("Meilisearch never follows: %v %v", ids, err)
		}
	}
	b := breaker{t, h.App}
	recordingKey := b.text("SELECT storage_key FROM recordings")
	segmentKey := b.text(
		"SELECT storage_key FROM segments WHERE position > 0 AND rung LIKE '%p' ORDER BY storage_key LIMIT 1")
	playlistKey := b.playlist(l)
	good := b.get(playlistKey)
	old := "2020-04-13 00:00:00"
	for _, d := range []struct {
		name       string
		harm, mend func()
		want       string
		decode     int
	}{
		{"I1 changed bytes", b.flip(recordingKey), b.flip(recordingKey), "I1  recording", 0},
		{"I2 no hash", b.run("UPDATE recordings SET claimed = sha256, sha256 = '', received_at = '" + old + "'"),
			b.run("UPDATE recordings SET sha256 = claimed"), "I2  recording", 0},
		{"I2 stuck", b.run("UPDATE lessons SET media_state = 'processing', updated_at = '" + old + "'"),
			b.run("UPDATE lessons SET media_state = 'ready'"),
			"I2  lesson " + l.ID + ": its recording is in preparation", 0},
		{"I2 no reason", b.run("UPDATE lessons SET media_state = 'failed'"),
			b.run("UPDATE lessons SET media_state = 'ready'"), "failed without a reason", 0},
		{"I2 two minds", b.run("UPDATE recordings SET state = 'checking', received_at = '" + old + "'"),
			b.run("UPDATE recordings SET state = 'ready'"), "and its lesson as ready", 0},
		{"I3 changed segment", b.flip(segmentKey), b.flip(segmentKey), "I3  segment " + segmentKey + ": its bytes", 0},
		{"I3 cut playlist", b.change(playlistKey, func(raw []byte) []byte { return raw[:len(raw)/2] }), nil,
			"it is cut", 0},
		{"I3 playlist too long", b.change(playlistKey, func(raw []byte) []byte {
			return bytes.Replace(raw, []byte("#EXT-X-ENDLIST"), []byte("#EXTINF:4,\nla.m4s\n#EXT-X-ENDLIST"), 1)
		}), nil, "it names la.m4s, and storage does not have it", 0},
		{"I3 does not decode", b.spoil(segmentKey), b.spoil(segmentKey), "it does not play", 5},
		{"I4 totals", b.run("UPDATE view_totals SET views = views + 1"),
			b.run("UPDATE view_totals SET views = views - 1"), "I4  lesson " + l.ID, 0},
		{"I5 database's index", b.run("UPDATE lessons SET title = title || ' khác'"),
			b.run("UPDATE lessons SET title = REPLACE(title, ' khác', '')"),
			"I5  lesson " + l.ID + ": the search index", 0},
		{"I5 Meilisearch", search.Reset, func() {
			succeeds(t, fsckCmd{Settings: h.App.Settings, Quick: true,
				Mend: true}.Run, "all repaired")
		}, "I5  lesson " + l.ID + ": the search server", 0},
	} {
		t.Run(d.name, func(t *testing.T) {
			d.harm()
			out, err := outputOf(t, fsckCmd{Settings: h.App.Settings, Decode: d.decode}.Run)
			if !errors.Is(err, app.ErrReported) || !strings.Contains(out, d.want) {
				t.Errorf("%v, %q does not say %q", err, out, d.want)
			}
			if d.mend == nil {
				d.mend = b.put(playlistKey, good)
			}
			d.mend()
			succeeds(t, fsckCmd{Settings: h.App.Settings, Decode: d.decode}.Run, "no problems found")
		})
	}
	t.Run("I6", func(t *testing.T) { b.strays(l.ID) })
	t.Run("away", func(t *testing.T) {
		search.SetDown(true)
		succeeds(t, fsckCmd{Settings: h.App.Settings, Quick: true}.Run, "does not answer, so it was not compared",
			"no problems found")
		search.SetDown(false)
	})
}

// breaker damages data.
type breaker struct {
	t *testing.T
	h *app.App
}

func (b breaker) text(query string) (s string) {
	b.t.Helper()
	if err := b.h.DB.Reader(b.t.Context()).NewRaw(query).Scan(b.t.Context(), &s); err != nil {
		b.t.Fatalf("%s: %v", query, err)
	}
	return s
}

func (b breaker) run(query string) func() {
	return func() {
		res, err := b.h.DB.Writer(b.t.Context()).ExecContext(b.t.Context(), query)
		if err != nil {
			b.t.Fatalf("%s: %v", query, err)
		}
		if n, err := res.RowsAffected(); n == 0 || err != nil {
			b.t.Fatalf("%s changed nothing: %v", query, err)
		}
	}
}

func (b breaker) get(key string) []byte {
	b.t.Helper()
	body, _, err := b.h.Media.Get(b.t.Context(), key, media.All)
	if err != nil {
		b.t.Fatal(err)
	}
	defer body.Close()
	raw, err := io.ReadAll(body)
	if err != nil {
		b.t.Fatal(err)
	}
	return raw
}

func (b breaker) put(key string, raw []byte) func() {
	return func() {
		if _, err := b.h.Media.Put(b.t.Context(), key, bytes.NewReader(raw), int64(len(raw)),
			media.PutOptions{}); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b breaker) change(key string, how func([]byte) []byte) func() {
	return func() { b.put(key, how(b.get(key)))() }
}

// flip changes a byte and leaves the size; twice is as before.
func (b breaker) flip(key string) func() {
	return b.change(key, func(raw []byte) []byte { raw[len(raw)/2] ^= 0x55; return raw })
}

// spoil changes a segment's bytes and what the database says of them, so that
// only playing it tells; twice is as before.
func (b breaker) spoil(key string) func() {
	return func() {
		raw := b.get(key)
		for i := len(raw) / 3; i < len(raw); i++ {
			raw[i] ^= 0x55
		}
		b.put(key, raw)()
		sum := sha256.Sum256(raw)
		b.run("UPDATE segments SET sha256 = '" + hex.EncodeToString(sum[:]) + "' WHERE storage_key = '" + key + "'")()
	}
}

// playlist is the key of one of the lesson's stored playlists.
func (b breaker) playlist(l harness.Lesson) string {
	b.t.Helper()
	key := ""
	err := b.h.Media.List(b.t.Context(), media.Prefix(l.ID), func(o media.Object) bool {
		if strings.HasSuffix(o.Key, ".m3u8") && !strings.HasSuffix(o.Key, "master.m3u8") {
			key = o.Key
		}
		return key == ""
	})
	if err != nil || key == "" {
		b.t.Fatalf("no playlist: %v", err)
	}
	return key
}

// strays leaves an object and half an upload that nobody knows; nine days later
// they are found and mended.
func (b breaker) strays(lessonID string) {
	t, key := b.t, "lessons/"+lessonID+"/packages/ma/la.bin"
	b.put(key, []byte("lạ"))()
	lost := media.Recording(lessonID, "khongaibiet")
	if _, err := b.h.Parts.Create(t.Context(), lost, "video/mp4"); err != nil {
		t.Fatal(err)
	}
	h, err := app.OpenData(t.Context(), app.Config{Settings: b.h.Settings, Log: harness.QuietLogger()},
		app.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	h.Now = func() time.Time { return time.Now().Add(9 * 24 * time.Hour) }
	if err := h.OpenServices(t.Context()); err != nil {
		t.Fatal(err)
	}
	look := func(mend bool) (string, error) {
		return outputOf(t, func(ctx context.Context, out io.Writer) error {
			return h.Inspect(ctx, out, app.InspectOptions{Quick: true, Mend: mend})
		})
	}
	out, err := look(false)
	if !errors.Is(err, app.ErrReported) || !strings.Contains(out, "I6  "+key) || !strings.Contains(out, "I6  "+lost) {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := look(true); err != nil || !strings.Contains(out, "all repaired") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := look(false); err != nil || !strings.Contains(out, "no problems found") {
		t.Errorf("%v: %s", err, out)
	}
}
