package upload

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/services/people"
)

// Times of an upload.
const (
	Life       = media.OpenUploads // of an upload that nothing happens to
	SignedLife = 15 * time.Minute  // of a presigned URL, at most
	renewEvery = 24 * time.Hour    // how often work on an upload renews its life
)

// MaxNumbers is how many parts may be presigned by one call.
const MaxNumbers = 100

// Lessons is what an upload reads of lessons (lesson.Store).
type Lessons interface {
	Lesson(ctx context.Context, id string) (lesson.Lesson, error)
	Lock(ctx context.Context, id string) (lesson.Lesson, error)
}

// Receiver records the progress of a lesson's recording (lesson.Service).
type Receiver interface {
	Receive(ctx context.Context, by people.Person, r lesson.Recording) (lesson.Lesson, error)
	Receiving(ctx context.Context, lessonID string) error
	NotReceiving(ctx context.Context, lessonID string) error
}

// Objects is what an upload needs of storage besides media.Multipart.
type Objects interface {
	Head(ctx context.Context, key string) (media.Object, error)
	Delete(ctx context.Context, keys ...string) error
}

// Service holds the plans of uploads and acknowledges recordings. Storage is
// never called inside a transaction. The order of steps is such that a crash
// between any two of them is repaired by repeating the call, or by Sweep.
type Service struct {
	Store    Store
	Atomic   job.Atomic
	Lessons  Lessons
	Receiver Receiver
	Parts    media.Multipart
	Objects  Objects
	Pieces   PieceStore // for Append
	Now      func() time.Time
	NewID    func() string

	MaxSize  int64 // bytes of one recording; 0: DefaultMaxSize
	Quota    int64 // bytes of one person's open uploads and recordings together; 0: no limit
	PartSize int64 // bytes wanted; 0: DefaultPartSize
	// Space tells how many bytes storage can still take, and has in all; nil: that
	// cannot be known.
	Space func() (free, total int64, err error)
	// Direct signs URLs of storage itself, whatever site the client uses: no
	// proxy relays parts there (scale mode).
	Direct bool
	// Base, with Direct, is where clients reach storage, if that differs from
	// the address that this process uses.
	Base string

	mu          sync.Mutex
	completions map[string]*completion // that run, by upload
	appenders   map[string]*appender   // that run, by upload
}

// PartURL is a presigned request for one part.
type PartURL struct {
	Number int
	media.Signed
}

// MaxRecording is the largest accepted recording, in bytes.
func (s *Service) MaxRecording() int64 { return orDefault(s.MaxSize, DefaultMaxSize) }

// Fits refuses the size of anything else that a person stores if it would
// exceed the quota: fault.TooLarge "upload.over_quota". Call it in the
// transaction that stores it.
func (s *Service) Fits(ctx context.Context, by people.Person, size int64) error {
	if s.Quota == 0 {
		return nil
	}
	used, err := s.Store.Reserved(ctx, by.ID)
	if err != nil {
		return err
	}
	if free := s.Quota - used; size > free {
		return fault.New(fault.TooLarge, "upload.over_quota", "quota", s.Quota, "used", used, "gb",
			gigabytes(max(free, 0)))
	}
	return nil
}

// fits refuses a size that is invalid or would exceed the quota.
func (s *Service) fits(ctx context.Context, by people.Person, size int64) error {
	most := s.MaxRecording()
	switch {
	case size <= 0:
		return fault.New(fault.Invalid, "upload.empty")
	case size > most:
		return fault.New(fault.TooLarge, "upload.too_large", "max", most, "gb", gigabytes(most))
	}
	return s.Fits(ctx, by, size)
}

// Get returns an upload and the parts that storage really has. Faults:
// "upload.not_found", "access.denied", and "upload.gone" when storage no longer
// has it and the client must start over.
func (s *Service) Get(ctx context.Context, by people.Person, id string) (Upload, []media.Part, error) {
	u, err := s.own(ctx, by, id, s.Store.Upload)
	if err != nil {
		return Upload{}, nil, err
	}
	switch u.Status {
	case Complete:
		return u, u.planned(), nil
	case Aborted:
		return u, nil, nil
	}
	if s.completing(id) {
		return u, u.planned(), nil // all parts were there when storage began to join them
	}
	parts, err := s.Parts.Parts(ctx, u.Key, u.StorageID)
	if fault.KindOf(err) == fault.NotFound {
		// A process may have ended after storage joined the parts and before that was recorded.
		obj, err := s.Objects.Head(ctx, u.Key)
		if err == nil && obj.Size != u.Size {
			err = fault.New(fault.NotFound, "media.not_found")
		}
		if err != nil {
			return u, nil, gone(err)
		}
		return u, u.planned(), nil
	}
	if err != nil {
		return u, nil, fmt.Errorf("upload %s: %w", id, err)
	}
	return u, parts, nil
}

// Current returns the person's newest open upload of a lesson, to be resumed.
func (s *Service) Current(ctx context.Context, by people.Person, lessonID string) (Upload, bool, error) {
	l, err := s.Lessons.Lesson(ctx, lessonID)
	if err != nil {
		return Upload{}, false, err
	}
	if !people.May(by, people.EditLesson, l.Object()) {
		return Upload{}, false, denied()
	}
	open, err := s.Store.OpenUploads(ctx, lessonID)
	if err != nil {
		return Upload{}, false, err
	}
	for _, u := range open {
		if u.PersonID == by.ID && s.Now().Before(u.ExpiresAt) {
			return u, true, nil
		}
	}
	return Upload{}, false, nil
}

// Presign returns URLs that the client may send parts to for SignedLife. base
// is the scheme and host that the client uses; empty means storage's own. Faults: "upload.bad_part_number",
// "upload.closed", "upload.expired".
func (s *Service) Presign(ctx context.Context, by people.Person, id, base string, numbers []int) ([]PartURL, error) {
	u, err := s.own(ctx, by, id, s.Store.Upload)
	if err != nil {
		return nil, err
	}
	if err := s.open(u); err != nil {
		return nil, err
	}
	if len(numbers) == 0 || len(numbers) > MaxNumbers {
		return nil, fault.New(fault.Invalid, "upload.bad_part_number", "max", MaxNumbers)
	}
	if s.Direct {
		base = s.Base
	}
	out := make([]PartURL, 0, len(numbers))
	for _, n := range numbers {
		if n < 1 || n > u.PartCount {
			return nil, fault.New(fault.Invalid, "upload.bad_part_number", "number", n, "max", u.PartCount)
		}
		signed, err := s.Parts.PresignPart(ctx, base, u.Key, u.StorageID, n, SignedLife)
		if err != nil {
			return nil, fmt.Errorf("upload %s part %d: %w", id, n, err)
		}
		out = append(out, PartURL{Number: n, Signed: signed})
	}
	return out, s.renew(ctx, u)
}

// renew prolongs the life of an upload while somebody works on it.
func (s *Service) renew(ctx context.Context, u Upload) error {
	if u.ExpiresAt.Sub(s.Now()) > Life-renewEvery {
		return nil
	}
	return s.Atomic.Atomically(ctx, func(ctx context.Context) error {
		cur, err := s.Store.Lock(ctx, u.ID)
		if err != nil || cur.Status != Open {
			return err
		}
		cur.ExpiresAt = s.Now().Add(Life)
		return s.Store.SaveUpload(ctx, cur)
	})
}

// editable reports, as an error, why the person may not upload a recording to a lesson.
func (s *Service) editable(ctx context.Context, by people.Person, id string,
	read func(context.Context, string) (lesson.Lesson, error),
) error {
	l, err := read(ctx, id)
	if err != nil {
		return err
	}
	if !people.May(by, people.EditLesson, l.Object()) {
		return denied()
	}
	if !l.DeletedAt.IsZero() {
		return fault.New(fault.Conflict, "lesson.in_bin")
	}
	return nil
}

// own reads an upload that is the person's own, of a lesson they may edit.
func (s *Service) own(ctx context.Context, by people.Person, id string,
	read func(context.Context, string) (Upload, error),
) (Upload, error) {
	u, err := read(ctx, id)
	if err != nil {
		return Upload{}, err
	}
	if by.Anonymous() || u.PersonID != by.ID {
		return Upload{}, denied()
	}
	l, err := s.Lessons.Lesson(ctx, u.LessonID)
	if err != nil {
		return Upload{}, err
	}
	if !people.May(by, people.EditLesson, l.Object()) {
		return Upload{}, denied()
	}
	return u, nil
}

func (s *Service) open(u Upload) error {
	switch {
	case u.Status != Open:
		return closed(u)
	case !s.Now().Before(u.ExpiresAt):
		return fault.New(fault.Gone, "upload.expired")
	}
	return nil
}

func denied() error { return fault.New(fault.Forbidden, "access.denied") }
func closed(u Upload) error {
	return fault.New(fault.Conflict, "upload.closed", "status", string(u.Status))
}

// gone turns storage's not-found into the fault that tells the client to start over.
func gone(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return fault.Wrap(err, fault.Gone, "upload.gone")
	}
	return err
}

// gigabytes is a size as screens show it.
func gigabytes(n int64) float64 { return float64(n) / 1e9 }

func orDefault(v, d int64) int64 {
	if v > 0 {
		return v
	}
	return d
}

// validHash accepts "" or 64 hex digits, and gives them in lower case.
func validHash(sum string) (string, error) {
	if sum == "" {
		return "", nil
	}
	sum = strings.ToLower(sum)
	if b, err := hex.DecodeString(sum); err != nil || len(b) != 32 {
		return "", fault.Form("upload.invalid", fault.Wrong("sha256", "upload.bad_hash"))
	}
	return sum, nil
}
