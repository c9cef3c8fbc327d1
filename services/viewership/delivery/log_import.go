package delivery

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/production"
	"lenlop/services/viewership/playback"
)

// Bounds of an imported access log.
const (
	MaxServedLog  = 1 << 30  // bytes as they are sent, packed or not
	maxLogText    = 16 << 30 // bytes once unpacked
	maxLogLine    = 64 << 10
	maxLogFiles   = 200_000 // files and days held before they are summed up
	servedAtOnce  = 500     // rows of one transaction
	shownServed   = 30
	watchPath     = "/watch/"
	logDaysBehind = 400 // days; older lines are taken for a mistake
)

// ServedLog is an access log of a cache or a proxy that was counted. Only its
// sums are kept: its lines hold people's addresses.
type ServedLog struct {
	ID        string
	Hash      string // hex SHA-256 of the file as it was sent
	Filename  string
	By        string
	At        time.Time
	Committed time.Time
	Lines     int64
	Counted   int64 // of files of lessons
	Robots    int64 // excluded: declared robots
	Skipped   int64 // other pages, errors, lines that cannot be parsed
}

// ImportServed counts the media that was sent according to a cache's access log,
// line by line. Faults: "access.denied", "served.too_large", "served.unreadable",
// "served.nothing" (no line is of a lesson), "served.already" (args "at").
func (s *Service) ImportServed(ctx context.Context, by people.Person, filename string,
	file io.Reader) (ServedLog, error) {
	if !people.May(by, people.ReadViewing, people.Object{}) {
		return ServedLog{}, denied()
	}
	x := ServedLog{ID: s.cfg.NewID(), Filename: filename, By: by.ID, At: s.cfg.Now()}
	if err := s.cfg.Store.SaveServedLog(ctx, x); err != nil {
		return x, fmt.Errorf("access log: %w", err)
	}
	hash := sha256.New()
	sent := &limitedReader{r: io.TeeReader(file, hash), left: MaxServedLog}
	err := s.countLog(ctx, &x, sent)
	if err == nil {
		_, err = io.Copy(io.Discard, sent) // the hash is of the whole file
	}
	x.Hash = hex.EncodeToString(hash.Sum(nil))
	switch {
	case err != nil:
	case x.Counted == 0:
		err = fault.New(fault.Invalid, "served.nothing")
	default:
		err = s.commitServed(ctx, by, &x)
	}
	if err != nil {
		// What was stored so far does not count; it is removed in pieces.
		return x, errors.Join(err, s.dropServed(context.WithoutCancel(ctx), x.ID))
	}
	return x, nil
}

// ServedLogs lists the newest logs that were counted.
func (s *Service) ServedLogs(ctx context.Context, by people.Person) ([]ServedLog, error) {
	if !people.May(by, people.ReadViewing, people.Object{}) {
		return nil, denied()
	}
	return s.cfg.Store.ServedLogs(ctx, shownServed)
}

func (s *Service) commitServed(ctx context.Context, by people.Person, x *ServedLog) error {
	return s.cfg.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if old, found, err := s.cfg.Store.ServedLogByHash(ctx, x.Hash); err != nil {
			return fmt.Errorf("access log: %w", err)
		} else if found {
			return fault.New(fault.Conflict, "served.already", "at", old.Committed)
		}
		x.Committed = s.cfg.Now()
		if err := s.cfg.Store.SaveServedLog(ctx, *x); err != nil {
			return err
		}
		return s.cfg.Audit.Append(ctx, audit.Entry{ID: s.cfg.NewID(), At: s.cfg.Now(), Actor: by.ID,
			Action: string(people.ReadViewing), Subject: "served:" + x.ID,
			Detail: fmt.Sprintf("%d lines of %d, file %s", x.Counted, x.Lines, x.Hash[:12])})
	})
}

func (s *Service) dropServed(ctx context.Context, id string) error {
	for {
		n, err := s.cfg.Store.DropServed(ctx, id, servedAtOnce)
		if err != nil || n == 0 {
			return err
		}
	}
}

// countLog reads the lines and stores the sums in pieces, under the log's id:
// they count once the log is committed.
func (s *Service) countLog(ctx context.Context, x *ServedLog, file io.Reader) error {
	lines, err := unpacked(file)
	if err != nil {
		return err
	}
	m, sent := newMediaMeter(s.cfg.Lengths), map[sentFile]int64{}
	flush := func() error {
		list, err := m.served(ctx, sent, x.ID)
		for err == nil && len(list) > 0 {
			n := min(len(list), servedAtOnce)
			err = s.cfg.Store.AddServed(ctx, list[:n])
			list = list[n:]
		}
		clear(sent)
		return err
	}
	for {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			return flush()
		}
		if err != nil {
			return readable(err)
		}
		if line == "" {
			continue
		}
		if x.Lines++; x.Lines%10_000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		s.countLine(x, line, sent)
		if len(sent) >= maxLogFiles {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

// countLine adds a line of a lesson's file to what was sent.
func (s *Service) countLine(x *ServedLog, line string, sent map[sentFile]int64) {
	e, ok := parseLogLine(line)
	address, below := strings.CutPrefix(e.path, watchPath)
	o, isFile := production.ObjectAt(address)
	wanted := ok && below && isFile && e.method == http.MethodGet &&
		(e.status == http.StatusOK || e.status == http.StatusPartialContent) && e.bytes > 0
	now := s.cfg.Now()
	switch {
	case !wanted, e.at.After(now.Add(24 * time.Hour)), e.at.Before(now.AddDate(0, 0, -logDaysBehind)):
		x.Skipped++
	case playback.DeclaredRobot(e.agent):
		x.Robots++
	default:
		x.Counted++
		sent[sentFile{o.Lesson, o.Package, o.Key, s.localDay(e.at)}] += e.bytes
	}
}

// unpacked reads a log that may be compressed with gzip.
func unpacked(file io.Reader) (*bufio.Reader, error) {
	r := bufio.NewReaderSize(file, maxLogLine)
	head, err := r.Peek(2)
	if err != nil || head[0] != 0x1f || head[1] != 0x8b {
		return r, nil //nolint:nilerr // the reader meets the same error
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, readable(err)
	}
	return bufio.NewReaderSize(&limitedReader{r: z, left: maxLogText}, maxLogLine), nil
}

// readLine gives the next line without its end, and "-", which is no log line,
// for one that is too long.
func readLine(r *bufio.Reader) (string, error) {
	part, err := r.ReadSlice('\n')
	line := strings.TrimRight(string(part), "\r\n")
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = r.ReadSlice('\n')
		line = "-"
	}
	if errors.Is(err, io.EOF) && line != "" {
		err = nil
	}
	return line, err
}

// readable wraps an error of reading the file.
func readable(err error) error {
	if fault.As(err) != nil {
		return err
	}
	return fault.Wrap(err, fault.Invalid, "served.unreadable")
}

// limitedReader reads a number of bytes and then fails.
type limitedReader struct {
	r    io.Reader
	left int64
}

func (a *limitedReader) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	if a.left -= int64(n); a.left < 0 {
		return 0, fault.New(fault.TooLarge, "served.too_large", "max", MaxServedLog)
	}
	return n, err
}
