package admin

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/webhook"
	"lenlop/web/page"
)

// Hooks is the page of the systems that are told what happens here.
type Hooks struct{ Service *webhook.Service }

// Routes of the page.
func (r Hooks) Routes() []page.Route {
	return []page.Route{
		{Method: http.MethodGet, Path: "/admin/webhooks", Action: people.ManageHooks, Scope: page.Site, Handle: r.show},
		{Method: http.MethodPost, Path: "/admin/webhooks", Action: people.ManageHooks, Scope: page.Site,
			Handle: r.save},
		{Method: http.MethodPost, Path: "/admin/webhooks/:webhook/end", Action: people.ManageHooks, Scope: page.Site,
			Handle: r.end},
	}
}

type hooksView struct {
	Hooks  []webhook.Hook
	Last   map[string][]webhook.Delivery
	Form   page.Form
	Chosen []string
	Made   webhook.Hook // with its secret, shown once
	Done   string
}

func (r Hooks) show(c echo.Context) error {
	return r.render(c, http.StatusOK,
		hooksView{Done: page.DoneOf(c), Chosen: []string{"notice.published", "notice.withdrawn"}})
}

func (r Hooks) render(c echo.Context, status int, v hooksView) error {
	var err error
	if v.Hooks, v.Last, err = r.Service.List(c.Request().Context(), page.Who(c)); err != nil {
		return err
	}
	return page.Render(c, status, hooks(v))
}

func (r Hooks) save(c echo.Context) error {
	f := page.FormOf(c, "name", "url")
	form, err := c.FormParams()
	if err != nil {
		return fault.Wrap(err, fault.Malformed, "request.malformed")
	}
	h, err := r.Service.Save(c.Request().Context(), page.Who(c),
		webhook.Hook{Name: f.Values["name"], URL: f.Values["url"], Events: form["event"]})
	if fault.KindOf(err) == fault.Invalid {
		f.Err = err
		return r.render(c, page.Status(err), hooksView{Form: f, Chosen: form["event"]})
	}
	if err != nil {
		return err
	}
	// Not a redirect: the secret is shown this once.
	return r.render(c, http.StatusCreated, hooksView{Made: h})
}

func (r Hooks) end(c echo.Context) error {
	if err := r.Service.End(c.Request().Context(), page.Who(c), c.Param("webhook")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/webhooks?done=saved")
}
