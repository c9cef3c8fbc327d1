package viewership

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"lenlop/services/fault"
	"lenlop/services/media"
	"lenlop/services/viewership/playback"
)

// TestReport: what was shown is frozen, hashed and signed, and reads the same
// when the figures have changed.
func TestReport(t *testing.T) {
	m, s := busy(t)
	m.exclusions = []playback.ExclusionTotal{{LessonID: "l1", Reason: playback.Robot, Sessions: 3}}
	m.now = m.now.Add(1500 * time.Nanosecond)
	q := Query{From: at(13), To: at(15), By: BySchool, Subject: "toan", Area: "P"}
	r, err := s.MakeReport(t.Context(), reviewer, q, "")
	if err != nil {
		t.Fatal(err)
	}
	f := r.Frozen
	if f.ID != r.ID || f.From != "2020-04-13" || f.To != "2020-04-15" || f.By != BySchool || f.Subject != "toan" ||
		f.Area != "P" || !f.Provisional || f.LeftOut[playback.Robot] != 3 || r.MadeBy != "so" ||
		r.MadeAt != m.now.UTC().Truncate(time.Microsecond) || f.AsOf != r.MadeAt || r.Corrects != "" {
		t.Errorf("%+v", f)
	}
	rules := "[web-credit/1 web-view/1 watch-time/1 completion/1 web-flag/1 offline/1 check-in/1 small-numbers/2]"
	if fmt.Sprint(f.Rules) != rules {
		t.Errorf("%v", f.Rules)
	}
	if len(f.Rows) != 2 || f.Rows[0].Key != "s3" || f.Rows[0].Views != 9 || f.Rows[0].Viewers != 8 ||
		f.Rows[0].WatchSeconds != 540 || f.Rows[0].Completions != 9 || f.Rows[0].Airings != 1 ||
		len(f.Rows[0].Television) != 1 ||
		f.Rows[0].Television[0].Value != 100 || f.Total.Views != 15 || f.Total.AiringsNoData != 1 {
		t.Errorf("%+v", f.Rows)
	}
	if fmt.Sprint(f.Missing) != "[airing_without_figures]" {
		t.Errorf("%v", f.Missing)
	}
	if len(m.audit) != 1 || m.audit[0].Subject != "report:"+r.ID || m.audit[0].Detail != r.Hash {
		t.Errorf("%+v", m.audit)
	}
	m.watched("l1", 13, viewers("p:new", 9)...)
	got, err := s.ReportByID(t.Context(), admin, r.ID)
	if err != nil || got.Frozen.Total.Views != 15 || got.Hash != r.Hash || !got.Intact() {
		t.Errorf("%+v, %v", got.Frozen.Total, err)
	}
	if !ed25519.Verify(s.ReportPublicKey(), got.Content, got.Signature) {
		t.Error("it is not signed with the installation's key")
	}
	second, err := s.MakeReport(t.Context(), reviewer, q, r.ID)
	if err != nil || second.Corrects != r.ID || second.Frozen.Corrects != r.ID ||
		second.Frozen.Total.Views != 24 || second.ID == r.ID {
		t.Errorf("a correction: %+v, %v", second, err)
	}
	list, err := s.ReportList(t.Context(), reviewer)
	if err != nil || len(list) != 2 {
		t.Errorf("%d, %v", len(list), err)
	}
	m.aired("late", "l1", 14, "planned")
	if r, err = s.MakeReport(t.Context(), reviewer, q, ""); err != nil ||
		fmt.Sprint(r.Frozen.Missing) != "[airing_without_figures airing_without_as_run]" {
		t.Errorf("%v, %v", r.Frozen.Missing, err)
	}
}

// TestReportProvisional: final 30 days after the period's end, when no offline
// view can arrive any more.
func TestReportProvisional(t *testing.T) {
	m, s := newService(t)
	for _, x := range []struct {
		to   time.Time
		now  time.Time
		want bool
	}{
		{time.Time{}, at(20).AddDate(9, 0, 0), true},
		{at(1), at(1).AddDate(0, 0, 30).Add(-1), true}, {at(1), at(1).AddDate(0, 0, 30), false},
		{at(1).Add(5 * time.Hour), at(1).AddDate(0, 0, 30), false},
	} {
		m.now = x.now
		if got := s.provisional(x.to); got != x.want {
			t.Errorf("to %v at %v: %t", x.to, x.now, got)
		}
	}
}

func TestReportFaults(t *testing.T) {
	m, s := busy(t)
	for name, by := range outsiders() {
		if _, err := s.MakeReport(t.Context(), by, Query{}, ""); code(err) != "access.denied" {
			t.Errorf("%s makes: %v", name, err)
		}
		if _, err := s.ReportByID(t.Context(), by, "x"); code(err) != "access.denied" {
			t.Errorf("%s reads: %v", name, err)
		}
		if _, err := s.ReportList(t.Context(), by); code(err) != "access.denied" {
			t.Errorf("%s lists: %v", name, err)
		}
	}
	for want, f := range map[string]func() (Report, error){
		"report.not_found": func() (Report, error) { return s.MakeReport(t.Context(), reviewer, Query{}, "x") },
		"viewership.unknown_group": func() (Report, error) {
			return s.MakeReport(t.Context(), reviewer, Query{By: "x"}, "")
		},
		"viewership.bad_period": func() (Report, error) {
			return s.MakeReport(t.Context(), reviewer, Query{From: at(2), To: at(2)}, "")
		},
	} {
		if _, err := f(); code(err) != want || len(m.reports) != 0 {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := s.ReportByID(t.Context(), reviewer, "x"); code(err) != "report.not_found" {
		t.Errorf("%v", err)
	}
	for _, method := range []string{"Exclusions", "Grouped", "AddReport", "Append"} {
		m.fail = map[string]error{method: errStore}
		if _, err := s.MakeReport(t.Context(), reviewer, Query{}, ""); !errors.Is(err, errStore) ||
			len(m.reports) != 0 {
			t.Errorf("%s fails: %v", method, err)
		}
	}
	m.fail = map[string]error{"Reports": errStore}
	if _, err := s.ReportList(t.Context(), reviewer); !errors.Is(err, errStore) {
		t.Errorf("%v", err)
	}
}

// TestReportTampered: a change of any part is found, stored or in a file.
func TestReportTampered(t *testing.T) {
	for name, change := range map[string]func(*Report){
		"content": func(r *Report) {
			r.Content = []byte(
				strings.Replace(string(r.Content), `"views":15`, `"views":16`, 1))
		},
		"content and hash": func(r *Report) {
			r.Frozen.Total.Views++
			if err := r.sign(ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", ed25519.SeedSize)))); err != nil {
				t.Fatal(err)
			}
			r.PublicKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey)
		},
		"hash":      func(r *Report) { r.Hash = strings.Repeat("0", 64) },
		"signature": func(r *Report) { r.Signature = make([]byte, ed25519.SignatureSize) },
		"key":       func(r *Report) { r.PublicKey = make([]byte, ed25519.PublicKeySize) },
		"short key": func(r *Report) { r.PublicKey = r.PublicKey[:5] },
	} {
		m, s := busy(t)
		r, err := s.MakeReport(t.Context(), reviewer, Query{Subject: "toan"}, "")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(r.Content), `"views":15`) {
			t.Fatalf("%s", r.Content)
		}
		change(&r)
		m.reports[0] = r
		_, err = s.ReportByID(t.Context(), reviewer, r.ID)
		if code(err) != "report.tampered" || fault.KindOf(err) != fault.Internal {
			t.Errorf("%s: %v", name, err)
		}
		file, err := r.Sealed()
		if err != nil {
			t.Fatal(err)
		}
		if _, err = OpenSealed(file); code(err) != "report.tampered" || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s, from a file: %v", name, err)
		}
	}
}

func TestReportSealed(t *testing.T) {
	_, s := busy(t)
	r, err := s.MakeReport(t.Context(), reviewer, Query{}, "")
	if err != nil {
		t.Fatal(err)
	}
	file, err := r.Sealed()
	if err != nil {
		t.Fatal(err)
	}
	got, err := OpenSealed(file)
	if err != nil || got.ID != r.ID || !got.MadeAt.Equal(r.MadeAt) || got.Frozen.Total.Views != 25 ||
		got.Hash != r.Hash {
		t.Errorf("%+v, %v", got, err)
	}
	for name, text := range map[string]string{"nothing": "", "no JSON": "x", "no content": `{"id":"x"}`} {
		if _, err := OpenSealed([]byte(text)); code(err) != "report.unreadable" ||
			fault.KindOf(err) != fault.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Signed, but no report.
	raw, err := json.Marshal("a text")
	if err != nil {
		t.Fatal(err)
	}
	m, s := busy(t)
	if r, err = s.MakeReport(t.Context(), reviewer, Query{}, ""); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	r.Content, r.Signature, r.Hash = raw, ed25519.Sign(s.cfg.ReportKey, raw), hex.EncodeToString(sum[:])
	if file, err = r.Sealed(); err != nil {
		t.Fatal(err)
	}
	if _, err = OpenSealed(file); code(err) != "report.unreadable" {
		t.Errorf("%v", err)
	}
	m.reports[0] = r
	if _, err = s.ReportByID(t.Context(), reviewer, r.ID); err == nil || !strings.Contains(err.Error(), r.ID) {
		t.Errorf("%v", err)
	}
}

// TestReportPrepared: the figures are of one moment, and what is not committed is
// nowhere; repeating it makes the same report.
func TestReportPrepared(t *testing.T) {
	type snapshot struct{}
	var inside int
	m, s := newService(t)
	s.cfg.Snapshot = func(ctx context.Context, fn func(context.Context) error) error {
		inside++
		return fn(context.WithValue(ctx, snapshot{}, true))
	}
	names := media.NewNames(strings.Repeat("s", 26), m.now, false)
	p, err := s.PrepareReport(t.Context(), reviewer, Query{}, "", names)
	if err != nil || inside != 1 || len(m.reports)+len(m.audit) != 0 {
		t.Fatalf("%v, %d snapshots", err, inside)
	}
	if err := p.Discard(t.Context()); err != nil {
		t.Error(err)
	}
	again, err := s.PrepareReport(t.Context(), reviewer, Query{}, "", names)
	if err != nil || again.report.ID != p.report.ID || again.report.Hash != p.report.Hash {
		t.Errorf("%+v, %v", again, err)
	}
	r, err := again.Commit(t.Context())
	if err != nil || len(m.reports) != 1 || r.ID != p.report.ID {
		t.Errorf("%+v, %v", r, err)
	}
	s.cfg.Snapshot = func(context.Context, func(context.Context) error) error { return errStore }
	if _, err = s.PrepareReport(t.Context(), reviewer, Query{}, "", names); !errors.Is(err, errStore) {
		t.Errorf("%v", err)
	}
}
