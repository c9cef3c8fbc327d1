package viewership

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"lenlop/services/audit"
	"lenlop/services/fault"
	"lenlop/services/media"
	"lenlop/services/people"
	"lenlop/services/viewership/disclosure"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// Report is a period's figures, frozen: they never change afterwards.
type Report struct {
	ID        string
	MadeBy    string
	MadeAt    time.Time
	Corrects  string // id of the report it corrects, or ""
	Content   []byte // the canonical JSON of a Frozen: what was hashed and signed
	Hash      string // hex SHA-256 of Content
	Signature []byte // Ed25519 over Content
	PublicKey []byte // the key it was signed with
	Frozen    Frozen // Content, read
}

// Frozen is the content of a report. Its JSON is signed and kept byte for byte.
type Frozen struct {
	ID          string           `json:"id"`
	From        string           `json:"from"` // local day, "" from the beginning
	To          string           `json:"to"`   // exclusive
	By          string           `json:"by"`
	Subject     string           `json:"subject,omitempty"`
	Grade       int              `json:"grade,omitempty"`
	School      string           `json:"school,omitempty"`
	Area        string           `json:"area,omitempty"`
	Lesson      string           `json:"lesson,omitempty"`
	Channel     string           `json:"channel,omitempty"`
	Rules       []string         `json:"rules"`
	AsOf        time.Time        `json:"asOf"`
	Provisional bool             `json:"provisional"` // offline views may still arrive
	Corrects    string           `json:"corrects,omitempty"`
	Total       FrozenRow        `json:"total"`
	Rows        []FrozenRow      `json:"rows"`
	LeftOut     map[string]int64 `json:"leftOut"`
	Missing     []string         `json:"missing"`
}

// FrozenRow is a row of the table as it was.
type FrozenRow struct {
	Key            string          `json:"key"`
	Label          string          `json:"label"`
	Parent         string          `json:"parent,omitempty"` // of an area: the one around it
	Depth          int             `json:"depth,omitempty"`
	Hidden         disclosure.Mark `json:"hidden,omitempty"` // the web's figures are hidden, and zero here
	Views          int64           `json:"views"`
	Viewers        int64           `json:"viewers"`
	WatchSeconds   float64         `json:"watchSeconds"`
	Completions    int64           `json:"completions"`
	OfflineViews   int64           `json:"offlineViews"`
	Television     []FrozenLine    `json:"television"`
	Airings        int64           `json:"airings"`
	AiringsNoData  int64           `json:"airingsWithoutFigures"`
	AiringsPlanned int64           `json:"airingsPlanned"`
}

// FrozenLine is television's contacts of one grade and unit.
type FrozenLine struct {
	Grade   television.Grade `json:"grade"`
	Unit    string           `json:"unit"`
	Value   float64          `json:"value"`
	Airings int              `json:"airings"`
	Mark    disclosure.Mark  `json:"hidden,omitempty"` // "small": fewer than five persons
}

// ReportStore keeps reports; they are never changed. A missing one is
// fault.NotFound "report.not_found".
type ReportStore interface {
	AddReport(ctx context.Context, r Report) error
	Report(ctx context.Context, id string) (Report, error)
	// Reports lists newest first, without their content.
	Reports(ctx context.Context, limit int) ([]Report, error)
}

// MakeReport freezes the table of a query. corrects is the id of the report that
// this one corrects, or "". Faults: "access.denied", "report.not_found", and
// those of Table.
func (s *Service) MakeReport(ctx context.Context, by people.Person, q Query, corrects string) (Report, error) {
	p, err := s.PrepareReport(ctx, by, q, corrects, media.RandomNames())
	if err != nil {
		return Report{}, err
	}
	return p.Commit(ctx)
}

// PrepareReport is the part of MakeReport outside the transaction: it reads the
// figures, from one moment of the database, and signs them.
func (s *Service) PrepareReport(
	ctx context.Context, by people.Person, q Query, corrects string, names media.Names,
) (*PreparedReport, error) {
	if !people.May(by, people.MakeReport, people.Object{}) {
		return nil, denied()
	}
	p := &PreparedReport{service: s, by: by, report: Report{ID: names.ID("report"), MadeBy: by.ID,
		MadeAt: s.cfg.Now().UTC().Truncate(time.Microsecond), Corrects: corrects}}
	read := func(ctx context.Context) error {
		if corrects != "" {
			if _, err := s.cfg.Reports.Report(ctx, corrects); err != nil {
				return err
			}
		}
		f, err := s.freeze(ctx, by, q, p.report)
		p.report.Frozen = f
		return err
	}
	if s.cfg.Snapshot != nil {
		if err := s.cfg.Snapshot(ctx, read); err != nil {
			return nil, err
		}
	} else if err := read(ctx); err != nil {
		return nil, err
	}
	return p, p.report.sign(s.cfg.ReportKey)
}

// sign fills in the content, its hash and its signature.
func (r *Report) sign(key ed25519.PrivateKey) (err error) {
	if r.Content, err = json.Marshal(r.Frozen); err != nil {
		return fmt.Errorf("report %s: %w", r.ID, err)
	}
	sum := sha256.Sum256(r.Content)
	r.Hash = hex.EncodeToString(sum[:])
	r.Signature = ed25519.Sign(key, r.Content)
	r.PublicKey = key.Public().(ed25519.PublicKey)
	return nil
}

// PreparedReport is a report that is computed and signed, and not stored yet.
type PreparedReport struct {
	service *Service
	by      people.Person
	report  Report
}

// Commit stores the report. It may be called in a transaction.
func (p *PreparedReport) Commit(ctx context.Context) (Report, error) {
	s, r := p.service, p.report
	err := s.cfg.Atomic.Atomically(ctx, func(ctx context.Context) error {
		if err := s.cfg.Reports.AddReport(ctx, r); err != nil {
			return fmt.Errorf("report %s: %w", r.ID, err)
		}
		return s.cfg.Audit.Append(ctx, audit.Entry{ID: s.cfg.NewID(), At: s.cfg.Now(), Actor: p.by.ID,
			Action: string(people.MakeReport), Subject: "report:" + r.ID, Detail: r.Hash})
	})
	return r, err
}

// Discard does nothing: an uncommitted report is nowhere.
func (*PreparedReport) Discard(context.Context) error { return nil }

// freeze reads the content of a report.
func (s *Service) freeze(ctx context.Context, by people.Person, q Query, r Report) (Frozen, error) {
	rows, total, err := s.TableAndTotal(ctx, by, q)
	if err != nil {
		return Frozen{}, err
	}
	scope := s.scope(q)
	f := Frozen{
		ID: r.ID, From: scope.From, To: scope.To, By: cmp.Or(q.By, ByLesson), Subject: q.Subject, Grade: q.Grade,
		School: q.School, Area: q.Area,
		Lesson: q.Lesson, Channel: q.Channel, Rules: append(playback.Rules(), television.CheckInRule,
			disclosure.SmallRule), AsOf: r.MadeAt, Corrects: r.Corrects,
		Provisional: s.provisional(q.To), Rows: []FrozenRow{}, Missing: []string{},
	}
	left, err := s.cfg.Reader.Exclusions(ctx, scope)
	f.LeftOut = byReason(left)
	if err != nil {
		return f, fmt.Errorf("excluded sessions: %w", err)
	}
	f.Total = frozen(total)
	for _, x := range rows {
		f.Rows = append(f.Rows, frozen(x))
	}
	if f.Total.AiringsNoData > 0 {
		f.Missing = append(f.Missing, AiringWithoutFigures)
	}
	if f.Total.AiringsPlanned > 0 {
		f.Missing = append(f.Missing, AiringWithoutAsRun)
	}
	return f, nil
}

// provisional reports whether offline views of a period may still arrive.
func (s *Service) provisional(to time.Time) bool {
	return to.IsZero() || s.cfg.Now().Before(s.midnight(to).AddDate(0, 0, playback.GrantDays))
}

func frozen(r Row) FrozenRow {
	f := FrozenRow{
		Key: r.Key, Label: r.Label, Parent: r.Parent, Depth: r.Depth, Hidden: r.Mark, Views: r.WebViews,
		Viewers: r.WebViewers, WatchSeconds: r.WatchSeconds, Completions: r.Completions,
		OfflineViews: r.OfflineViews, Airings: r.Airings, AiringsNoData: r.AiringsNoData,
		AiringsPlanned: r.AiringsPlanned,
		Television:     []FrozenLine{},
	}
	for _, h := range r.Contacts {
		f.Television = append(f.Television, FrozenLine(h))
	}
	return f
}

// ReportByID reads a report. If its content is not what was signed:
// fault.Internal "report.tampered".
func (s *Service) ReportByID(ctx context.Context, by people.Person, id string) (Report, error) {
	if !people.May(by, people.MakeReport, people.Object{}) {
		return Report{}, denied()
	}
	r, err := s.cfg.Reports.Report(ctx, id)
	if err != nil {
		return r, err
	}
	if !r.Intact() {
		return r, fault.New(fault.Internal, "report.tampered", "report", id)
	}
	if err := json.Unmarshal(r.Content, &r.Frozen); err != nil {
		return r, fmt.Errorf("report %s: %w", id, err)
	}
	return r, nil
}

// Intact reports whether the content is what was hashed and signed.
func (r Report) Intact() bool {
	sum := sha256.Sum256(r.Content)
	return r.Hash == hex.EncodeToString(sum[:]) && len(r.PublicKey) == ed25519.PublicKeySize &&
		ed25519.Verify(r.PublicKey, r.Content, r.Signature)
}

// ReportList lists reports, newest first.
func (s *Service) ReportList(ctx context.Context, by people.Person) ([]Report, error) {
	if !people.May(by, people.MakeReport, people.Object{}) {
		return nil, denied()
	}
	list, err := s.cfg.Reports.Reports(ctx, 200)
	if err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	return list, nil
}

// sealed is a report as a file: everything needed to verify it, and nothing
// beside the signed content and its signature.
type sealed struct {
	ID        string `json:"id"`
	Hash      string `json:"hash"`
	Signed    []byte `json:"signed"` // base64 of the bytes that were signed
	Signature []byte `json:"signature"`
	PublicKey []byte `json:"publicKey"`
}

// Sealed is the report as a file for OpenSealed, which also reads the API's
// answer.
func (r Report) Sealed() ([]byte, error) {
	raw, err := json.Marshal(sealed{r.ID, r.Hash, r.Content, r.Signature, r.PublicKey})
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", r.ID, err)
	}
	return raw, nil
}

// OpenSealed reads a report's file and checks hash and signature against the
// key in the file. The caller must compare that key with the installation's own.
// Faults: fault.Malformed "report.unreadable", fault.Invalid "report.tampered".
func OpenSealed(raw []byte) (Report, error) {
	var x sealed
	if err := json.Unmarshal(raw, &x); err != nil || len(x.Signed) == 0 {
		return Report{}, fault.Wrap(err, fault.Malformed, "report.unreadable")
	}
	r := Report{Content: x.Signed, Hash: x.Hash, Signature: x.Signature, PublicKey: x.PublicKey}
	if !r.Intact() {
		return r, fault.New(fault.Invalid, "report.tampered", "report", x.ID)
	}
	if err := json.Unmarshal(r.Content, &r.Frozen); err != nil {
		return r, fault.Wrap(err, fault.Malformed, "report.unreadable")
	}
	r.ID, r.MadeAt, r.Corrects = r.Frozen.ID, r.Frozen.AsOf, r.Frozen.Corrects
	return r, nil
}

// ReportPublicKey is the public half of the key that signs reports.
func (s *Service) ReportPublicKey() []byte { return s.cfg.ReportKey.Public().(ed25519.PublicKey) }
