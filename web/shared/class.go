package shared

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/fault"
	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/web/page"
)

// classView is one class: its roster, and what one may do with it.
type classView struct {
	Class    school.Class
	School   string
	Names    map[string]string // of teachers by id
	Homeroom string            // username of the homeroom teacher
	Subjects map[string]string
	Roster   []school.Student
	Cards    map[string]time.Time // when each student's card was made
	Manage   bool                 // roster and cards
	Change   bool                 // the class itself
	Calls    bool                 // its roll, and whom no lesson reached
	Edit     page.Form
	New      page.Form
	Err      error
	Done     string
}

func (r Classes) class(c echo.Context) error {
	return r.showClass(c, http.StatusOK, classView{Done: page.DoneOf(c)})
}

func (r Classes) showClass(c echo.Context, status int, v classView) error {
	ctx, by := c.Request().Context(), page.Who(c)
	var err error
	if v.Class, err = r.Office.Class(ctx, by, people.ReadClass, c.Param("class")); err != nil {
		return err
	}
	o := v.Class.Object()
	v.Manage = people.May(by, people.ManageClass, o)
	v.Change = people.May(by, people.ManageClass, people.Object{School: o.School})
	v.Calls = people.May(by, people.RollCall, o)
	v.Names = map[string]string{}
	if err := r.name(c, v.Names, v.Class); err != nil {
		return err
	}
	v.School = v.Names[v.Class.SchoolID]
	if v.Homeroom, err = r.homeroom(ctx, v.Class); err != nil {
		return err
	}
	list, err := r.Office.Schools.Subjects(ctx)
	if err != nil {
		return err
	}
	v.Subjects = map[string]string{}
	for _, s := range list {
		v.Subjects[s.Code] = s.Name
	}
	today := r.Office.Today()
	if v.Roster, err = r.Office.Classes.Roster(ctx, v.Class.ID, today); err != nil {
		return err
	}
	if v.Cards, err = r.Office.Cards.CardsOf(ctx, v.Class.ID, today); err != nil {
		return err
	}
	return page.Render(c, status, classPage(v))
}

// homeroom is the username of the class's homeroom teacher, or "".
func (r Classes) homeroom(ctx context.Context, k school.Class) (string, error) {
	list := k.Object().Homeroom
	if len(list) == 0 {
		return "", nil
	}
	p, err := r.Office.People.Store.Person(ctx, list[0])
	return p.Username, err
}

// storedClass is a class as its form has it.
func storedClass(k school.Class, homeroom string) []page.Stored {
	return []page.Stored{page.Now("name", k.Name), page.Now("grade", classGrade(k)), page.Now("code", k.Code),
		page.Now("homeroom", homeroom)}
}

func (r Classes) change(c echo.Context) error {
	ctx, by := c.Request().Context(), page.Who(c)
	k, err := r.Office.Class(ctx, by, people.ManageClass, c.Param("class"))
	if err != nil {
		return err
	}
	f, err := page.SaveMerged(ctx, r.Office.Atomic, page.FormOf(c, classFields...),
		func(ctx context.Context) ([]page.Stored, error) {
			if k, err = r.Office.Classes.Class(ctx, k.ID); err != nil {
				return nil, err
			}
			username, err := r.homeroom(ctx, k)
			return storedClass(k, username), err
		},
		func(ctx context.Context, f page.Form) error {
			x, err := r.filled(ctx, f, k)
			if err == nil {
				_, err = r.Office.Save(ctx, by, x)
			}
			return err
		})
	if fault.KindOf(err) == fault.Invalid || page.Changed(err) {
		return r.showClass(c, page.Status(err), classView{Edit: f})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/classes/"+k.ID+"?done=class")
}

func (r Classes) enrol(c echo.Context) error {
	f := page.FormOf(c, "code", "name")
	err := r.Office.Enrol(c.Request().Context(), page.Who(c), c.Param("class"), f.Values["code"], f.Values["name"])
	if fault.KindOf(err) == fault.Invalid {
		f.Err = err
		return r.showClass(c, page.Status(err), classView{New: f})
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/classes/"+c.Param("class")+"?done=enrolled")
}

func (r Classes) leave(c echo.Context) error {
	if err := r.Office.Leave(c.Request().Context(), page.Who(c), c.Param("class"), c.Param("person")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/classes/"+c.Param("class")+"?done=left")
}

// cardSheet is the page of cards, which is shown once.
type cardSheet struct {
	Class   school.Class
	School  string
	Cards   []school.Card
	Address string // where students sign in, to be typed
	QR      string // picture of it, with the class code filled in
}

// cards makes codes and shows them on the answer itself: an address would keep
// them.
func (r Classes) cards(c echo.Context) error {
	params, err := c.FormParams()
	if err != nil {
		return fault.Wrap(err, fault.Malformed, "request.malformed")
	}
	chosen := params["student"]
	if len(chosen) == 0 && c.FormValue("all") == "" {
		err := fault.New(fault.Conflict, "card.nobody")
		return r.showClass(c, page.Status(err), classView{Err: err})
	}
	if c.FormValue("all") != "" {
		chosen = nil
	}
	k, cards, err := r.Office.MakeCards(c.Request().Context(), page.Who(c), c.Param("class"), chosen...)
	if fault.Is(err, "card.nobody") {
		return r.showClass(c, page.Status(err), classView{Err: err})
	}
	if err != nil {
		return err
	}
	names := map[string]string{}
	if err := r.name(c, names, k); err != nil {
		return err
	}
	v := cardSheet{Class: k, School: names[k.SchoolID], Cards: cards,
		Address: page.VisitOf(c.Request().Context()).Base + "/signin/card"}
	if v.QR, err = page.QR(v.Address + "?class=" + k.JoinCode); err != nil {
		return err
	}
	return page.Render(c, http.StatusOK, cardsPage(v))
}
