package mediatest

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"lenlop/services/fault"
	"lenlop/services/media"
)

// Files is the exam of a storage that is a media.Opener.
func Files(t *testing.T, store media.Store) {
	files, ok := store.(media.Opener)
	if !ok {
		t.Fatalf("%T opens no files", store)
	}
	e := mediaExam{Store: store, prefix: "files/"}
	body := mediaBytes(700_001)
	e.put(t, e.prefix+"bài/0.m4s", body)
	head, err := store.Head(t.Context(), e.prefix+"bài/0.m4s")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // not there yet, and there
		f, o, err := files.Open(t.Context(), e.prefix+"bài/0.m4s")
		if err != nil {
			t.Fatal(err)
		}
		if o.Key != head.Key || o.Size != head.Size || o.ETag != head.ETag ||
			o.ModifiedAt.Unix() != head.ModifiedAt.Unix() {
			t.Errorf("opened %+v, stored %+v", o, head)
		}
		if got, err := io.ReadAll(f); !bytes.Equal(got, body) {
			t.Errorf("%d other bytes, %v", len(got), err)
		}
		within := make([]byte, 10)
		if _, err := f.ReadAt(within, 300_000); err != nil || !bytes.Equal(within, body[300_000:300_010]) {
			t.Errorf("within: %v", err)
		}
		if _, err := f.WriteString("x"); err == nil {
			t.Error("an object can be written through its file")
		}
		f.Close()
	}
	for _, key := range []string{e.prefix + "none", e.prefix, "..", "../../etc/passwd", "/etc/passwd"} {
		f, _, err := files.Open(t.Context(), key)
		if err == nil {
			f.Close()
		}
		// A storage elsewhere may call such a name bad instead of unknown.
		if err == nil || fault.KindOf(err) != fault.NotFound && fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%q: %v", key, err)
		}
		if errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%q is to be read from storage", key)
		}
	}
	f, _, err := files.Open(t.Context(), e.prefix+"bài/0.m4s")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := store.Delete(t.Context(), e.prefix+"bài/0.m4s"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(f); !bytes.Equal(got, body) {
		t.Errorf("deleted while it was sent: %d bytes, %v", len(got), err)
	}
}
