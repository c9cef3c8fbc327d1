package delivery

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"lenlop/services/fault"
)

// line is a line of nginx's combined format.
func line(at time.Time, method, path string, status, size int, agent string) string {
	return fmt.Sprintf("10.0.0.1 - - [%s] \"%s %s HTTP/2.0\" %d %d \"-\" %q\n",
		at.Format("02/Jan/2006:15:04:05 -0700"), method, path, status, size, agent)
}

const phone, robot = "Mozilla/5.0 (Linux; Android 9)", "Googlebot/2.1"

// TestImportServed: which lines count, and as how much media of which lesson and
// local day.
func TestImportServed(t *testing.T) {
	m, s := newService(t)
	one, two := m.file("l", 1, 4000, 1000), m.file("l", 2, 2000, 1000)
	day := time.Date(2020, 4, 13, 23, 59, 59, 0, hanoi)
	log := strings.Join([]string{
		line(day, "GET", one, 200, 1000, phone),
		line(day, "GET", one, 206, 500, phone), // half of it: 2 s
		line(day.UTC(), "GET", two+"?token=x", 200, 1000, phone),
		line(day.Add(time.Second), "GET", two, 200, 1000, phone),          // the next day
		line(day, "GET", "/watch/l/pkg-l/360p/0-1/9.m4s", 200, 70, phone), // a file that its package does not have
		line(day, "GET", one, 200, 1000, robot),
		line(day, "HEAD", one, 200, 1000, phone),
		line(day, "GET", one, 304, 1000, phone),
		line(day, "GET", one, 404, 1000, phone),
		line(day, "GET", one, 200, 0, phone),
		line(day, "GET", "/watch/l/pkg-l/master.m3u8", 200, 1000, phone),
		line(day, "GET", "/watch/../etc/passwd", 200, 1000, phone),
		line(day, "GET", strings.TrimPrefix(one, "/watch"), 200, 1000, phone),
		"\n",
		"nonsense\n",
		strings.Repeat("x", maxLogLine+10) + "\n",
		strings.TrimSuffix(line(day, "GET", one, 200, 1000, phone), "\n"), // no end of line
	}, "")
	x, err := s.ImportServed(t.Context(), reviewer, "access.log", strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(log))
	want := ServedLog{
		ID: "id1", Hash: hex.EncodeToString(sum[:]), Filename: "access.log", By: "so", At: m.now, Committed: m.now,
		Lines: 16, Counted: 6, Robots: 1, Skipped: 9,
	}
	if x != want || m.logs["id1"] != want {
		t.Errorf("%+v\nstored %+v\nwant %+v", x, m.logs["id1"], want)
	}
	slices.SortFunc(m.rows, func(a, b Served) int { return strings.Compare(a.Day, b.Day) })
	if !slices.Equal(m.rows, []Served{
		{"l", "2020-04-13", "id1", 4000 + 2000 + 2000 + 4000, 1000 + 500 + 1000 + 70 + 1000},
		{"l", "2020-04-14", "id1", 2000, 1000},
	}) {
		t.Errorf("%+v", m.rows)
	}
	if len(m.audit) != 1 || m.audit[0].Subject != "served:id1" ||
		m.audit[0].Detail != "6 lines of 16, file "+x.Hash[:12] {
		t.Errorf("%+v", m.audit)
	}
}

// TestImportServedDays: lines from after tomorrow, or over 400 days old, are
// taken for a mistake.
func TestImportServedDays(t *testing.T) {
	for name, c := range map[string]struct {
		after   time.Duration
		counted int64
	}{
		"now": {0, 1}, "a day ahead": {24 * time.Hour, 1}, "more ahead": {24*time.Hour + time.Second, 0},
		"400 days ago": {-400 * 24 * time.Hour, 1}, "longer ago": {-400*24*time.Hour - time.Second, 0},
	} {
		m, s := newService(t)
		log := line(m.now.Add(c.after), "GET", m.file("l", 1, 4000, 1000), 200, 1000, phone)
		x, err := s.ImportServed(t.Context(), reviewer, "a", strings.NewReader(log))
		if x.Counted != c.counted || (c.counted == 0) != fault.Is(err, "served.nothing") ||
			(c.counted == 1) != (err == nil) {
			t.Errorf("%s: %+v, %v", name, x, err)
		}
	}
}

// TestImportServedOnce: the same file counts once, packed or not as it was sent,
// and what a refused one stored is removed in pieces.
func TestImportServedOnce(t *testing.T) {
	m, s := newService(t)
	var lines strings.Builder
	for n := range 2*servedAtOnce + 1 {
		lines.WriteString(line(m.now, "GET", m.file(fmt.Sprint("l", n), 1, 4000, 1000), 200, 1000, phone))
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	io.WriteString(z, lines.String())
	z.Close()
	first, err := s.ImportServed(t.Context(), reviewer, "access.log.gz", bytes.NewReader(packed.Bytes()))
	if err != nil || first.Counted != 1001 {
		t.Fatalf("%+v, %v", first, err)
	}
	if !slices.Equal(m.adds, []int{500, 500, 1}) {
		t.Errorf("rows of a transaction: %v", m.adds)
	}
	m.now = m.now.Add(time.Hour)
	_, err = s.ImportServed(t.Context(), reviewer, "copy.gz", bytes.NewReader(packed.Bytes()))
	if !fault.Is(err, "served.already") || fault.As(err).Args["at"] != first.Committed {
		t.Errorf("a second time: %v", err)
	}
	if len(m.rows) != 1001 || len(m.logs) != 1 || m.drops != 4 {
		t.Errorf("%d rows of %d logs remain after %d steps", len(m.rows), len(m.logs), m.drops)
	}
	if _, err = s.ImportServed(t.Context(), reviewer, "unpacked", strings.NewReader(lines.String())); err != nil {
		t.Errorf("another file: %v", err)
	}
}

func TestImportServedFaults(t *testing.T) {
	broken := gzipped(t, strings.Repeat("nonsense\n", 1000))
	for name, x := range map[string]struct {
		file io.Reader
		want string
	}{
		"an empty file":                {strings.NewReader(""), "served.nothing"},
		"no line of a lesson":          {strings.NewReader("nonsense\n"), "served.nothing"},
		"a broken gzip header":         {strings.NewReader("\x1f\x8bxxxxxxxxxx"), "served.unreadable"},
		"a cut gzip file":              {bytes.NewReader(broken[:len(broken)-10]), "served.unreadable"},
		"a connection that breaks off": {iotest.ErrReader(errors.New("reset")), "served.unreadable"},
	} {
		m, s := newService(t)
		_, err := s.ImportServed(t.Context(), reviewer, "a", x.file)
		if !fault.Is(err, x.want) || fault.KindOf(err) != fault.Invalid || len(m.logs) != 0 {
			t.Errorf("%s: %v, %v remain", name, err, m.logs)
		}
	}
	for name, by := range outsiders() {
		m, s := newService(t)
		_, err := s.ImportServed(t.Context(), by, "a", strings.NewReader(""))
		if !fault.Is(err, "access.denied") || m.ids != 0 {
			t.Errorf("%s imports: %v", name, err)
		}
		if _, err := s.ServedLogs(t.Context(), by); !fault.Is(err, "access.denied") {
			t.Errorf("%s lists: %v", name, err)
		}
	}
	for _, method := range []string{"SaveServedLog", "AddServed", "Lengths", "ServedLogByHash", "Append",
		"DropServed"} {
		m, s := newService(t)
		log := line(m.now, "GET", m.file("l", 1, 4000, 1000), 200, 1000, phone)
		if method == "DropServed" {
			log = "nonsense" // so that there is something to drop
		}
		m.fail[method] = errStore
		if _, err := s.ImportServed(t.Context(), reviewer, "a", strings.NewReader(log)); !errors.Is(err, errStore) {
			t.Errorf("%s fails: %v", method, err)
		}
		if method != "DropServed" && len(m.rows)+len(m.logs)+len(m.audit) != 0 {
			t.Errorf("%s fails: %v, %v, %v remain", method, m.rows, m.logs, m.audit)
		}
	}
}

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestImportServedCancelled: a person who leaves leaves nothing behind.
func TestImportServedCancelled(t *testing.T) {
	m, s := newService(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	log := strings.Repeat(line(m.now, "GET", m.file("l", 1, 4000, 1000), 200, 1000, phone), 10_000)
	x, err := s.ImportServed(ctx, reviewer, "a", strings.NewReader(log))
	if !errors.Is(err, context.Canceled) || len(m.rows)+len(m.logs) != 0 || x.Lines != 10_000 {
		t.Errorf("%+v, %v, %v remain", x, err, m.logs)
	}
}

// TestServedLogs: the newest 30.
func TestServedLogs(t *testing.T) {
	m, s := newService(t)
	for n := range 40 {
		m.logs[fmt.Sprint(n)] = ServedLog{Committed: m.now}
	}
	list, err := s.ServedLogs(t.Context(), reviewer)
	if err != nil || len(list) != 30 {
		t.Errorf("%d, %v", len(list), err)
	}
}

// TestLimitedReader: what is too large is refused when the limit is passed, and
// not when it is reached.
func TestLimitedReader(t *testing.T) {
	for text, want := range map[string]string{"1234567890": "", "12345678901": "served.too_large"} {
		_, err := io.ReadAll(&limitedReader{r: iotest.OneByteReader(strings.NewReader(text)), left: 10})
		if want == "" && err != nil || want != "" && (!fault.Is(err, want) || fault.KindOf(err) != fault.TooLarge) {
			t.Errorf("%s: %v", text, err)
		}
		if want != "" && !fault.Is(readable(err), want) {
			t.Errorf("%s: %v hides the limit", text, readable(err))
		}
	}
}
