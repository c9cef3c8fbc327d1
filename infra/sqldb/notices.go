package sqldb

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/notice"
)

// Notices keeps guidance and who has read it: a notice.Store.
type Notices struct{ db *DB }

// Notices is the store of notices.
func (d *DB) Notices() *Notices { return &Notices{d} }

var _ notice.Store = (*Notices)(nil)

type noticeRow struct {
	bun.BaseModel `bun:"table:notices,alias:n"`

	ID          string `bun:",pk"`
	Title       string
	Body        string
	SchoolID    string
	PersonID    string
	AuthorID    string
	Staff       bool
	Grades      string
	Classes     string
	Letters     bool
	PublishAt   stamp
	EndsAt      stamp
	CreatedAt   stamp
	ChangedAt   stamp
	WithdrawnAt stamp
}

func (r *noticeRow) notice() (notice.Notice, error) {
	n := notice.Notice{ID: r.ID, Title: r.Title, Body: r.Body, SchoolID: r.SchoolID, PersonID: r.PersonID,
		AuthorID: r.AuthorID, Staff: r.Staff, Letters: r.Letters,
		PublishAt: r.PublishAt.Time(), EndsAt: r.EndsAt.Time(), CreatedAt: r.CreatedAt.Time(),
		ChangedAt: r.ChangedAt.Time(), WithdrawnAt: r.WithdrawnAt.Time()}
	if err := json.Unmarshal([]byte(r.Grades), &n.Grades); err != nil {
		return n, fmt.Errorf("notice %s: grades: %w", r.ID, err)
	}
	if err := json.Unmarshal([]byte(r.Classes), &n.Classes); err != nil {
		return n, fmt.Errorf("notice %s: classes: %w", r.ID, err)
	}
	return n, nil
}

type noticeFileRow struct {
	bun.BaseModel `bun:"table:notice_files,alias:f"`

	ID        string `bun:",pk"`
	NoticeID  string
	Name      string
	Type      string
	ObjectKey string
	Size      int64
	CreatedAt stamp
}

type noticeReceiptRow struct {
	bun.BaseModel `bun:"table:notice_receipts,alias:r"`

	NoticeID string `bun:",pk"`
	PersonID string `bun:",pk"`
	At       stamp
}

type noticeLetterRow struct {
	bun.BaseModel `bun:"table:notice_letters,alias:l"`

	NoticeID string `bun:",pk"`
	PersonID string `bun:",pk"`
	At       stamp
}

// Notice reads one.
func (s *Notices) Notice(ctx context.Context, id string) (notice.Notice, error) {
	var r noticeRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil {
		return notice.Notice{}, missing(err, "notice.not_found", "notice", id)
	}
	return r.notice()
}

// SaveNotice adds a notice or changes it.
func (s *Notices) SaveNotice(ctx context.Context, n notice.Notice) error {
	grades, err := json.Marshal(n.Grades)
	if err != nil {
		return wrap(err, "notice", n.ID)
	}
	classes, err := json.Marshal(n.Classes)
	if err != nil {
		return wrap(err, "notice", n.ID)
	}
	r := noticeRow{ID: n.ID, Title: n.Title, Body: n.Body, SchoolID: n.SchoolID, PersonID: n.PersonID,
		AuthorID: n.AuthorID, Staff: n.Staff, Grades: string(grades),
		Classes: string(classes), Letters: n.Letters, PublishAt: stamp(n.PublishAt), EndsAt: stamp(n.EndsAt),
		CreatedAt: stamp(n.CreatedAt),
		ChangedAt: stamp(n.ChangedAt), WithdrawnAt: stamp(n.WithdrawnAt)}
	_, err = s.db.Writer(ctx).NewInsert().Model(&r).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	return wrap(err, "notice", n.ID)
}

// Notices lists newest first.
func (s *Notices) Notices(ctx context.Context, f notice.Filter) ([]notice.Notice, error) {
	var rows []noticeRow
	q := s.db.Reader(ctx).NewSelect().Model(&rows).Order("publish_at DESC", "id DESC")
	if f.Person != "" {
		q.Where("person_id IN ('', ?)", f.Person)
	} else {
		q.Where("person_id = ''")
	}
	if f.School != "" {
		q.Where("school_id = ?", f.School)
	}
	if f.Province {
		q.Where("school_id = ''")
	}
	if f.Author != "" {
		q.Where("author_id = ?", f.Author)
	}
	if !f.At.IsZero() {
		q.Where("publish_at <= ? AND withdrawn_at IS NULL AND (ends_at IS NULL OR ends_at > ?)",
			stamp(f.At), stamp(f.At))
	}
	if f.Before != "" {
		b, err := s.Notice(ctx, f.Before)
		if err != nil {
			return nil, err
		}
		q.Where("(publish_at, id) < (?, ?)", stamp(b.PublishAt), b.ID)
	}
	if f.Limit > 0 {
		q.Limit(int64(f.Limit))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, wrap(err, "notices")
	}
	list := make([]notice.Notice, len(rows))
	for i := range rows {
		var err error
		if list[i], err = rows[i].notice(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// SaveAttachment adds a file.
func (s *Notices) SaveAttachment(ctx context.Context, a notice.Attachment) error {
	r := noticeFileRow{ID: a.ID, NoticeID: a.NoticeID, Name: a.Name, Type: a.Type, ObjectKey: a.Key, Size: a.Size,
		CreatedAt: stamp(a.CreatedAt)}
	_, err := s.db.Writer(ctx).NewInsert().Model(&r).Exec(ctx)
	return wrap(err, "notice file", a.ID)
}

// Attachments lists a notice's files, oldest first.
func (s *Notices) Attachments(ctx context.Context, id string) ([]notice.Attachment, error) {
	var rows []noticeFileRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("notice_id = ?", id).Order("created_at",
		"id").Scan(ctx); err != nil {
		return nil, wrap(err, "notice files", id)
	}
	var list []notice.Attachment
	for _, r := range rows {
		list = append(list, notice.Attachment{ID: r.ID, NoticeID: r.NoticeID, Name: r.Name, Type: r.Type,
			Key: r.ObjectKey, Size: r.Size, CreatedAt: r.CreatedAt.Time()})
	}
	return list, nil
}

// Read keeps a receipt; the first of a person stays.
func (s *Notices) Read(ctx context.Context, r notice.Receipt) error {
	row := noticeReceiptRow{NoticeID: r.NoticeID, PersonID: r.PersonID, At: stamp(r.At)}
	_, err := s.db.Writer(ctx).NewInsert().Model(&row).On("CONFLICT (notice_id, person_id) DO NOTHING").Exec(ctx)
	return wrap(err, "notice receipt", r.NoticeID)
}

// Receipts lists a notice's receipts, first reader first.
func (s *Notices) Receipts(ctx context.Context, id string) ([]notice.Receipt, error) {
	var rows []noticeReceiptRow
	if err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("notice_id = ?", id).Order("at",
		"person_id").Scan(ctx); err != nil {
		return nil, wrap(err, "notice receipts", id)
	}
	var list []notice.Receipt
	for _, r := range rows {
		list = append(list, notice.Receipt{NoticeID: r.NoticeID, PersonID: r.PersonID, At: r.At.Time()})
	}
	return list, nil
}

// Lettered gives the persons that a letter has gone out to.
func (s *Notices) Lettered(ctx context.Context, id string) (map[string]bool, error) {
	var persons []string
	err := s.db.Reader(ctx).NewSelect().Model((*noticeLetterRow)(nil)).Column("person_id").Where("notice_id = ?",
		id).Scan(ctx, &persons)
	if err != nil {
		return nil, wrap(err, "notice letters", id)
	}
	m := make(map[string]bool, len(persons))
	for _, p := range persons {
		m[p] = true
	}
	return m, nil
}

// SaveLettered keeps that a person's letter has gone out.
func (s *Notices) SaveLettered(ctx context.Context, id, person string, at time.Time) error {
	row := noticeLetterRow{NoticeID: id, PersonID: person, At: stamp(at)}
	_, err := s.db.Writer(ctx).NewInsert().Model(&row).On("CONFLICT (notice_id, person_id) DO NOTHING").Exec(ctx)
	return wrap(err, "notice letter", id)
}

// ForgetPersonal removes notices to single persons that went up earlier.
func (s *Notices) ForgetPersonal(ctx context.Context, before time.Time, limit int) (int, error) {
	res, err := s.db.Writer(ctx).NewRaw(
		"DELETE FROM notices WHERE id IN (SELECT id FROM notices WHERE person_id <> '' AND publish_at < ? ORDER BY publish_at LIMIT ?)",
		stamp(before), limit).Exec(ctx)
	if err != nil {
		return 0, wrap(err, "notices to persons")
	}
	n, err := res.RowsAffected()
	return int(n), wrap(err, "notices to persons")
}
