//go:build long

package external

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lenlop/cmd/lenlop/app"
	"lenlop/infra/s3"
	"lenlop/infra/sqldb/viewstore"
	"lenlop/services/backup"
	"lenlop/services/viewership"
	"lenlop/services/viewership/playback"
)

// trouble is something that happens to a province, and its end; how long is from
// 0 to 1.
type trouble struct {
	name string
	do   func(p *province, which int, long float64)
}

// between is a time from least to most.
func between(least, most time.Duration, long float64) time.Duration {
	return least + time.Duration(long*float64(most-least))
}

// troubles are all that may happen. Each ends what it began, so that they can be
// mixed in any order.
var troubles = []trouble{
	{"web killed", func(p *province, which int, long float64) {
		i := which % len(p.webs)
		p.killWeb(i)
		time.Sleep(between(100*time.Millisecond, 2*time.Second, long))
		p.startWeb(i)
	}},
	{"worker killed", func(p *province, which int, long float64) {
		w := p.workers[which%len(p.workers)]
		w.Kill()
		time.Sleep(between(100*time.Millisecond, 2*time.Second, long))
		p.startWorker(w)
	}},
	{"storage killed", func(p *province, _ int, long float64) {
		p.storage.Kill()
		time.Sleep(between(100*time.Millisecond, 2*time.Second, long))
		p.startStorage()
	}},
	{"PostgreSQL killed", func(p *province, _ int, long float64) {
		p.pg.Kill()
		time.Sleep(between(0, 2*time.Second, long))
		if err := p.pg.Start(); err != nil {
			p.t.Error(err)
		}
	}},
	{"PostgreSQL restarted", func(p *province, _ int, long float64) {
		p.pg.Stop()
		time.Sleep(between(0, 4*time.Second, long))
		if err := p.pg.Start(); err != nil {
			p.t.Error(err)
		}
	}},
	{"session of PostgreSQL killed", func(p *province, _ int, _ float64) {
		if _, err := p.pg.KillBackend(p.t.Context(), provinceDatabase); err != nil &&
			!strings.Contains(err.Error(), "no such process") {
			p.t.Logf("nothing to kill: %v", err)
		}
	}},
	{"database cut off", func(p *province, _ int, long float64) {
		p.database.proxy.Stop()
		time.Sleep(between(500*time.Millisecond, 6*time.Second, long))
		p.database.well()
	}},
	{"storage answers 500", func(p *province, _ int, long float64) {
		p.moods.before.Store(300)
		p.moods.after.Store(150)
		time.Sleep(between(time.Second, 6*time.Second, long))
		p.moods.before.Store(0)
		p.moods.after.Store(0)
	}},
	{"storage slow", func(p *province, _ int, long float64) {
		p.media.spoil("latency", 1, `{"latency":250,"jitter":200}`)
		time.Sleep(between(time.Second, 6*time.Second, long))
		p.media.well()
	}},
	{"storage cuts replies", func(p *province, _ int, long float64) {
		p.media.spoil("limit_data", 0.7, `{"bytes":30000}`)
		time.Sleep(between(time.Second, 6*time.Second, long))
		p.media.well()
	}},
	{"Meilisearch away", func(p *province, _ int, long float64) {
		p.finding.proxy.Stop()
		time.Sleep(between(time.Second, 8*time.Second, long))
		p.finding.well()
	}},
	{"worker stopped and going on", func(p *province, which int, long float64) {
		w := p.workers[which%len(p.workers)]
		if w.Signal(syscall.SIGSTOP) == nil {
			time.Sleep(between(time.Second, shortLease+4*time.Second, long))
			_ = w.Signal(syscall.SIGCONT) // it may have been killed
		}
	}},
}

// shortLease is the least that --lease takes: tests need not wait longer.
const shortLease = app.MinLease

// round is load and trouble together, then peace, and a look at everything.
func (p *province) round(l *load, lasting time.Duration, uploaders, viewers int, trouble func(ctx context.Context)) {
	p.t.Helper()
	ctx, done := context.WithTimeout(p.t.Context(), lasting)
	defer done()
	until, end := context.WithTimeout(p.t.Context(), lasting+giveUp)
	defer end()
	var people sync.WaitGroup
	people.Go(func() { l.run(ctx, until, uploaders, viewers) })
	trouble(ctx)
	<-ctx.Done()
	p.revive()
	people.Wait()
	l.last(until)
	p.settle(4 * time.Minute)
	l.holds()
	p.whole()
	p.t.Logf("%d uploads, %d viewers; %d requests, %d of them tried again", len(l.uploads), len(l.players),
		l.asked.Load(), l.unheard.Load())
}

// holds compares what people were told with what there is, past all services:
// nothing lost, nothing doubled.
func (l *load) holds() {
	t, p := l.t, l.p
	t.Helper()
	store, err := s3.New(t.Context(), s3.Config{Endpoint: p.endpoint, Bucket: "lenlop", PathStyle: true,
		AccessKey: "examaccess", SecretKey: "examsecret"})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range l.uploads {
		if !s.received {
			continue
		}
		rs, err := p.db.Lessons().Recordings(t.Context(), s.lesson)
		if err != nil || len(rs) != 1 {
			t.Errorf("upload %d: %d recordings of lesson %s, %v", i, len(rs), s.lesson, err)
			continue
		}
		sum, _, err := backup.Sum(t.Context(), store, rs[0].Key)
		if err != nil || sum != s.sum || rs[0].SHA256 != s.sum {
			t.Errorf("I1: upload %d was acknowledged as %s, storage has %s, the database %s: %v", i, s.sum, sum,
				rs[0].SHA256, err)
		}
		x, err := p.db.Lessons().Lesson(t.Context(), s.lesson)
		if err != nil || x.Media.State != "ready" {
			t.Errorf("I2: lesson %s is %s (%s): %v", s.lesson, x.Media.State, x.Media.FailureCode, err)
		}
	}
	// Every draft was asked for until it was acknowledged, under one key.
	if n := p.one("SELECT COUNT(*) FROM lessons WHERE title LIKE 'Bài tải lên %'"); n != int64(len(l.uploads)) {
		t.Errorf("%d lessons for %d drafts", n, len(l.uploads))
	}
	for what, query := range map[string]string{
		"task done twice":         "SELECT COUNT(*) FROM (SELECT 1 FROM jobs WHERE kind = 'transcode' AND state = 'done' GROUP BY args HAVING COUNT(*) > 1) AS x",
		"job parked":              "SELECT COUNT(*) FROM jobs WHERE state = 'parked'",
		"second package":          "SELECT COUNT(*) FROM (SELECT 1 FROM packages WHERE state = 'verified' AND retired_at IS NULL GROUP BY lesson_id HAVING COUNT(*) > 1) AS x",
		"recording without a sum": "SELECT COUNT(*) FROM recordings WHERE sha256 = '' AND gone_at IS NULL",
	} {
		if n := p.one(query); n != 0 {
			t.Errorf("%s: %d", what, n)
		}
	}
	l.counted()
}

// counted holds views and seconds against what was acknowledged (I4).
func (l *load) counted() {
	l.t.Helper()
	var views, viewers, watch int64
	for _, v := range l.players {
		if v.acked == 0 {
			continue
		}
		viewers++
		watch += int64(v.acked) * 1000
		if playback.Viewed(int64(v.acked)*1000, int64(l.watched.Duration*1000)) {
			views++
		}
	}
	rows, _, err := viewstore.NewViews(l.p.db).Grouped(l.t.Context(), viewership.ByLesson,
		playback.Scope{Lesson: l.watched.ID})
	if err != nil || len(rows) != 1 {
		l.t.Fatalf("figures: %+v %v", rows, err)
	}
	if g := rows[0]; g.Views != views || g.Watch != watch {
		l.t.Errorf("I4: %d views and %d ms counted, %d views and %d ms acknowledged of %d viewers", g.Views, g.Watch,
			views, watch, viewers)
	}
}

// TestScaleFaults is the short round: everything is killed once, in one order.
func TestScaleFaults(t *testing.T) {
	p := startProvince(t, provinceOptions{webs: 2, workers: 3, common: []string{"--lease", fmt.Sprint(shortLease)}})
	l := newLoad(t, p)
	p.round(l, 8*time.Second, 1, 3, func(ctx context.Context) {
		for i, name := range []string{"worker killed", "web killed", "PostgreSQL killed", "storage killed",
			"Meilisearch away", "storage answers 500"} {
			for _, x := range troubles {
				if x.name == name {
					x.do(p, i, 0.1)
				}
			}
		}
	})
}
