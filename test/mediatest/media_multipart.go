package mediatest

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"lenlop/services/fault"
	"lenlop/services/media"
)

// mediaLeastPart is the smallest part but the last that S3 takes, in bytes.
const mediaLeastPart = 5 << 20

// begin makes an upload that is given up when the test ends.
func (e mediaExam) begin(t *testing.T, key string) string {
	t.Helper()
	id, err := e.Create(t.Context(), key, "video/mp4")
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	t.Cleanup(func() { e.Abort(t.Context(), key, id) })
	return id
}

func (e mediaExam) sign(t *testing.T, key, id string, number int) media.Signed {
	t.Helper()
	s, err := e.PresignPart(t.Context(), "", key, id, number, 15*time.Minute)
	if err != nil {
		t.Fatalf("presign: %v", err)
	}
	return s
}

// mediaSend does a presigned request as a browser would; it gives status and etag.
func mediaSend(t *testing.T, s media.Signed, body []byte) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), s.Method, s.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range s.Headers {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode, strings.Trim(res.Header.Get("ETag"), `"`)
}

func (e mediaExam) sendPart(t *testing.T, key, id string, number int, body []byte) string {
	t.Helper()
	status, etag := mediaSend(t, e.sign(t, key, id, number), body)
	if status != http.StatusOK || etag == "" {
		t.Fatalf("part %d: status %d, etag %q", number, status, etag)
	}
	return etag
}

func (e mediaExam) parts(t *testing.T, key, id string) []media.Part {
	t.Helper()
	parts, err := e.Parts(t.Context(), key, id)
	if err != nil {
		t.Fatalf("parts: %v", err)
	}
	return parts
}

func (e mediaExam) holds(t *testing.T, key string, want []byte) {
	t.Helper()
	got, o := e.read(t, key, media.All)
	if !bytes.Equal(got, want) || o.Size != int64(len(want)) {
		t.Fatalf("%s holds %d other bytes than the %d sent", key, len(got), len(want))
	}
}

// mediaPresigned sends three parts out of order, one of them twice.
func mediaPresigned(t *testing.T, e mediaExam) {
	key := e.prefix + "bài giảng.mp4"
	id := e.begin(t, key)
	a, b, c := mediaBytes(mediaLeastPart), mediaBytes(mediaLeastPart), mediaBytes(1234)
	s := e.sign(t, key, id, 3)
	if left := time.Until(s.ExpiresAt); s.Method != http.MethodPut || left > 15*time.Minute+5*time.Second ||
		left < 10*time.Minute {
		t.Errorf("%s until %v", s.Method, s.ExpiresAt)
	}
	etags := map[int]string{3: e.sendPart(t, key, id, 3, c)}
	e.sendPart(t, key, id, 1, mediaBytes(mediaLeastPart)) // sent again below
	etags[2] = e.sendPart(t, key, id, 2, b)
	etags[1] = e.sendPart(t, key, id, 1, a)
	parts := e.parts(t, key, id)
	for i, p := range parts {
		if p.Number != i+1 || p.ETag != etags[p.Number] ||
			p.Size != int64([]int{mediaLeastPart, mediaLeastPart, 1234}[i]) {
			t.Errorf("listed as %+v, sent as %q", p, etags[p.Number])
		}
	}
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	if _, err := e.Head(t.Context(), key); !fault.Is(err, "media.not_found") {
		t.Errorf("there before it is complete: %v", err)
	}
	if keys := e.list(t, e.prefix); len(keys) != 0 {
		t.Errorf("parts are listed as objects: %v", keys)
	}
	o, err := e.Complete(t.Context(), key, id, parts)
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(2*mediaLeastPart + 1234); o.Key != key || o.Size != want || o.ETag == "" ||
		o.ContentType != "video/mp4" {
		t.Errorf("completed as %+v", o)
	}
	e.holds(t, key, slices.Concat(a, b, c))
	if _, err := e.Parts(t.Context(), key, id); !fault.Is(err, "media.no_upload") {
		t.Errorf("parts of a complete upload: %v", err)
	}
	// An address that leaked cannot change what was received.
	if status, _ := mediaSend(t, s, mediaBytes(1234)); status < 400 || status >= 500 {
		t.Errorf("part after completion: status %d", status)
	}
	e.holds(t, key, slices.Concat(a, b, c))
}

func mediaPutPart(t *testing.T, e mediaExam) {
	key := e.prefix + "a"
	id := e.begin(t, key)
	body := mediaBytes(777)
	p, err := e.PutPart(t.Context(), key, id, 1, bytes.NewReader(body), 777)
	if err != nil {
		t.Fatal(err)
	}
	listed := e.parts(t, key, id)
	if len(listed) != 1 || listed[0].ETag != p.ETag || p.Size != 777 || p.Number != 1 {
		t.Fatalf("sent %+v, listed %+v", p, listed)
	}
	if _, err := e.PutPart(t.Context(), key, id, 2, bytes.NewReader(body), 778); !fault.Is(err, "media.damaged") {
		t.Errorf("wrong size: %v", err)
	}
	if _, err := e.Complete(t.Context(), key, id, listed); err != nil {
		t.Fatal(err)
	}
	e.holds(t, key, body)
}

func mediaMissingPart(t *testing.T, e mediaExam) {
	key := e.prefix + "a"
	id := e.begin(t, key)
	a, b := mediaBytes(mediaLeastPart), mediaBytes(10)
	e.sendPart(t, key, id, 1, a)
	one := e.parts(t, key, id)
	for name, parts := range map[string][]media.Part{
		"no parts": nil, "part 2 not there": append(slices.Clone(one),
			media.Part{Number: 2, Size: 10, ETag: one[0].ETag}),
		"another etag": {{Number: 1, Size: mediaLeastPart, ETag: "00000000000000000000000000000000"}},
	} {
		_, err := e.Complete(t.Context(), key, id, parts)
		if !fault.Is(err, "media.bad_part") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := e.Head(t.Context(), key); !fault.Is(err, "media.not_found") {
		t.Errorf("there all the same: %v", err)
	}
	e.sendPart(t, key, id, 2, b) // the upload is as it was
	if _, err := e.Complete(t.Context(), key, id, e.parts(t, key, id)); err != nil {
		t.Fatal(err)
	}
	e.holds(t, key, slices.Concat(a, b))
}

// mediaCompleteAgain completes at once from many sides, or one by one, and
// then again.
func mediaCompleteAgain(t *testing.T, e mediaExam, atOnce bool) {
	key := e.prefix + "a"
	id := e.begin(t, key)
	body := mediaBytes(4000)
	e.sendPart(t, key, id, 1, body)
	parts := e.parts(t, key, id)
	var g errgroup.Group
	if !atOnce {
		g.SetLimit(1)
	}
	for range 4 {
		g.Go(func() error {
			_, err := e.Complete(t.Context(), key, id, parts)
			if err != nil && !fault.Is(err, "media.no_upload") {
				return err
			}
			_, err = e.Head(t.Context(), key)
			return err // whoever is answered finds the object
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	first, err := e.Head(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Complete(t.Context(), key, id, parts); err != nil && !fault.Is(err, "media.no_upload") {
		t.Errorf("again: %v", err)
	}
	if err := e.Abort(t.Context(), key, id); err != nil {
		t.Errorf("abort after completion: %v", err)
	}
	if now, err := e.Head(t.Context(), key); err != nil || now.ETag != first.ETag ||
		!now.ModifiedAt.Equal(first.ModifiedAt) {
		t.Errorf("changed from %+v to %+v: %v", first, now, err)
	}
	e.holds(t, key, body)
}

func mediaAbort(t *testing.T, e mediaExam) {
	key := e.prefix + "a"
	id := e.begin(t, key)
	e.sendPart(t, key, id, 1, mediaBytes(100))
	s := e.sign(t, key, id, 2)
	for range 2 { // again: an unknown upload is no error
		if err := e.Abort(t.Context(), key, id); err != nil {
			t.Fatal(err)
		}
	}
	_, err := e.Parts(t.Context(), key, id)
	mediaFault(t, err, fault.NotFound, "media.no_upload")
	if status, _ := mediaSend(t, s, []byte("x")); status < 400 || status >= 500 {
		t.Errorf("part after abort: status %d", status)
	}
	if _, err := e.Head(t.Context(), key); !fault.Is(err, "media.not_found") {
		t.Errorf("head after abort: %v", err)
	}
}

func mediaUnknownUpload(t *testing.T, e mediaExam) {
	key, id := e.prefix+"a", "5f1d2a50-0f9e-4f7e-9c61-3a2b7b1f0000"
	_, err := e.Parts(t.Context(), key, id)
	mediaFault(t, err, fault.NotFound, "media.no_upload")
	_, err = e.PutPart(t.Context(), key, id, 1, strings.NewReader("x"), 1)
	mediaFault(t, err, fault.NotFound, "media.no_upload")
	_, err = e.Complete(t.Context(), key, id,
		[]media.Part{{Number: 1, Size: 1, ETag: "9dd4e461268c8034f5c8564e155c67a6"}})
	mediaFault(t, err, fault.NotFound, "media.no_upload")
	if err := e.Abort(t.Context(), key, id); err != nil {
		t.Errorf("abort: %v", err)
	}
}

func mediaConcurrentParts(t *testing.T, e mediaExam) {
	key := e.prefix + "a"
	id := e.begin(t, key)
	var g errgroup.Group
	var want [][]byte
	for n := 1; n <= 6; n++ {
		body := bytes.Repeat([]byte{byte(n)}, mediaLeastPart)
		want = append(want, body)
		g.Go(func() error {
			_, err := e.PutPart(t.Context(), key, id, n, bytes.NewReader(body), mediaLeastPart)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Complete(t.Context(), key, id, e.parts(t, key, id)); err != nil {
		t.Fatal(err)
	}
	e.holds(t, key, slices.Concat(want...))
}

func mediaPending(t *testing.T, e mediaExam, exactKeyOnly bool) {
	a, b, c := e.prefix+"a", e.prefix+"b/c", e.prefix+"d"
	ida, idb, idc := e.begin(t, a), e.begin(t, b), e.begin(t, c)
	e.sendPart(t, c, idc, 1, []byte("x"))
	if err := e.Abort(t.Context(), b, idb); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Complete(t.Context(), c, idc, e.parts(t, c, idc)); err != nil {
		t.Fatal(err)
	}
	prefix := e.prefix
	if exactKeyOnly {
		prefix = a
	}
	list, err := e.Pending(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].Key != a || list[0].UploadID != ida ||
		time.Since(list[0].StartedAt).Abs() > 5*time.Minute {
		t.Errorf("pending %+v, want %s %s", list, a, ida)
	}
}
