package shared

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/media"
	"lenlop/services/notice"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/services/worksheet"
	"lenlop/web/page"
)

// Notices is what the pages need.
type Notices struct {
	Notices *notice.Service
	People  people.Store
	Schools school.Store
	Classes school.Rosters
	Media   media.Store
	// Grade is what a visitor chose on the device; 0: nothing.
	Grade func(c echo.Context) int
	Zone  *time.Location
	Now   func() time.Time
}

// Routes of these pages.
func (r Notices) Routes() []page.Route {
	const one = "/notices/:notice"
	return []page.Route{
		{Method: http.MethodGet, Path: "/notices", Action: people.ReadPublic, Scope: page.Site, Handle: r.list},
		{Method: http.MethodGet, Path: "/notices/new", Action: people.WriteNotice, Scope: page.Handler,
			Handle: page.SignedIn(r.blank)},
		{Method: http.MethodPost, Path: "/notices/new", Action: people.WriteNotice, Scope: page.Handler,
			Handle: page.SignedIn(r.save)},
		{Method: http.MethodGet, Path: one, Action: people.ReadPublic, Scope: page.Object, Handle: r.show},
		{Method: http.MethodGet, Path: one + "/edit", Action: people.WriteNotice, Scope: page.Object,
			Handle: page.SignedIn(r.edit)},
		{Method: http.MethodPost, Path: one + "/edit", Action: people.WriteNotice, Scope: page.Object,
			Handle: page.SignedIn(r.save)},
		{Method: http.MethodPost, Path: one + "/withdraw", Action: people.WriteNotice, Scope: page.Object,
			Handle: page.SignedIn(r.withdraw)},
		{Method: http.MethodPost, Path: one + "/files", Action: people.WriteNotice, Scope: page.Object,
			Handle: page.SignedIn(r.attach),
			Body:   worksheet.MaxBytes + page.FormBytes},
		{Method: http.MethodGet, Path: one + "/files/:file", Action: people.ReadPublic, Scope: page.Object,
			Handle: r.file},
		{Method: http.MethodPost, Path: one + "/read", Action: people.ReadNotice, Scope: page.Object,
			Handle: page.SignedIn(r.read)},
		{Method: http.MethodGet, Path: one + "/readers", Action: people.WriteNotice, Scope: page.Object,
			Handle: page.SignedIn(r.readers)},
	}
}

// noticesAtOnce is how many notices a list holds.
const noticesAtOnce = 50

func (r Notices) reader(c echo.Context) (notice.Reader, error) {
	return r.Notices.Reader(c.Request().Context(), page.Who(c), r.Grade(c))
}

// office is whom a writer writes for: the province, or the school they lead.
func noticeOffice(p people.Person) (schoolID string, ok bool) {
	if people.May(p, people.WriteNotice, people.Object{}) {
		return "", true
	}
	at := p.SchoolAs(people.Head)
	return at, people.May(p, people.WriteNotice, people.Object{School: at})
}

type noticeListing struct {
	Notices []notice.Notice
	From    map[string]string // names of schools by id
	Write   bool
	Done    string
	Now     time.Time
}

func (r Notices) list(c echo.Context) error {
	ctx := c.Request().Context()
	reader, err := r.reader(c)
	if err != nil {
		return err
	}
	v := noticeListing{Done: page.DoneOf(c), Now: r.Now()}
	if _, v.Write = noticeOffice(reader.Person); v.Write {
		// Writers see what is planned and what was withdrawn, too.
		if v.Notices, err = r.Notices.Written(ctx, reader.Person, "", noticesAtOnce); err != nil {
			return err
		}
	} else if v.Notices, err = r.Notices.For(ctx, reader, noticesAtOnce); err != nil {
		return err
	}
	if v.From, err = r.names(ctx, v.Notices); err != nil {
		return err
	}
	return page.Render(c, http.StatusOK, noticeList(v))
}

// names gives the schools that notices come from.
func (r Notices) names(ctx context.Context, ns []notice.Notice) (map[string]string, error) {
	m := map[string]string{}
	for _, n := range ns {
		if n.SchoolID == "" || m[n.SchoolID] != "" {
			continue
		}
		s, err := r.Schools.School(ctx, n.SchoolID)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, err
		}
		m[n.SchoolID] = s.Name
	}
	return m, nil
}

type noticeView struct {
	Notice  notice.Notice
	HTML    string // made safe
	From    string
	Files   []notice.Attachment
	Write   bool
	Receipt bool // may say that it was read
	Done    string
	Form    page.Form
	Now     time.Time
}

func (r Notices) show(c echo.Context) error { return r.showWith(c, http.StatusOK, page.Form{}) }

func (r Notices) showWith(c echo.Context, status int, f page.Form) error {
	ctx := c.Request().Context()
	reader, err := r.reader(c)
	if err != nil {
		return err
	}
	v := noticeView{Done: page.DoneOf(c), Form: f, Now: r.Now()}
	if v.Notice, err = r.Notices.Get(ctx, reader, c.Param("notice")); err != nil {
		return err
	}
	if v.HTML, err = notice.HTML(v.Notice.Body); err != nil {
		return err
	}
	from, err := r.names(ctx, []notice.Notice{v.Notice})
	if err != nil {
		return err
	}
	v.From = from[v.Notice.SchoolID]
	if v.Files, err = r.Notices.Store.Attachments(ctx, v.Notice.ID); err != nil {
		return err
	}
	v.Write = people.May(reader.Person, people.WriteNotice, v.Notice.Object(r.Now()))
	if people.May(reader.Person, people.ReadNotice, people.Object{}) && !v.Write {
		receipts, err := r.Notices.Store.Receipts(ctx, v.Notice.ID)
		if err != nil {
			return err
		}
		v.Receipt = true
		for _, x := range receipts {
			v.Receipt = v.Receipt && x.PersonID != reader.Person.ID
		}
	}
	return page.Render(c, status, noticePage(v))
}

func (r Notices) read(c echo.Context) error {
	reader, err := r.reader(c)
	if err != nil {
		return err
	}
	if err := r.Notices.Read(c.Request().Context(), reader, c.Param("notice")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/notices/"+c.Param("notice")+"?done=receipt")
}

func (r Notices) readers(c echo.Context) error {
	ctx := c.Request().Context()
	reached, err := r.Notices.Readers(ctx, page.Who(c), c.Param("notice"))
	if err != nil {
		return err
	}
	n, err := r.Notices.Store.Notice(ctx, c.Param("notice"))
	if err != nil {
		return err
	}
	return page.Render(c, http.StatusOK, noticeReaders(n, reached))
}

func (r Notices) withdraw(c echo.Context) error {
	if _, err := r.Notices.Withdraw(c.Request().Context(), page.Who(c), c.Param("notice")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/notices?done=notice_withdrawn")
}

func (r Notices) attach(c echo.Context) error {
	name, data, err := page.File(c, "file", worksheet.MaxBytes)
	if err == nil {
		_, err = r.Notices.Attach(c.Request().Context(), page.Who(c), c.Param("notice"), name, data)
	}
	if e := fault.As(err); e != nil &&
		(e.Kind == fault.Invalid || e.Kind == fault.Conflict || e.Kind == fault.TooLarge) {
		return r.showWith(c, page.Status(err), page.Form{Err: err})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/notices/"+c.Param("notice")+"?done=saved")
}

func (r Notices) file(c echo.Context) error {
	reader, err := r.reader(c)
	if err != nil {
		return err
	}
	a, err := r.Notices.File(c.Request().Context(), reader, c.Param("notice"), c.Param("file"))
	if err != nil {
		return err
	}
	return page.Download(c, r.Media, page.Saved{Key: a.Key, Name: a.Name, Type: a.Type, Size: a.Size})
}

// number writes a grade for a form's value.
func decimal(n int) string { return strconv.Itoa(n) }
