package department

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/people"
	"lenlop/services/viewership/delivery"
	"lenlop/web/page"
)

// Served compares the media that went out with the seconds that were watched
// (delivery.Service).
type Served interface {
	Reconcile(ctx context.Context, by people.Person, q delivery.Query) ([]delivery.Gap, error)
	ImportServed(ctx context.Context, by people.Person, filename string, file io.Reader) (delivery.ServedLog, error)
	ServedLogs(ctx context.Context, by people.Person) ([]delivery.ServedLog, error)
}

// usualSpan is how many days are compared unless asked otherwise.
const usualSpan = 14

// maxGaps is how many rows are shown; the totals are of all.
const maxGaps = 300

// reconciliation is the page of what was served beside what was watched.
type reconciliation struct {
	From, To time.Time // To is the last day
	By       string
	Gaps     []delivery.Gap
	More     int // rows that are not shown
	Total    delivery.Gap
	Lessons  map[string]lesson.Lesson
	Logs     []delivery.ServedLog
	Form     page.Form
	Done     string
}

// label of a row: a lesson's title, or a day.
func (v reconciliation) label(g delivery.Gap) string {
	if v.By == delivery.ByLesson {
		return v.Lessons[g.Key].Title
	}
	if d, err := time.Parse(dayLayout, g.Key); err == nil {
		return d.Format("02/01/2006")
	}
	return g.Key
}

func (r Handler) reconciliation(c echo.Context) error {
	return r.showReconciliation(c, http.StatusOK, reconciliation{Done: page.DoneOf(c)})
}

func (r Handler) showReconciliation(c echo.Context, status int, v reconciliation) error {
	ctx, by := c.Request().Context(), page.Who(c)
	y, m, d := r.Now().In(r.Zone).Date()
	v.To = time.Date(y, m, d, 0, 0, 0, 0, r.Zone)
	if t, err := time.ParseInLocation(dayLayout, c.QueryParam("to"), r.Zone); err == nil {
		v.To = t
	}
	v.From = v.To.AddDate(0, 0, 1-usualSpan)
	if t, err := time.ParseInLocation(dayLayout, c.QueryParam("from"), r.Zone); err == nil && !t.After(v.To) {
		v.From = t
	}
	if v.By = delivery.ByDay; c.QueryParam("by") == delivery.ByLesson {
		v.By = delivery.ByLesson
	}
	var err error
	if v.Gaps, err = r.Served.Reconcile(ctx, by,
		delivery.Query{By: v.By, From: v.From, To: v.To.AddDate(0, 0, 1)}); err != nil {
		return err
	}
	for _, g := range v.Gaps {
		v.Total.ServedSeconds += g.ServedSeconds
		v.Total.ServedBytes += g.ServedBytes
		v.Total.WatchedSeconds += g.WatchedSeconds
		v.Total.GapSeconds += g.GapSeconds
	}
	if n := len(v.Gaps); n > maxGaps {
		v.Gaps, v.More = v.Gaps[:maxGaps], n-maxGaps
	}
	v.Lessons = map[string]lesson.Lesson{}
	for _, g := range v.Gaps {
		if v.By != delivery.ByLesson {
			break
		}
		l, err := r.Lessons.Read(ctx, by, g.Key)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		v.Lessons[g.Key] = l
	}
	if v.Logs, err = r.Served.ServedLogs(ctx, by); err != nil {
		return err
	}
	return page.Render(c, status, reconciliationPage(v))
}

// takeLog counts an access log while it arrives: it may be too large to keep.
func (r Handler) takeLog(c echo.Context) error {
	err := r.countLog(c)
	switch k := fault.KindOf(err); {
	case err == nil:
		return c.Redirect(http.StatusSeeOther, "/department/reconciliation?done=counted")
	case k == fault.Invalid || k == fault.Conflict:
		return r.showReconciliation(c, page.Status(err), reconciliation{Form: page.Form{Err: err}})
	}
	return err
}

func (r Handler) countLog(c echo.Context) error {
	parts, err := c.Request().MultipartReader()
	if err != nil {
		return fault.Wrap(err, fault.Malformed, "request.malformed")
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return fault.Form("request.invalid", fault.Wrong("file", "field.no_file"))
		}
		if err != nil {
			return fault.Wrap(err, fault.Malformed, "request.malformed")
		}
		if part.FormName() == "file" && part.FileName() != "" {
			_, err = r.Served.ImportServed(c.Request().Context(), page.Who(c), part.FileName(), part)
			return err
		}
	}
}

// gapShare is the gap as a part of what was served, in words of the page.
func gapShare(g delivery.Gap) string {
	if g.ServedSeconds <= 0 {
		return "–"
	}
	return strconv.FormatFloat(100*g.GapSeconds/g.ServedSeconds, 'f', 0, 64) + " %"
}
