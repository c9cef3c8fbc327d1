package admin

import (
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/audit"
	"lenlop/web/locale"
	"lenlop/web/page"
)

// Entries shown on a page, and most in one exported file: beyond, the file is
// asked for by days.
const (
	auditPage   = 100
	auditExport = 100_000
)

// auditFields are the filters of the page.
var auditFields = []string{"subject", "actor", "action", "from", "to"}

// auditView is the log of who did what.
type auditView struct {
	Entries []audit.Entry
	Names   map[string]string // of actors, by id
	Form    page.Form
	Next    string
	Export  string
}

// auditFilter reads the filters; a day that cannot be read is left out.
func (r Handler) auditFilter(c echo.Context) (audit.Filter, page.Form) {
	f := page.Form{Values: map[string]string{}}
	for _, name := range auditFields {
		f.Values[name] = c.QueryParam(name)
	}
	day := func(name string, plus int) time.Time {
		t, err := time.ParseInLocation(time.DateOnly, f.Values[name], locale.From(c.Request().Context()).Zone)
		if err != nil {
			return time.Time{}
		}
		return t.AddDate(0, 0, plus)
	}
	before, err := strconv.ParseInt(c.QueryParam("before"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	return audit.Filter{Subject: f.Values["subject"], Actor: f.Values["actor"], Action: f.Values["action"],
		From: day("from", 0), To: day("to", 1), Before: before}, f
}

func (r Handler) audit(c echo.Context) error {
	ctx := c.Request().Context()
	filter, f := r.auditFilter(c)
	format, err := page.SheetFormat(c)
	if err != nil {
		return err
	}
	if format != "" {
		return r.exportAudit(c, filter, format)
	}
	v := auditView{Form: f, Names: map[string]string{}}
	if v.Entries, err = r.AuditLog.Entries(ctx, filter, auditPage+1); err != nil {
		return err
	}
	q := url.Values{}
	for _, name := range auditFields {
		if f.Values[name] != "" {
			q.Set(name, f.Values[name])
		}
	}
	if len(v.Entries) > auditPage {
		v.Entries = v.Entries[:auditPage]
		q.Set("before", strconv.FormatInt(v.Entries[auditPage-1].Number, 10))
		v.Next = "/admin/audit?" + q.Encode()
		q.Del("before")
	}
	q.Set("format", "csv")
	v.Export = "/admin/audit?" + q.Encode()
	for _, e := range v.Entries {
		if _, known := v.Names[e.Actor]; !known {
			p, err := r.People.Store.Person(ctx, e.Actor)
			if err != nil {
				p.Name = "" // gone, or the system itself
			}
			v.Names[e.Actor] = p.Name
		}
	}
	return page.Render(c, http.StatusOK, auditLogPage(v))
}

// exportAudit sends the filtered log as a file, page by page, newest first.
// The sheet's writer takes the danger out of cells that begin like formulas.
func (r Handler) exportAudit(c echo.Context, filter audit.Filter, format string) error {
	ctx := c.Request().Context()
	head := []any{"number", "at", "actor", "action", "subject", "detail", "before", "after", "place"}
	var failed error
	rows := func(yield func([]any) bool) {
		for sent := 0; sent < auditExport; {
			list, err := r.AuditLog.Entries(ctx, filter, 500)
			if err != nil || len(list) == 0 {
				failed = err
				return
			}
			for _, e := range list {
				if !yield([]any{e.Number, e.At.UTC().Format(time.RFC3339), e.Actor, e.Action, e.Subject, e.Detail,
					e.Before, e.After, e.Place}) {
					return
				}
			}
			filter.Before = list[len(list)-1].Number
			sent += len(list)
		}
	}
	err := page.SendSheet(c, r.Sheets, format, "lenlop-audit", "audit", head, iter.Seq[[]any](rows))
	if err == nil {
		err = failed
	}
	return err
}

// query escapes a value of an address.
func query(s string) string { return url.QueryEscape(s) }
